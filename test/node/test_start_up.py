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

"""What stands in the way of a node at its start is said in one line, or is no obstacle."""

import os

import pytest

from launch_service_node import srv


@pytest.mark.parametrize('options, environment, words', [
    ({'namespace': '/robot1/'}, {}, 'namespace'),
    ({'use_sim_time': 'perhaps'}, {}, 'use_sim_time'),
    ({}, {'ROS_DOMAIN_ID': 'lab'}, 'ROS_DOMAIN_ID'),
    ({}, {'ROS_DOMAIN_ID': '300'}, 'no ROS domain 300')])
def test_what_the_middleware_refuses_is_one_line(robot, options, environment, words):
    robot.lab.environment.update(environment)
    node = robot.node(ready=False, **options)
    assert node.wait() == 2, node.said
    own = [line for line in node.lines if line.startswith('[launch_service]')]
    assert len(own) == 1 and words in own[0], node.said
    assert 'Traceback' not in node.said


def test_a_file_whose_name_is_no_text_is_complained_about_and_ends_no_node(robot, caller):
    folder = robot.lab.folder / 'allowed'
    folder.mkdir()
    (folder / 'good.yaml').write_text(
        'allowable_processes: [{id: sleeper, cmd: [/bin/sleep, "1000"]}]')
    with open(os.path.join(os.fsencode(folder), b'b\xe4d.yaml'), 'w') as file:
        file.write('allowable_processes: [{id: bad, cmd: relative}]')
    node = robot.node(allowable_processes=str(folder))
    assert 'yaml' in node.wait_line('allow-list: ')
    response = caller.call(srv.StartProcess, 'start_process', cmd='sleeper')
    assert response.success, node.said
