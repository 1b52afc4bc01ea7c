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

"""StopProcess and ShutdownLaunchService in a launch, with a real instance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.service_lab import hosting, NODE, Robot  # noqa: E402
from domains import own_domain  # noqa: E402
from harness import wait_until  # noqa: E402
from launch.actions import OpaqueFunction, RegisterEventHandler, Shutdown  # noqa: E402
from launch.event_handlers import OnExecutionComplete, OnShutdown  # noqa: E402
from launching import Launcher  # noqa: E402

from launch_service_node.actions import (  # noqa: E402
    ShutdownLaunchService,
    StartProcess,
    StopProcess,
)


def stop(name: str | None = None, **arguments: Any) -> StopProcess:
    return StopProcess(name, namespace='robot1', **arguments)


@pytest.fixture
def leaving(tmp_path: Path) -> Iterator[Robot]:
    """Give an instance /robot1 that runs two processes, and that a test may end."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    with own_domain():  # that of the other tests has a /robot1
        with hosting(tmp_path) as program:
            robot1 = Robot(program)
            for name in ('one', 'two'):
                robot1.call('start', cmd='idle', name=name)
            yield robot1


@pytest.mark.parametrize('given', [
    {'find_within': 'nan'}, {'timeout': 'inf'}, {'sigterm_timeout': '-inf'}])
def test_what_can_not_be_waited_for_ends_the_launch_with_one_line(
        launcher: Launcher, given: dict[str, str]) -> None:
    assert launcher.run(stop('one', **given)) == 1
    [line] = [one for one in launcher.log().splitlines() if 'Caught exception' in one]
    [(name, value)] = given.items()
    assert name in line and f'is {value!r}, which is no time that can be waited for' in line


def test_what_a_glob_names_is_stopped(robot1: Robot) -> None:
    for name in ('one', 'one_more', 'two'):
        robot1.call('start', cmd='idle', name=name)
    states: list[dict[str, str]] = []
    assert robot1.launch(stop('one*', on_stopped=[OpaqueFunction(
        function=lambda _: states.append(robot1.processes()))])) == 0
    assert [states[0][name] for name in ('one', 'one_more', 'two')] == [
        'STOPPED', 'STOPPED', 'RUNNING']
    assert f'INFO {NODE} stopped: one, one_more' in robot1.logged


def test_what_was_started_together_is_stopped_together(robot1: Robot) -> None:
    for name, launch_id in (('mine', 'a'), ('other', 'b')):
        robot1.call('start', cmd='idle', name=name, launch_id=launch_id)
    assert robot1.launch(stop(launch_id='a')) == 0
    states = robot1.processes()
    assert (states['mine'], states['other']) == ('STOPPED', 'RUNNING')


def test_the_times_of_the_ladder_arrive(robot1: Robot) -> None:
    number = robot1.call('start', cmd='idle')['process']['process_id']
    assert robot1.launch(stop(proc_id=number, sigterm_timeout=0, sigkill_timeout='0')) == 0
    assert robot1.newest('idle')['term_signal'] == 9


def test_that_nothing_matches_is_a_failure(robot1: Robot) -> None:
    assert robot1.launch(stop('nobody')) == 1
    said, = [line for line in robot1.logged if line.startswith('ERROR')]
    assert f'cannot stop nobody on {NODE}: ' in said
    assert said.endswith('(NOT_FOUND)')


def test_that_nothing_matches_may_be_all_right(robot1: Robot) -> None:
    assert robot1.launch(stop('nobody', on_failure=[])) == 0


def test_to_stop_nothing_in_particular_is_refused(robot1: Robot) -> None:
    robot1.call('start', cmd='idle')
    assert robot1.launch(stop()) == 1
    assert 'stop_process without a name, proc_id or launch_id' in ''.join(robot1.logged)
    assert robot1.processes()['idle'] == 'RUNNING'


def test_it_works_while_the_launch_shuts_down(robot1: Robot) -> None:
    robot1.call('start', cmd='idle')
    robot1.call('start', cmd='lidar')
    assert robot1.launch(
        RegisterEventHandler(OnShutdown(on_shutdown=stop('idle', on_stopped=[stop('lidar')]))),
        Shutdown(reason='enough')) == 0
    states = robot1.processes()
    assert (states['idle'], states['lidar']) == ('STOPPED', 'STOPPED')


def test_an_instance_ends_with_its_processes(leaving: Robot) -> None:
    ended = ShutdownLaunchService(namespace='robot1')
    nobody: list[bool] = []
    assert leaving.launch(
        RegisterEventHandler(OnExecutionComplete(target_action=ended, on_completion=[
            OpaqueFunction(function=lambda _: nobody.append(
                leaving.program('list', '/robot1', '--timeout', '1').returncode != 0))])),
        ended) == 0
    assert nobody == [True]
    wait_until(lambda: not leaving.program.lab.leftovers())  # the supervisor goes last


def test_an_instance_ends_and_its_processes_live_on(leaving: Robot) -> None:
    assert leaving.launch(ShutdownLaunchService(
        namespace='robot1', keep_processes=True, on_ended=[
            StartProcess(namespace='robot1', cmd='idle', find_within=0.3, on_failure=[])])) == 0
    assert leaving.call('status')['instance']['node'] is None
    assert leaving.processes() == {'one': 'RUNNING', 'two': 'RUNNING'}
