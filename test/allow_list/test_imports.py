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

"""What the supervisor imports stays small, and the room knows no ROS."""

from __future__ import annotations

import subprocess
import sys

import pytest

ROOM = 'launch_service_node.allow_list'


def imported(statement: str) -> set[str]:
    """Return the modules that a new Python has after a statement."""
    done = subprocess.run(
        [sys.executable, '-c', f'import sys\n{statement}\nprint(*sys.modules)'],
        capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize('module', ['model', 'resolve', 'checking', 'reading', 'anything'])
def test_what_the_supervisor_imports_is_small(module: str) -> None:
    """Neither YAML nor anything large comes along."""
    before = imported('pass')
    new = imported(f'import {ROOM}.{module}') - before
    assert f'{ROOM}.{module}' in new
    assert not new & {'yaml', 'difflib', 'pathlib', 'subprocess', 'logging', 'asyncio', 'socket'}


def test_the_room_works_without_ros() -> None:
    """Everything in it, with the libraries of the other rooms blocked."""
    blocked = ('rclpy', 'launch', 'launch_ros', 'paramiko', 'ament_index_python', 'psutil')
    names = ('ament', 'anything', 'checking', 'entries', 'fields', 'forbidden', 'model', 'nodes',
             'patterns', 'quantities', 'reading', 'resolve', 'schema', 'trust')
    block = f'sys.modules.update(dict.fromkeys({blocked!r}))\n'
    imports = '\n'.join(f'import {ROOM}.{name}' for name in names)
    new = imported(f'{block}{imports}\nimport launch_service_node.environment')
    assert not {name for name in new if name.partition('.')[0] == 'rclpy'} - {'rclpy'}


def test_yaml_is_imported_only_to_read(tmp_path: object) -> None:
    """By the function that needs it."""
    path = f'{tmp_path}/x.yaml'
    with open(path, 'w', encoding='utf-8') as file:
        file.write('allowable_processes: []')
    reading = f'from {ROOM}.reading import read_allow_list\n'
    assert 'yaml' not in imported(reading)
    assert 'yaml' in imported(f'{reading}assert not read_allow_list({path!r}, {{}}).problems')
