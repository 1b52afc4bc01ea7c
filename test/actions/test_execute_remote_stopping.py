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

"""Remote processes are signalled and stopped by events of launch, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path
import signal
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.remote_shell import shell, stop  # noqa: E402
from harness import alive, PATIENCE, wait_until  # noqa: E402
from launch import Event  # noqa: E402
from launch.actions import (  # noqa: E402
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessStart  # noqa: E402
from launch.events import Shutdown as ShutdownEvent  # noqa: E402
from launch.events.process import ProcessExited, ProcessStdout  # noqa: E402
from launching import Launcher, machine_on, send, Told, when_it_says  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions import execute_remote_run, ExecuteRemote  # noqa: E402
from launch_service_node.actions.execute_remote_events import Hearing, OutputHandled  # noqa: E402
from launch_service_node.machines import SSHMachine  # noqa: E402
from launch_service_node.ssh.command import Exit  # noqa: E402


def test_on_exit_shutdown_ends_the_launch_and_the_others(
        launcher: Launcher, robot: Sshd) -> None:
    other = shell(robot, 'echo ready; exec sleep 1000')
    told = Told(other)
    trigger = shell(robot, 'exit 0', on_exit=Shutdown())
    assert launcher.run(other, when_it_says(other, b'ready', trigger), *told.hear()) == 0
    assert told.codes == [-signal.SIGINT]


def test_signals_reach_it_by_the_stock_event(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'trap "echo usr1; exit 5" USR1; echo ready; '
                          'while :; do sleep 0.1; done')
    told = Told(action)
    launcher.run(action, *told.hear(),
                 when_it_says(action, b'ready', send(action, signal.SIGUSR1)))
    assert told.stdout == b'ready\nusr1\n' and told.codes == [5]
    assert "sending signal 'SIGUSR1' to process[it-" in launcher.log()


def test_sigkill_by_the_stock_event(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'trap "" INT TERM; echo ready; while :; do sleep 0.1; done')
    told = Told(action)
    launcher.run(action, *told.hear(), when_it_says(action, b'ready', send(action, 'SIGKILL')))
    assert told.codes == [-signal.SIGKILL]


def test_a_signal_that_comes_too_early_is_told_and_harms_nobody(
        launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo hi')
    told = Told(action)
    assert launcher.run(action, send(action, signal.SIGUSR1), *told.hear()) == 0
    assert told.codes == [0] and 'SIGUSR1 is not sent to process[it-' in launcher.log()


def test_shutdown_process_climbs_the_ladder_and_leaves_nothing(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    # Two below it: one in its group, one in a session of its own; all ignore SIGINT.
    (tmp_path / 'deaf').write_text('echo $$ >> pids; while :; do sleep 0.1; done')
    action = shell(robot, f'trap "" INT; sh {tmp_path}/deaf & setsid sh {tmp_path}/deaf & '
                          'echo $$ >> pids; until [ "$(wc -l < pids)" = 3 ]; do sleep 0.05; done; '
                          'echo ready; while :; do sleep 0.1; done', cwd=str(tmp_path),
                   sigterm_timeout='0.3', sigkill_timeout=PATIENCE)
    told = Told(action)
    launcher.run(action, *told.hear(), when_it_says(action, b'ready', stop(action)))
    assert told.codes == [-signal.SIGTERM]
    pids = [int(line) for line in (tmp_path / 'pids').read_text().split()]
    assert len(pids) == 3 and not any(alive(pid) for pid in pids)
    assert "sending signal 'SIGINT'" in launcher.log()


def test_one_that_is_stopped_at_once_ends_by_sigint_without_further_ado(
        launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo ready; exec sleep 1000')
    told = Told(action)
    launcher.run(action, *told.hear(), when_it_says(
        action, b'ready', stop(action), stop(action), Shutdown()))
    assert told.codes == [-signal.SIGINT] and 'escalating' not in launcher.log()


def test_the_timeouts_of_the_launch_hold(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'trap "" INT TERM; echo ready; while :; do sleep 0.1; done')
    told = Told(action)
    launcher.run(action, *told.hear(), when_it_says(action, b'ready', Shutdown()),
                 sigterm_timeout='0.2', sigkill_timeout='0.2')
    assert told.codes == [-signal.SIGKILL]


@pytest.mark.parametrize('of_launch', [False, True], ids=['own', 'of the launch'])
def test_each_step_of_the_ladder_is_told(
        launcher: Launcher, monkeypatch: pytest.MonkeyPatch, of_launch: bool) -> None:
    class Link:
        """Ends when launch has told the last step; a machine may tell the end before."""

        pid, behind, outcome = 42, False, None

        def __init__(self, _: Any, command: Any, loop: Any, listener: Any, *_more: Any) -> None:
            self.loop, self.listener = loop, listener

        def start(self) -> None:
            self.loop.call_soon(self.listener.started, self, self.pid)

        def take(self) -> None:
            return None

        def stop(self) -> None:
            if "escalating to 'SIGKILL'" in launcher.log():
                self.outcome = Exit(None, signal.SIGKILL)
                self.listener.over(self)
            else:
                self.loop.call_later(0.05, self.stop)
    monkeypatch.setattr(execute_remote_run, 'Link', Link)
    times = {'sigterm_timeout': '0.1', 'sigkill_timeout': '0.2'}
    action = ExecuteRemote(cmd=['x'], machine=SSHMachine('h'), **({} if of_launch else times))
    told = Told(action)
    assert launcher.run(
        *told.hear(), action,
        RegisterEventHandler(OnProcessStart(target_action=action, on_start=[Shutdown()])),
        **(times if of_launch else {})) == 0
    assert told.codes == [-signal.SIGKILL]
    log = launcher.log()
    first, last = (f"failed to terminate '{seconds}' seconds after receiving '{sent}', escalating "
                   f"to '{due}'" for seconds, sent, due in (
                       ('0.1', 'SIGINT', 'SIGTERM'), ('0.2', 'SIGTERM', 'SIGKILL')))
    assert log.index("sending signal 'SIGINT'") < log.index(first) < log.index(last)


def test_a_shutdown_while_it_is_being_started_leaves_nothing(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    setup = tmp_path / 'slow.sh'
    setup.write_text(f'echo $$ > {tmp_path}/pid; sleep 1000')
    action = ExecuteRemote(cmd=['touch', str(tmp_path / 'ran')],
                           machine=machine_on(robot, setup=[str(setup)], start_timeout=1000))
    told = Told(action)

    def look(context: Any) -> Any:
        if (tmp_path / 'pid').exists() and (tmp_path / 'pid').read_text():
            return [Shutdown()]
        return [TimerAction(period=0.05, actions=[OpaqueFunction(function=look)])]
    assert launcher.run(action, OpaqueFunction(function=look), *told.hear()) == 0
    assert told.codes == [255] and not told.all('start')
    assert 'is stopped before it ran' in launcher.log()
    pid = int((tmp_path / 'pid').read_text())
    wait_until(lambda: not alive(pid))
    assert not (tmp_path / 'ran').exists()


def test_after_the_shutdown_nothing_is_started(launcher: Launcher, robot: Sshd) -> None:
    late = shell(robot, 'echo late')
    told = Told(late)
    launcher.run(shell(robot, 'true', on_exit=[Shutdown(), TimerAction(
        period=0.0, actions=[late], cancel_on_shutdown=False)]), *told.hear())
    assert told.events == []


@pytest.mark.parametrize('lost', [ShutdownEvent, OutputHandled, ProcessStdout, ProcessExited])
def test_ctrl_c_in_the_middle_of_an_event_loses_no_process(
        launcher: Launcher, robot: Sshd, lost: type[Event]) -> None:
    # Ctrl-C raises KeyboardInterrupt in whatever runs; launch goes on with the next event.
    first = shell(robot, f'echo ready; exec yes {"x" * 99}')
    second = shell(robot, 'exec sleep 1000')
    told = Told()
    torn: list[Any] = []

    def tear(event: Any) -> None:
        if not torn and getattr(event, 'run', first._run) is first._run:
            torn.append(event)
            raise KeyboardInterrupt

    def ctrl_c(_: Any) -> Any:
        if len(told.all('start')) == 2 and (torn or lost in (ShutdownEvent, ProcessExited)):
            return launcher.service.shutdown(force_sync=True)
        return [TimerAction(period=0.1, actions=[OpaqueFunction(function=ctrl_c)])]
    assert launcher.run(
        *told.hear(), first, second, RegisterEventHandler(Hearing(lost, tear)),
        OpaqueFunction(function=ctrl_c), timeout=2 * PATIENCE) == 0
    assert torn
    assert all(not alive(event.pid) for event in told.all('start')) and told.all('start')
    assert len(told.codes) == (1 if lost is ProcessExited else 2)
