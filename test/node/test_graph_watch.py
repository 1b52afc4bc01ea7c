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

"""Readiness that waits for a ROS node, from the allow-list to the answer of a start."""

import sys

from launch_service_node.msg import ProcessStatus
from rclpy.node import Node

from launch_service_node import srv

NODE = """
    import rclpy
    from rclpy.node import Node
    rclpy.init()
    rclpy.spin(Node('lidar', namespace='/robot1'))
"""


def entry(robot, node, timeout):
    return {'id': 'lidar', 'cmd': [sys.executable, robot.lab.write('lidar.py', NODE)],
            'ready': {'node': node, 'timeout': timeout},
            'pass_environment': ['ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE']}


def test_a_process_is_ready_when_its_node_is_on_the_graph(robot, caller):
    robot.node(entry(robot, 'lidar', '30 s'))
    response = caller.call(srv.StartProcess, 'start_process', cmd='lidar', wait_ready=True)
    assert response.success, response
    assert response.status.process_status == ProcessStatus.RUNNING


def test_a_node_that_is_there_already_counts(robot, caller):
    other = Node('there', namespace='/robot1', context=caller.context)
    robot.node(entry(robot, '/robot1/there', '30 s'))
    response = caller.call(srv.StartProcess, 'start_process', cmd='lidar', wait_ready=True)
    assert response.success, response
    other.destroy_node()


def test_a_node_that_never_comes_fails_the_start(robot, caller):
    robot.node(entry(robot, 'radar', '1 s'))
    response = caller.call(srv.StartProcess, 'start_process', cmd='lidar', wait_ready=True)
    assert not response.success
    assert 'radar' in response.message
