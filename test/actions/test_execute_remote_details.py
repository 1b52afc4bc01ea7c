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

"""What the action says of its process while it starts, runs, and has ended."""

from __future__ import annotations

from pathlib import Path
import signal
import threading

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.remote_shell import shell  # noqa: E402
from harness import alive, wait_until  # noqa: E402
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler  # noqa: E402
from launch.event_handlers import OnProcessExit, OnProcessStart  # noqa: E402
from launch.events.process import matches_pid, ShutdownProcess  # noqa: E402
from launching import Launcher, Told, when_it_says  # noqa: E402
from ssh_servers import PATIENCE, Sshd  # noqa: E402

from launch_service_node.actions.execute_remote_link import Orders  # noqa: E402


def test_the_return_code_is_known_when_it_has_exited(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'exit 3')
    seen = [action.return_code]

    def look(*_: object) -> None:
        seen.append(action.return_code)
    assert launcher.run(action, *(RegisterEventHandler(one) for one in (
        OnProcessStart(target_action=action, on_start=look),
        OnProcessExit(target_action=action, on_exit=look)))) == 0
    # It may have ended by the time that launch hears of its start.
    assert seen[0] is None and seen[1] in (None, 3) and seen[2:] == [3]
    assert action.return_code == 3


def test_a_start_that_fails_has_a_return_code_too(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'exit 0', cwd='/nowhere')
    launcher.run(action)
    assert action.return_code == 255


def test_a_matcher_of_pids_finds_it_and_harms_nobody_that_starts(
        launcher: Launcher, robot: Sshd) -> None:
    runs, starts = shell(robot, 'echo ready; exec sleep 1000'), shell(robot, 'echo hi')
    told, other = Told(runs), Told(starts)

    def end(_: object) -> EmitEvent:
        return EmitEvent(event=ShutdownProcess(
            process_matcher=matches_pid(runs.process_details['pid'])))
    # The second one is executed, and has no pid yet, when the event is handled.
    assert launcher.run(
        runs, *told.hear(), *other.hear(),
        when_it_says(runs, b'ready', starts, OpaqueFunction(
            function=lambda context: [end(context)]))) == 0
    assert told.codes == [-signal.SIGINT] and other.codes == [0]


@pytest.mark.parametrize('script', ['exec sleep 1000', 'exec yes'], ids=['silent', 'flooding'])
def test_it_ends_with_a_launch_that_is_cancelled_in_a_program_that_goes_on(
        launcher: Launcher, robot: Sshd, tmp_path: Path, script: str) -> None:
    action = shell(robot, f'echo ready; {script}', cwd=str(tmp_path))
    assert launcher.run(action, when_it_says(action, b'ready', OpaqueFunction(
        function=lambda _: launcher.service.task.cancel() and None))) == 1
    pid = action.process_details['pid']
    wait_until(lambda: not alive(pid))


def test_an_order_for_which_there_is_no_thread_keeps_no_later_one(
        monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    orders, done = Orders('orders', print), threading.Event()
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(threading.Thread, 'start', refuse)
        orders.put(print)
    orders.put(done.set)
    assert done.wait(PATIENCE)
    orders.end()
