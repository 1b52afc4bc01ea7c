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

"""StartProcess in a launch, with a real instance."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from harness import wait_until
import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.service_lab import NODE, Robot  # noqa: E402
from launch import EventHandler  # noqa: E402
from launch.actions import (  # noqa: E402
    EmitEvent,
    GroupAction,
    OpaqueFunction,
    RegisterEventHandler,
    SetLaunchConfiguration,
    Shutdown,
)
from launch.event_handlers import (  # noqa: E402
    OnExecutionComplete,
    OnProcessExit,
    OnProcessStart,
    OnShutdown,
)
from launch.events import matches_action  # noqa: E402
from launch.events.process import ShutdownProcess, SignalProcess  # noqa: E402
from launch.substitutions import LaunchConfiguration  # noqa: E402

from launch_service_node.actions import (  # noqa: E402
    service_graph,
    service_process,
    service_watch,
    ShutdownLaunchService,
    StartProcess,
    StopProcess,
)
from launch_service_node.client.records import state_name  # noqa: E402
from launch_service_node.errors import ResultCode  # noqa: E402
from launch_service_node.events import ManagedProcessChanged  # noqa: E402


def start(cmd: str, **arguments: Any) -> StartProcess:
    return StartProcess(namespace='robot1', cmd=cmd, **arguments)


def noting(notes: list[Any], what: Any) -> OpaqueFunction:
    return OpaqueFunction(function=lambda _: notes.append(what))


def ending_gate(robot1: Robot, code: int) -> OpaqueFunction:
    return OpaqueFunction(function=lambda _: robot1.end_gate(code))


def test_the_launch_ends_and_the_process_stays(robot1: Robot) -> None:
    assert robot1.launch(start('idle')) == 0
    assert robot1.processes()['idle'] == 'RUNNING'


def test_the_request_arrives_as_it_was_given(robot1: Robot) -> None:
    assert robot1.launch(
        SetLaunchConfiguration('map', 'lab'),
        start('show', args=['map:=', 'two words', [LaunchConfiguration('map')]], name='shown',
              env={'GREETING': 'good  morning', 'WHOM': LaunchConfiguration('map')},
              cwd=str(robot1.folder), launch_id='bringup', on_exit=[])) == 0
    assert robot1.output('shown') == [
        f'good  morning|lab|{robot1.folder}', '<map:=>', '<two words>', '<lab>']
    assert robot1.newest('shown')['launch_id'] == 'bringup'


def test_what_follows_on_readiness_does_not_come_before(robot1: Robot) -> None:
    states = []

    def look(event: Any, _: Any) -> list[Any]:
        states.append((event.what, robot1.processes()['slow']))
        if event.what == 'ready':
            return [start('idle')]
        robot1.make_ready()
        return []

    assert robot1.launch(start('slow', on_start=look, on_ready=look)) == 0
    assert states == [('start', 'STARTING'), ('ready', 'RUNNING')]
    assert robot1.processes()['idle'] == 'RUNNING'


def test_stock_handlers_hear_of_start_and_exit(robot1: Robot) -> None:
    gate, heard = start('gate'), []

    def started(event: Any, _: Any) -> list[Any]:
        heard.append((event.process_name, event.cmd, event.pid))
        return [ending_gate(robot1, 3)]

    def exited(event: Any, _: Any) -> None:
        heard.append((event.process_name, event.action is gate, event.returncode, event.pid))

    assert robot1.launch(
        RegisterEventHandler(OnProcessStart(target_action=gate, on_start=started)),
        RegisterEventHandler(OnProcessExit(target_action=gate, on_exit=exited)), gate) == 0
    pid = heard[0][2]
    assert heard == [('gate', ['gate'], pid), ('gate', True, 3, pid)]
    assert pid > 0
    number = robot1.newest('gate')['process_id']
    assert f'ERROR {NODE} gate (id {number}): FAILED, exit code 3' in ''.join(robot1.logged)


def test_a_handler_of_another_action_hears_nothing(robot1: Robot) -> None:
    other, heard = start('idle'), []
    assert robot1.launch(
        RegisterEventHandler(OnProcessExit(target_action=other, on_exit=noting(heard, 'exit'))),
        start('hello', watch=True)) == 0
    assert heard == []


def test_it_may_be_what_a_stock_handler_does(robot1: Robot) -> None:
    hello = start('hello')
    assert robot1.launch(
        RegisterEventHandler(OnProcessExit(target_action=hello, on_exit=start('idle'))),
        hello) == 0
    assert robot1.processes()['idle'] == 'RUNNING'


def test_it_is_complete_when_the_process_is_ready(robot1: Robot) -> None:
    lidar, states = start('lidar', wait_ready=True), []
    assert robot1.launch(
        RegisterEventHandler(OnExecutionComplete(
            target_action=lidar, on_completion=[OpaqueFunction(
                function=lambda _: states.append(robot1.processes()['lidar']))])), lidar) == 0
    assert states == ['RUNNING']


def test_a_launch_that_need_not_watch_ends_before_the_process(robot1: Robot) -> None:
    gate = start('gate', watch=False, on_exit=[])
    assert robot1.launch(gate) == 0
    assert robot1.processes()['gate'] == 'RUNNING'


def test_a_launch_that_watches_lasts_until_the_exit(robot1: Robot) -> None:
    assert robot1.launch(start('gate', watch=True, on_start=[ending_gate(robot1, 0)])) == 0
    assert robot1.processes()['gate'] == 'STOPPED'


def test_an_exit_by_a_signal_is_told_as_subprocess_tells_it(robot1: Robot) -> None:
    codes: list[int] = []
    assert robot1.launch(start(
        'idle', on_start=[StopProcess(namespace='robot1', name='idle', sigterm_timeout=0,
                                      sigkill_timeout=0)],
        on_exit=lambda event, _: codes.append(event.returncode))) == 0
    assert codes == [-9]


def noting_states(states: list[str]) -> RegisterEventHandler:
    return RegisterEventHandler(EventHandler(
        matcher=lambda event: isinstance(event, ManagedProcessChanged),
        entities=OpaqueFunction(
            function=lambda context: states.append(context.locals.event.state))))


def test_a_restart_by_the_node_is_no_exit(robot1: Robot) -> None:
    states, exits = [], []
    assert robot1.launch(
        noting_states(states),
        start('again', on_exit=lambda event, _: exits.append(event.returncode))) == 0
    assert 'BACKOFF' in states
    assert exits == [0]


def test_what_became_of_it_until_its_start_is_answered_is_told_in_order(
        robot1: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: set[tuple[int, str]] = set()
    ask, take = service_graph.Graph.ask, service_watch.Watch.take

    def take_and_note(self: Any, statuses: Any) -> None:
        for status in statuses:
            heard.add((status['process_id'], state_name(status['process_status'])))
            take(self, [status])

    async def ask_and_wait(*arguments: Any, **options: Any) -> Any:
        answer = await ask(*arguments, **options)
        while (answer.process_id, 'STOPPED') not in heard:
            await asyncio.sleep(0.01)
        return answer
    monkeypatch.setattr(service_watch.Watch, 'take', take_and_note)
    monkeypatch.setattr(service_graph.Graph, 'ask', ask_and_wait)
    again, states, told = start('again'), [], []
    assert robot1.launch(
        noting_states(states),
        RegisterEventHandler(OnProcessStart(target_action=again, on_start=noting(told, 'start'))),
        RegisterEventHandler(OnProcessExit(target_action=again, on_exit=noting(told, 'exit'))),
        again) == 0
    assert states.index('BACKOFF') < states.index('STOPPED') == len(states) - 1
    assert told == ['start', 'exit']
    assert 'will be restarted' in ''.join(robot1.logged)


def test_a_refused_start_ends_the_launch_with_one_line_and_1(robot1: Robot) -> None:
    assert robot1.launch(start('rm'), start('lidar', on_ready=[start('hello')])) == 1
    said, = [line for line in robot1.logged if line.startswith('ERROR')]
    assert f"cannot start rm on {NODE}: no executable 'rm' on the allow-list" in said
    assert said.endswith('(NOT_ALLOWED)')
    assert '\n' not in said


def test_what_follows_on_a_failure_takes_the_place_of_the_end(robot1: Robot) -> None:
    errors = []

    def failed(event: Any, _: Any) -> StartProcess:
        errors.append(event.error.code)
        return start('idle')

    assert robot1.launch(start('rm', on_failure=failed)) == 0
    assert errors == [ResultCode.NOT_ALLOWED]
    assert robot1.processes()['idle'] == 'RUNNING'
    assert f'ERROR {NODE} cannot start rm' in ''.join(robot1.logged)


@pytest.mark.parametrize('cmd', ['never_ready', 'broken'])
def test_not_getting_ready_is_a_failure(robot1: Robot, cmd: str) -> None:
    notes: list[str] = []
    assert robot1.launch(start(cmd, on_ready=[noting(notes, 'ready')])) == 1
    assert notes == []
    assert f'cannot start {cmd} on {NODE}' in ''.join(robot1.logged)


@pytest.mark.parametrize(('cmd', 'ready'), [('brief', False), ('hello', True)])
def test_whether_one_that_has_ended_well_was_ready_before_says_its_node(
        robot1: Robot, monkeypatch: pytest.MonkeyPatch, cmd: str, ready: bool) -> None:
    look = StartProcess._wait_ready

    async def look_late(self: Any, call: Any, request: Any, process: Any) -> None:
        await asyncio.wait([process.ended])
        await look(self, call, request, process)
    monkeypatch.setattr(StartProcess, '_wait_ready', look_late)
    notes: list[str] = []
    assert robot1.launch(start(cmd, on_ready=[noting(notes, 'ready')],
                               on_failure=[noting(notes, 'failure')])) == 0
    assert notes == ['ready' if ready else 'failure']
    assert robot1.newest(cmd)['exit_code'] == 0


def test_a_node_that_is_not_there_is_a_failure(robot1: Robot) -> None:
    assert robot1.launch(StartProcess(namespace='/robot9', cmd='idle', find_within=0.3)) == 1
    assert 'no LaunchServiceNode /robot9/launch_service on the ROS graph' in ''.join(robot1.logged)


def test_each_execution_starts_one_more(robot1: Robot) -> None:
    idle = start('idle')
    assert robot1.launch(idle, idle) == 0
    assert {name for name, state in robot1.processes().items() if state == 'RUNNING'} == {
        'idle', 'idle_2'}


def test_what_follows_sees_the_configurations_of_its_place(robot1: Robot) -> None:
    assert robot1.launch(GroupAction([
        SetLaunchConfiguration('next', 'idle'),
        start('lidar', on_ready=[start(LaunchConfiguration('next'))])])) == 0
    assert robot1.processes()['idle'] == 'RUNNING'


def test_a_process_can_be_stopped_with_the_launch(robot1: Robot) -> None:
    assert robot1.launch(start('idle', stop_on_shutdown=True, on_start=[
        start('idle', name='stays', on_start=[Shutdown(reason='enough')])])) == 0
    states = robot1.processes()
    assert (states['idle'], states['stays']) == ('STOPPED', 'RUNNING')


def test_events_of_launch_reach_the_process(robot1: Robot) -> None:
    gate, codes = start('gate'), []
    idle = start('idle', on_exit=lambda event, _: codes.append(event.returncode))
    assert robot1.launch(
        RegisterEventHandler(OnProcessStart(target_action=idle, on_start=[EmitEvent(
            event=SignalProcess(signal_number='SIGKILL',
                                process_matcher=matches_action(idle)))])),
        RegisterEventHandler(OnProcessStart(target_action=gate, on_start=[EmitEvent(
            event=ShutdownProcess(process_matcher=matches_action(gate)))])),
        RegisterEventHandler(OnProcessExit(
            target_action=gate, on_exit=lambda event, _: codes.append(event.returncode))),
        start('lidar'), gate, idle) == 0
    assert sorted(codes) == [-9, -2]
    assert robot1.processes()['lidar'] in ('STARTING', 'RUNNING')


def test_nothing_is_started_once_the_launch_shuts_down(robot1: Robot) -> None:
    assert robot1.launch(
        RegisterEventHandler(OnShutdown(on_shutdown=[start('idle', name='late')])),
        start('hello')) == 0
    assert 'late' not in robot1.processes()
    assert 'start idle' not in ''.join(robot1.logged)


def test_an_exit_while_the_node_was_away_is_told_when_it_is_back(
        robot1: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_process, 'LOOK', 0.1)
    codes: list[int] = []

    def come_back() -> None:
        wait_until(lambda: 'its node is not on the ROS graph any more' in ''.join(robot1.logged))
        robot1.end_gate(4)
        done = robot1.program('up', '/robot1', '--allow-list', 'robot1.yaml')
        assert done.returncode == 0, done.stderr

    coming = threading.Thread(target=come_back)
    assert robot1.launch(start(
        'gate', on_exit=lambda event, _: codes.append(event.returncode),
        on_start=[ShutdownLaunchService(
            namespace='robot1', keep_processes=True,
            on_ended=[OpaqueFunction(function=lambda _: coming.start())])])) == 0
    coming.join()
    assert codes == [4]
