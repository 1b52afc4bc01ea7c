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

"""What is wrong with a remote node is told in one line: before it runs, or by the machine."""

from __future__ import annotations

import sys
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from actions.node_lab import Robot  # noqa: E402
from launch.actions import RegisterEventHandler  # noqa: E402
from launch.event_handlers import OnProcessExit  # noqa: E402
from launching import Told  # noqa: E402


@pytest.mark.parametrize('arguments, line', [
    ({'package': 'leg'}, 'robot has no package leg in {prefix}: install it there, or name the '
     "set-up script of the workspace that has it, as in setup=['ws/install/setup.bash']"),
    ({'executable': 'shwo'}, 'the package arm on robot (in {prefix}) has no executable shwo: did '
     'you mean show?'),
    ({'executable': 'data'}, '{prefix}/lib/arm/data on robot may not be executed: chmod +x it '
     'there')])
def test_what_is_missing_there_is_told_in_one_line(
        arm: Robot, arguments: dict[str, Any], line: str) -> None:
    (arm.prefix / 'lib/arm/data').touch(mode=0o644)
    told = Told(node := arm.node(respawn=True, **arguments))
    ended: list[int] = []
    arm.launcher.run(*told.hear(), node, RegisterEventHandler(OnProcessExit(
        target_action=node, on_exit=lambda event, _: ended.append(event.returncode))))
    errors = [one for one in arm.launcher.log().splitlines() if '[ERROR]' in one]
    assert len(errors) == 1
    assert errors[0].endswith(line.format(prefix=arm.prefix))
    assert ended == [255]
    assert not told.all('start')


@pytest.mark.parametrize('arguments, line', [
    ({'name': 'a b'}, "'a b': invalid node name: node name must not contain characters other "
     "than alphanumerics or '_'"),
    ({'namespace': 'a//b'}, "'/a//b': invalid namespace: "),
    ({'package': '../arm'}, "'../arm' is no name of a package: use letters, digits, underscores"),
    ({'executable': '../../show'}, "'../../show' leads out of the package arm: "),
    ({'executable': ''}, 'no executable of arm is named: name one'),
    ({'parameters': ['/no/such.yaml']}, "the parameter file /no/such.yaml can't be read on this "
     'computer: No such file or directory; for one that lies on the machine, give '
     "ros_arguments=['--params-file', its path there]")])
def test_what_can_not_be_right_is_told_before_anything_runs(
        arm: Robot, arguments: dict[str, Any], line: str) -> None:
    connections = arm.sshd.connections()
    assert arm.launcher.run(arm.node(**arguments)) == 1
    assert line in arm.launcher.log()
    assert arm.sshd.connections() == connections


def test_without_launch_ros_that_is_told(arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'launch_ros.utilities', None)
    assert arm.launcher.run(arm.node()) == 1
    line, = [one for one in arm.launcher.log().splitlines() if 'Caught exception' in one]
    assert 'a remote node needs launch_ros on this computer (' in line
    assert line.endswith('): source ROS 2 before `ros2 launch`')


@pytest.mark.parametrize('arguments', [{'parameters': 'a.yaml'}, {'remappings': 'a:=b'}])
def test_what_is_no_list_is_refused_at_once(arm: Robot, arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match='have to be a list'):
        arm.node(**arguments)
