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

"""Remote nodes are called, in events, logs and by other actions, as people know them."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from actions.node_lab import Robot  # noqa: E402
from launch_ros.actions import SetRemap  # noqa: E402
from launching import Told  # noqa: E402


@pytest.mark.parametrize('arguments, name', [
    ({}, 'show-'), ({'name': 'driver'}, 'driver-'),
    ({'name': 'driver', 'exec_name': 'motor'}, 'motor-')])
def test_the_process_is_called_as_people_know_it(
        arm: Robot, arguments: dict[str, Any], name: str) -> None:
    told = Told(node := arm.node(**arguments))
    arm.launcher.run(*told.hear(), node)
    assert told.all('start')[0].process_name.startswith(name)


def test_events_and_the_log_show_what_people_wrote(arm: Robot) -> None:
    told = Told(node := arm.node(log_cmd=True, name='driver', parameters=[{'a': 1}]))
    arm.launcher.run(*told.hear(), node)
    words = ['arm/show', '--ros-args', '-r', '__node:=driver', '--params-file',
             '0_parameters.yaml']
    assert told.all('start')[0].cmd == words
    assert f"cmd='{' '.join(words)}'" in arm.launcher.log()


def test_names_are_known_when_it_runs(arm: Robot) -> None:
    node = arm.node(name='driver', namespace='robot1', remappings=[('a', 'b')])
    with pytest.raises(RuntimeError):
        node.node_name  # noqa: B018
    arm.launcher.run(SetRemap('c', 'd'), node)
    assert (node.node_name, node.expanded_node_namespace) == ('/robot1/driver', '/robot1')
    assert node.expanded_remapping_rules == [('c', 'd'), ('a', 'b')]
    assert node.is_node_name_fully_specified()
    assert (node.node_package, node.node_executable) == ('arm', 'show')


def test_two_nodes_of_one_name_are_told_of(arm: Robot) -> None:
    arm.launcher.run(*(arm.node(name='driver', namespace='/') for _ in range(2)))
    assert ('there are now at least 2 nodes with the name /driver in this launch'
            in arm.launcher.log())
