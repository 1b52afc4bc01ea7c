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

"""The walls between the rooms: each room is imported with the others' libraries blocked."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import launch_service_node
from launch_service_node import supervisor

ROS = ('rclpy', 'builtin_interfaces', 'diagnostic_msgs', 'std_srvs', 'std_msgs',
       'launch_service_node.msg', 'launch_service_node.srv')
LAUNCH = ('launch', 'launch_ros', 'launch_xml', 'launch_yaml', 'ros2cli')
SSH = ('paramiko', 'launch_service_node.ssh')
NODE = ('launch_service_node.node',)
CLI = ('launch_service_node.cli',)
SUPERVISOR = ('launch_service_node.supervisor',)


def of_the_supervisor_all_but(*rooms: str) -> tuple[str, ...]:
    return tuple(f'{supervisor.__name__}.{found.name}'
                 for found in pkgutil.iter_modules(supervisor.__path__)
                 if found.name not in rooms)


#: Room or module: what none of its modules may import when it is imported itself.
WALLS = {
    'errors': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml'),
    'instance': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml'),
    'protocol': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml'),
    'domain': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml'),
    'environment': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml'),
    'inbox': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml'),
    'last_resort': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml'),
    'starting': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil'),
    'allow_list': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR, 'psutil',
                   'launch_service_node.client'),
    'supervisor': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, 'launch_service_node.client'),
    'supervisor.kernel': of_the_supervisor_all_but('kernel'),
    'supervisor.records': of_the_supervisor_all_but('records', 'kernel', 'states'),
    'client': (*ROS, *LAUNCH, *SSH, *NODE, *CLI, *SUPERVISOR),
    'node': (*LAUNCH, *SSH, *CLI, *SUPERVISOR, 'launch_service_node.client'),
    'ssh': (*ROS, *LAUNCH, *NODE, *CLI, *SUPERVISOR, 'psutil', 'yaml',
            'launch_service_node.client'),
    'bootstrap': (*ROS, *LAUNCH, *NODE, *CLI, *SUPERVISOR, 'psutil'),
    'cli': (*ROS, *LAUNCH, *NODE, *SUPERVISOR),
    # These are for launch files: they need `launch`, and ROS only when they run.
    'machines': (*ROS, 'launch_ros', 'ros2cli', *NODE, *CLI, *SUPERVISOR, 'psutil'),
    'substitutions': (*ROS, 'launch_ros', 'ros2cli', *NODE, *CLI, *SUPERVISOR, 'psutil'),
    'actions': (*ROS, 'launch_ros', 'ros2cli', *NODE, *CLI, *SUPERVISOR, 'psutil'),
    'events': (*ROS, 'launch_ros', 'ros2cli', *NODE, *CLI, *SUPERVISOR, 'psutil'),
    'event_handlers': (*ROS, 'launch_ros', 'ros2cli', *NODE, *CLI, *SUPERVISOR, 'psutil'),
    'launch_extension': (*ROS, 'launch_ros', 'ros2cli', *NODE, *CLI, *SUPERVISOR, 'psutil'),
}

FOR_LAUNCH = ('machines', 'substitutions', 'actions', 'events', 'event_handlers',
              'launch_extension')

#: What needs a library only when it runs under that library.
BEYOND = {'launch_service_node.cli.ros2': 'ros2cli'}

_IMPORT = """
import importlib, sys
module, *blocked = sys.argv[1:]
class Wall:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + '.') for one in blocked):
            raise ImportError(f'{module} reaches through the wall to {name}')
        return None
sys.meta_path.insert(0, Wall())
importlib.import_module(module)
"""


def modules_of(room: str) -> list[str]:
    name = f'launch_service_node.{room}'
    package = __import__(name, fromlist=['_'])
    if not hasattr(package, '__path__'):
        return [name]
    return [name, *(found.name for found in pkgutil.walk_packages(package.__path__, f'{name}.')
                    if not found.name.endswith('__main__') and found.name not in BEYOND)]


def test_every_room_has_its_walls() -> None:
    rooms = {found.name for found in pkgutil.iter_modules(launch_service_node.__path__)}
    rooms = {room for room in rooms if '_s__rosidl_' not in room}  # generated extensions
    assert rooms - set(WALLS) - {'msg', 'srv', 'examples'} == set()


@pytest.mark.parametrize('room', WALLS)
def test_no_module_reaches_through_a_wall(room: str) -> None:
    if room in FOR_LAUNCH:
        pytest.importorskip('launch', reason='launch cannot be imported')
    for module in modules_of(room):
        found = subprocess.run([sys.executable, '-c', _IMPORT, module, *WALLS[room]],
                               capture_output=True, text=True, timeout=60, check=False)
        assert found.returncode == 0, found.stderr


def test_a_wall_stands() -> None:
    found = subprocess.run(
        [sys.executable, '-c', _IMPORT, 'launch_service_node.supervisor.kernel.tree', 'zlib'],
        capture_output=True, text=True, timeout=60, check=False)
    assert 'reaches through the wall to' in found.stderr
