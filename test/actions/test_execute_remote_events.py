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

"""Remote processes and launch's stock events: started, told, signalled, stopped, respawned."""

from __future__ import annotations

import os
from pathlib import Path
import signal
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from harness import alive, PATIENCE, wait_until  # noqa: E402
from launch import Event  # noqa: E402
from launch.actions import (  # noqa: E402
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import (  # noqa: E402
    OnExecutionComplete,
    OnProcessExit,
    OnProcessIO,
    OnProcessStart,
)
from launch.events import matches_action  # noqa: E402
from launch.events import Shutdown as ShutdownEvent  # noqa: E402
from launch.events.process import (  # noqa: E402
    ProcessExited,
    ProcessStdin,
    ProcessStdout,
    ShutdownProcess,
)
from launching import Launcher, machine_on, send, Told, when_it_says  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions import execute_remote_run, ExecuteRemote  # noqa: E402
from launch_service_node.actions.execute_remote_events import (  # noqa: E402
    Hearing,
    OutputHandled,
)
from launch_service_node.machines import SSHMachine  # noqa: E402
from launch_service_node.ssh.command import Exit  # noqa: E402


def shell(robot: Sshd, script: str, **arguments: Any) -> ExecuteRemote:
    return ExecuteRemote(**{'cmd': ['/bin/sh', '-c', script], 'machine': machine_on(robot),
                            'name': 'it', **arguments})


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


def stop(action: Any) -> EmitEvent:
    return EmitEvent(event=ShutdownProcess(process_matcher=matches_action(action)))


def test_shutdown_process_climbs_the_ladder_and_leaves_nothing(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    # Two below it: one in its group, one in a session of its own; all ignore SIGINT.
    deaf = 'trap "" INT; echo $$ >> pids; while :; do sleep 0.1; done'
    (tmp_path / 'deaf').write_text(deaf)
    action = shell(robot, f'sh {tmp_path}/deaf & setsid sh {tmp_path}/deaf & '
                          'until [ "$(wc -l < pids)" = 2 ]; do sleep 0.05; done; echo ready; '
                          f'. {tmp_path}/deaf', cwd=str(tmp_path), sigterm_timeout='0.3',
                   sigkill_timeout=0.3)
    (tmp_path / 'pids').touch()
    told = Told(action)
    launcher.run(action, *told.hear(), when_it_says(action, b'ready', stop(action)))
    assert told.codes == [-signal.SIGTERM]
    pids = [int(line) for line in (tmp_path / 'pids').read_text().split()]
    assert len(pids) == 3 and not any(alive(pid) for pid in pids)
    assert "sending signal 'SIGINT'" in launcher.log()
    assert "failed to terminate '0.3' seconds after receiving 'SIGINT', escalating to 'SIGTERM'" \
        in launcher.log()


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
    assert "'0.2' seconds after receiving 'SIGTERM', escalating to 'SIGKILL'" in launcher.log()


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
        target_action=action, on_exit=[TimerAction(period=0.1, actions=[Shutdown()])])))
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
    assert not any(alive(event.pid) for event in told.all('start'))
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
    assert len(set(pids)) == 2 and not any(map(alive, pids))
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


def test_an_error_in_a_handler_of_output_hangs_nothing(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo ready; exec yes a line of some length')
    told = Told(action)

    def fail(_: Any) -> None:
        raise ValueError('from a handler')
    assert launcher.run(action, *told.hear(), RegisterEventHandler(OnProcessIO(
        target_action=action, on_stdout=fail))) == 1
    assert told.codes == [-signal.SIGINT] and 'from a handler' in launcher.log()


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


class ScriptedLink:
    """Tells a life in an order that threads may give it."""

    def __init__(self, _: Any, command: Any, loop: Any, listener: Any) -> None:
        self.pid, self.outcome, self.listener = 0, None, listener
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
