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

"""What allow_any takes."""

from __future__ import annotations

import pytest

from launch_service_node.allow_list.anything import entry_for_any
from launch_service_node.allow_list.resolve import resolve
from launch_service_node.errors import InvalidRequest, NotAllowed, ProcessError, ResultCode
from launch_service_node.instance import NAME_TOKEN

from .conftest import Prefix


def test_an_absolute_path_is_taken_with_any_arguments() -> None:
    """Options too; but each stays one argument."""
    entry = entry_for_any('/bin/sh', {})
    command = resolve(entry, ['-c', 'exit 3; x', '', '--ros-args'], {'MINE': 'x'}, '/tmp')
    assert command.argv == ('/bin/sh', '-c', 'exit 3; x', '', '--ros-args')
    assert command.environment == {'MINE': 'x'}
    assert command.cwd == '/tmp'


def test_an_executable_of_a_package_is_taken(prefix: Prefix) -> None:
    """With a slash between, as there is no shell that would split words."""
    entry = entry_for_any('robot/drive', prefix.environment)
    assert (entry.id, entry.command) == ('drive', 'robot drive')
    assert entry.argv == (str(prefix.folder / 'lib/robot/drive'),)


def test_a_launch_file_of_a_package_is_taken(prefix: Prefix) -> None:
    """If there is a `ros2`."""
    entry = entry_for_any('robot/all.launch.py', prefix.environment)
    assert entry.argv == (str(prefix.folder / 'bin/ros2'), 'launch',
                          str(prefix.folder / 'share/robot/launch/all.launch.py'))
    (prefix.folder / 'bin/ros2').unlink()
    with pytest.raises(ProcessError, match='not on PATH'):
        entry_for_any('robot/all.launch.py', prefix.environment)


@pytest.mark.parametrize('cmd', ['/bin/sh', '/bin/7z', '/bin/[', '/', '/bin/a.b-c', 'robot/drive'])
def test_the_id_makes_a_name_for_the_process(cmd: str, prefix: Prefix) -> None:
    """Whatever the path looks like."""
    if cmd != 'robot/drive':
        prefix.program(f'bin{cmd}x')
        cmd = f'{prefix.folder}/bin{cmd}x'
    assert NAME_TOKEN.match(entry_for_any(cmd, prefix.environment).id)


@pytest.mark.parametrize('cmd', [
    'sh', 'bin/../sh', 'a b', 'robot drive', './x', '/bin/sh\n', '-x'])
def test_anything_else_is_refused(cmd: str) -> None:
    """PATH isn't searched."""
    with pytest.raises((InvalidRequest, ProcessError)):
        entry_for_any(cmd, {'PATH': '/bin'})


def test_what_is_not_there_is_refused(prefix: Prefix) -> None:
    """Before anything is started."""
    for cmd in ('/does/not/exist', 'robot/none', 'none/none'):
        with pytest.raises(ProcessError) as caught:
            entry_for_any(cmd, prefix.environment)
        assert caught.value.code == ResultCode.EXECUTABLE_UNUSABLE


def test_loader_variables_are_refused_all_the_same() -> None:
    """Nobody needs them for development from afar."""
    with pytest.raises(NotAllowed) as caught:
        resolve(entry_for_any('/bin/sh', {}), [], {'LD_PRELOAD': '/x'})
    assert caught.value.code == ResultCode.ENVIRONMENT_NOT_ALLOWED
