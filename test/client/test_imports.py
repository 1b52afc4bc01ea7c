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

"""Importing the client needs no ROS."""

import subprocess
import sys

import pytest

BLOCK = """\
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('rclpy', 'launch', 'launch_ros', 'paramiko', 'ros2cli'):
            raise ImportError('blocked: ' + name)
sys.meta_path.insert(0, Block())
"""


@pytest.mark.parametrize('code', [
    'import launch_service_node.client',
    'from launch_service_node.client import LaunchServiceClient, RosSession, find_nodes',
    'import launch_service_node.cli.main as main; main.make_parser()',
    'import launch_service_node.cli.ros_backend',
])
def test_needs_neither_rclpy_nor_launch(code: str) -> None:
    done = subprocess.run([sys.executable, '-c', BLOCK + code], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr


def test_without_rclpy_a_session_says_what_to_do() -> None:
    code = BLOCK + (
        'from launch_service_node.client import RosSession\n'
        'from launch_service_node.errors import Unreachable\n'
        'try:\n'
        '    RosSession()\n'
        'except Unreachable as error:\n'
        '    print(error)\n')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          timeout=60)
    assert 'blocked: rclpy' in done.stdout and '--local' in done.stdout, done.stderr
