# Copyright 2026 The launch_service_node Authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Remote processes that are started again: when, how often, and when no more."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import threading
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.remote_shell import shell, stop  # noqa: E402
from harness import alive, wait_until  # noqa: E402
from launch.actions import RegisterEventHandler, Shutdown  # noqa: E402
from launch.event_handlers import OnProcessExit, OnProcessIO  # noqa: E402
from launching import Launcher, machine_on, Told, when_it_says  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions import execute_remote_run, ExecuteRemote  # noqa: E402
from launch_service_node.machines import SSHMachine  # noqa: E402
from launch_service_node.ssh.command import Exit  # noqa: E402


def _parent_of(pid: int) -> int:
    return int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])


def test_respawn_until_the_retries_are_used_up(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo $$; exit 1', respawn=True, respawn_max_retries=2,
                   respawn_delay=0.05)
    told = Told(action)
    assert launcher.run(action, *told.hear()) == 0
    assert told.codes == [1, 1, 1]
    pids = [int(line) for line in told.stdout.split()]
    assert len(set(pids)) == 3
    assert [event.pid for event in told.all('start')] == pids
    assert [event.pid for event in told.all('exit')] == pids


def test_a_shutdown_ends_the_wait_for_a_respawn(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'exit 1', respawn=True, respawn_delay=1000.0)
    told = Told(action)
    launcher.run(action, *told.hear(), RegisterEventHandler(OnProcessExit(
        target_action=action, on_exit=[Shutdown()])))  # it is waiting by then
    assert told.codes == [1]


def test_who_was_stopped_is_not_respawned(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo ready; exec sleep 1000', respawn=True)
    told = Told(action)
    launcher.run(action, *told.hear(), when_it_says(action, b'ready', stop(action)))
    assert told.codes == [-signal.SIGINT]


def test_what_cannot_go_better_is_not_respawned(launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=['no such program'], machine=machine_on(robot), respawn=True)
    told = Told(action)
    assert launcher.run(action, *told.hear()) == 0
    assert told.codes == [255]


class EndlessLink:
    """Tells of a process that nothing ends: another user's, or stuck in the kernel."""

    starts = 0

    def __init__(self, _: Any, command: Any, loop: Any, listener: Any, *_more: Any) -> None:
        self.pid, self.listener = 7, listener
        self.outcome = Exit(None, None, (7,), 'asked')

    def take(self) -> None:
        return None

    def start(self) -> None:
        EndlessLink.starts += 1
        self.listener.started(self, self.pid)
        self.listener.over(self)


def test_who_has_not_ended_gets_no_second_beside_it(
        launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute_remote_run, 'Link', EndlessLink)
    monkeypatch.setattr(EndlessLink, 'starts', 0)
    action = ExecuteRemote(cmd=['x'], machine=SSHMachine('h'), respawn=True,
                           respawn_max_retries=1)
    told = Told(action)
    assert launcher.run(action, *told.hear()) == 0
    assert EndlessLink.starts == 1 and told.codes == [255]
    assert "has not ended there [pid 7, cmd 'x']" in launcher.log()
    assert 'has died' not in launcher.log() and 'was ended' not in launcher.log()


def test_a_lost_link_is_an_exit_and_respawn_connects_again(
        launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo $$; exec sleep 1000', respawn=True, respawn_max_retries=1)
    told = Told(action)

    def cut(event: Any) -> Any:
        if told.all('exit'):
            return Shutdown()
        pid = int(event.text)
        while not Path(f'/proc/{pid}/cmdline').read_bytes().startswith(b'sshd'):
            pid = _parent_of(pid)
        os.kill(pid, signal.SIGKILL)  # what serves this connection
        return None
    assert launcher.run(action, *told.hear(), RegisterEventHandler(OnProcessIO(
        target_action=action, on_stdout=cut))) == 0
    assert told.codes == [255, -signal.SIGINT]
    wait_until(lambda: not any(alive(event.pid) for event in told.all('start')))
    assert 'the connection to robot is lost' in launcher.log()


def test_respawn_holds_when_what_watches_it_on_the_machine_is_killed(
        launcher: Launcher, robot: Sshd) -> None:
    # As when memory runs out there.
    action = shell(robot, 'echo $$; exec sleep 1000', respawn=True, respawn_max_retries=1)
    told = Told(action)

    def kill(event: Any) -> Any:
        if told.all('exit'):
            return Shutdown()
        os.kill(_parent_of(int(event.text)), signal.SIGKILL)
        return None
    assert launcher.run(action, *told.hear(), RegisterEventHandler(OnProcessIO(
        target_action=action, on_stdout=kill))) == 0
    assert told.codes == [255, -signal.SIGINT]
    pids = [event.pid for event in told.all('start')]
    assert len(set(pids)) == 2
    wait_until(lambda: not any(map(alive, pids)))
    assert 'was killed (SIGKILL)' in launcher.log()


def test_a_watchdog_that_is_killed_during_the_set_up_is_tried_again(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    setup = tmp_path / 'setup.sh'
    # The watchdog is what runs this; only the first time.
    setup.write_text(f'mkdir {tmp_path}/once && kill -KILL $PPID && sleep 1000')
    action = shell(robot, 'echo here', respawn=True, respawn_max_retries=1,
                   machine=machine_on(robot, setup=[str(setup)]))
    told = Told(action)
    launcher.run(action, *told.hear(), RegisterEventHandler(OnProcessIO(
        target_action=action, on_stdout=lambda _: Shutdown())))
    assert told.codes[0] == 255 and told.stdout == b'here\n'


def test_a_respawn_that_is_out_of_threads_ends_and_says_so(
        launcher: Launcher, robot: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[str] = []
    start = threading.Thread.start

    def start_once(thread: threading.Thread) -> None:
        if thread.name == 'remote process':
            starts.append(thread.name)
            if len(starts) == 2:
                raise RuntimeError("can't start new thread")
        start(thread)
    monkeypatch.setattr(threading.Thread, 'start', start_once)
    action = shell(robot, 'exit 3', respawn=True)
    told = Told(action)
    assert launcher.run(action, *told.hear()) == 0
    assert told.codes == [3] and len(starts) == 2 and action.return_code == 3
    assert "is not started again: can't start new thread" in launcher.log()
