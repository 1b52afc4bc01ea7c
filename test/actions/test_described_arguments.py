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

"""Launch arguments that are declared in what follows on an action: `ros2 launch -s` shows them."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch import LaunchDescription  # noqa: E402
from launch.actions import DeclareLaunchArgument  # noqa: E402
from launch.conditions import IfCondition  # noqa: E402

from launch_service_node.actions import (  # noqa: E402
    BootstrapLaunchService,
    ShutdownLaunchService,
    StartProcess,
    StopProcess,
)

FOLLOWING = [
    (BootstrapLaunchService, 'ready'), (BootstrapLaunchService, 'failure'),
    (StartProcess, 'start'), (StartProcess, 'ready'), (StartProcess, 'exit'),
    (StartProcess, 'failure'), (StopProcess, 'stopped'), (ShutdownLaunchService, 'ended')]


def make(action: Any, what: str, then: Any, **arguments: Any) -> Any:
    cmd = {'cmd': 'idle'} if action is StartProcess else {}
    return action(namespace='robot1', **{f'on_{what}': then}, **cmd, **arguments)


@pytest.mark.parametrize('arguments', [{}, {'condition': IfCondition('false')}],
                         ids=['always', 'conditionally'])
@pytest.mark.parametrize(('action', 'what'), FOLLOWING)
def test_they_are_known_before_it_runs(action: Any, what: str, arguments: Any) -> None:
    inner = DeclareLaunchArgument('inner')
    for then in ([inner], inner):
        [found] = LaunchDescription([
            make(action, what, then, **arguments)]).get_launch_arguments(
                conditional_inclusion=False)
        assert found is inner


def test_what_a_function_will_return_is_not_asked_for() -> None:
    def then(*_: Any) -> None:
        raise AssertionError('nothing has happened yet')
    assert LaunchDescription([
        make(action, what, then) for action, what in FOLLOWING]).get_launch_arguments() == []
