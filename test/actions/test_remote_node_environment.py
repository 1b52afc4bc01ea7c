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

"""What a remote node runs in: the graph, the environment, the package, a prefix, a shell."""

from __future__ import annotations

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from actions.node_lab import Robot, Shown  # noqa: E402
from launch.actions import SetEnvironmentVariable, SetLaunchConfiguration  # noqa: E402
from launching import machine_on, Told  # noqa: E402


def test_the_graph_of_the_launch_wins_over_the_set_up_scripts(
        arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', '77')
    env = arm.show(SetEnvironmentVariable('RMW_IMPLEMENTATION', 'rmw_ours')).env
    assert (env['ROS_DOMAIN_ID'], env['RMW_IMPLEMENTATION']) == ('77', 'rmw_ours')


def test_without_a_graph_here_that_of_the_machine_stays(arm: Robot) -> None:
    env = arm.show().env
    assert (env['ROS_DOMAIN_ID'], env['RMW_IMPLEMENTATION']) == ('99', 'rmw_theirs')


def test_the_environment_of_machine_and_action_wins_over_the_graph_of_the_launch(
        arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', '77')
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_ours')
    machine = machine_on(arm.sshd, setup=[str(arm.prefix / 'setup.bash')],
                         env={'ROS_DOMAIN_ID': '55', 'RMW_IMPLEMENTATION': 'rmw_of_machine'})
    env = arm.show(machine=machine, additional_env={'ROS_DOMAIN_ID': '56'}).env
    assert (env['ROS_DOMAIN_ID'], env['RMW_IMPLEMENTATION']) == ('56', 'rmw_of_machine')


def test_only_the_machine_needs_the_package(
        arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/nowhere')
    assert arm.show(name='n').executable == f'{arm.prefix}/lib/arm/show'


def test_without_a_package_the_executable_is_a_path_there(arm: Robot) -> None:
    shown = arm.show(package=None, executable=[str(arm.prefix), '/lib/arm/show'], name='n')
    assert shown.words == ['--ros-args', '-r', '__node:=n']


def test_a_prefix_runs_the_executable(arm: Robot) -> None:
    told = Told(node := arm.node(prefix='env -u ROS_DOMAIN_ID'))
    arm.launcher.run(*told.hear(), node)
    shown = Shown(told)
    assert shown.executable == f'{arm.prefix}/lib/arm/show'
    assert 'ROS_DOMAIN_ID' not in shown.env


def test_a_prefix_filter_matches_the_name_of_the_executable(arm: Robot) -> None:
    def env(pattern: str) -> dict[str, str]:
        return arm.show(SetLaunchConfiguration('launch-prefix', 'env FOUND=1'),
                        SetLaunchConfiguration('launch-prefix-filter', pattern)).env
    assert 'FOUND' in env('show$')
    assert 'FOUND' not in env('stay$')


def test_a_shell_runs_it(arm: Robot) -> None:
    shown = arm.show(**{'shell': True}, arguments=['$((1 + 2))'], parameters=[{'a': 1}])
    assert shown.words == ['3', '--ros-args', '--params-file', '*']
    assert shown.parameters == [{'/**': {'ros__parameters': {'a': 1}}}]
