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

"""Remote processes and the stock events of launch: what is told of them, and to them."""

from __future__ import annotations

from pathlib import Path
import signal
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.remote_shell import shell  # noqa: E402
from launch.actions import OpaqueFunction, RegisterEventHandler  # noqa: E402
from launch.event_handlers import (  # noqa: E402
    OnExecutionComplete,
    OnProcessExit,
    OnProcessIO,
    OnProcessStart,
)
from launch.events.process import ProcessStdin  # noqa: E402
from launching import Launcher, send, Told, when_it_says  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions import execute_remote_run, ExecuteRemote  # noqa: E402
from launch_service_node.machines import SSHMachine  # noqa: E402
from launch_service_node.ssh.command import Exit  # noqa: E402


def test_the_stock_handlers_hear_all_of_a_life(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo $$; echo oops >&2; exit 3', env={'A': 'b'}, cwd='/')
    told = Told(action)
    assert launcher.run(action, *told.hear()) == 0
    kinds = [kind for kind, _ in told.events]
    assert kinds[0] == 'start' and kinds[-1] == 'exit' and set(kinds[1:-1]) == {'stdout', 'stderr'}
    pid = int(told.stdout)
    assert told.stderr == b'oops\n' and told.codes == [3]
    for kind, event in told.events:
        assert event.action is action and event.pid == pid, kind
        assert event.process_name == action.process_details['name'], kind
        assert event.cmd[:2] == ['/bin/sh', '-c'] and event.cwd == '/' and event.env == {'A': 'b'}
    assert action.process_details['pid'] == pid
    assert action.process_details['name'].startswith('it-')


def test_handlers_for_all_processes_hear_of_it_too(launcher: Launcher, robot: Sshd) -> None:
    told = Told()
    launcher.run(shell(robot, 'echo hi'), *told.hear())
    assert told.stdout == b'hi\n' and told.codes == [0]


@pytest.mark.parametrize(('script', 'code'), [
    ('exit 0', 0), ('exit 254', 254), ('kill -KILL $$', -9), ('kill -SEGV $$', -11)])
def test_exit_codes_are_exact(launcher: Launcher, robot: Sshd, script: str, code: int) -> None:
    action = shell(robot, script)
    told = Told(action)
    launcher.run(action, *told.hear())
    assert told.codes == [code]
    said = 'process has finished cleanly' if code == 0 else f'exit code {code}'
    assert said in launcher.log()


@pytest.mark.parametrize('form', ['list', 'function', 'action'])
def test_on_exit_happens_when_it_exits(launcher: Launcher, robot: Sshd, form: str) -> None:
    done: list[int] = []
    then = OpaqueFunction(function=lambda _: done.append(0))
    action = shell(robot, 'exit 4', on_exit={
        'list': [then], 'action': then,
        'function': lambda event, _: done.append(event.returncode)}[form])
    launcher.run(action)
    assert done == ([4] if form == 'function' else [0])


def stdin(action: Any, text: bytes) -> OpaqueFunction:
    return OpaqueFunction(function=lambda context: context.emit_event_sync(
        ProcessStdin(text=text, **action.process_details)))


def test_stdin_reaches_it_and_ends_with_an_empty_text(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo ready; exec cat')
    told = Told(action)
    launcher.run(action, *told.hear(), when_it_says(
        action, b'ready', stdin(action, b'a\0b\n'), stdin(action, b'x' * 300000),
        stdin(action, b'')))
    assert told.stdout == b'ready\na\0b\n' + b'x' * 300000 and told.codes == [0]


def test_who_has_ended_takes_no_stdin_and_that_is_no_error(
        launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'true')
    other = shell(robot, 'true')
    assert launcher.run(action, RegisterEventHandler(OnProcessExit(
        target_action=action, on_exit=[stdin(action, b'late'), send(action, signal.SIGINT),
                                       other]))) == 0
    assert 'gets no input: it is over' in launcher.log()


def test_an_error_in_a_handler_of_output_hangs_nothing(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo ready; exec yes a line of some length')
    told = Told(action)

    def fail(_: Any) -> None:
        raise ValueError('from a handler')
    assert launcher.run(action, *told.hear(), RegisterEventHandler(OnProcessIO(
        target_action=action, on_stdout=fail))) == 1
    assert told.codes == [-signal.SIGINT] and 'from a handler' in launcher.log()


class ScriptedLink:
    """Tells a life in an order that threads may give it."""

    def __init__(self, _: Any, command: Any, loop: Any, listener: Any, *_more: Any) -> None:
        self.pid, self.listener = 0, listener
        self.outcome: Exit | None = None
        self.waiting = [('stdout', b'one'), ('stderr', b'two')]

    def take(self) -> Any:
        return self.waiting.pop(0) if self.waiting else None

    def start(self) -> None:
        self.listener.output(self)
        self.pid = 42
        self.listener.output(self)
        self.listener.started(self, 42)
        self.outcome = Exit(0, None)
        self.listener.over(self)


def test_whatever_overtakes_what_a_life_is_told_in_order(
        launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute_remote_run, 'Link', ScriptedLink)
    told = Told()
    assert launcher.run(*told.hear(), ExecuteRemote(cmd=['x'], machine=SSHMachine('h'))) == 0
    assert [kind for kind, _ in told.events] == ['start', 'stdout', 'stderr', 'exit']
    assert {event.pid for _, event in told.events} == {42}


def test_what_waits_for_the_completion_is_done_after_it(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    action = shell(robot, f'touch {tmp_path}/ran')
    done: list[bool] = []
    launcher.run(RegisterEventHandler(OnExecutionComplete(
        target_action=action, on_completion=lambda *_: done.append(
            (tmp_path / 'ran').exists()))), action)
    assert done == [True]


def test_one_after_the_other_by_stock_handlers(launcher: Launcher, robot: Sshd) -> None:
    first, second = shell(robot, 'echo one'), shell(robot, 'echo two')
    told = Told()
    launcher.run(first, *told.hear(), RegisterEventHandler(OnProcessStart(
        target_action=first, on_start=[second])))
    assert sorted(told.stdout.split()) == [b'one', b'two']


def test_an_action_is_executed_only_once(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'true')
    assert launcher.run(action, action) == 1
    assert 'was executed already' in launcher.log()
