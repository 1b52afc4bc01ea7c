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

"""The walls of the room: what the node must not need."""

import subprocess
import sys

from harness import PATIENCE
import pytest

MODULES = ('main', 'launch_service', 'link', 'history', 'conversion', 'ending')


@pytest.mark.parametrize('module', MODULES)
def test_it_imports_neither_launch_nor_ssh_nor_what_the_supervisor_uses(module):
    program = (
        'import sys\n'
        'for name in ("launch", "launch_ros", "paramiko", "psutil",\n'
        '             "launch_service_node.supervisor", "launch_service_node.allow_list"):\n'
        '    sys.modules[name] = None\n'
        f'import launch_service_node.node.{module}\n')
    subprocess.run([sys.executable, '-c', program], check=True, timeout=PATIENCE)


@pytest.mark.parametrize('module', ['main', 'link', 'history', 'news', 'view'])
def test_it_needs_no_ros_before_the_node_is_made(module):
    program = ('import sys\n'
               'sys.modules["rclpy"] = None\n'
               f'import launch_service_node.node.{module}\n')
    subprocess.run([sys.executable, '-c', program], check=True, timeout=PATIENCE)
