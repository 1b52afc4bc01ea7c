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

"""Packages, executables and launch files, in made-up prefixes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from launch_service_node.allow_list import ament
from launch_service_node.errors import ProcessError, ResultCode

from .conftest import Prefix


def refusal(call: Callable[..., str], *args: object) -> str:
    """Return the message of the refusal, which always has the same code."""
    with pytest.raises(ProcessError) as caught:
        call(*args)
    assert caught.value.code == ResultCode.EXECUTABLE_UNUSABLE
    assert '\n' not in caught.value.message
    return caught.value.message


def test_the_first_prefix_with_the_package_counts(prefix: Prefix, tmp_path: Path) -> None:
    """An overlay comes before its underlay."""
    overlay = Prefix(tmp_path / 'overlay')
    overlay.package('robot')
    both = {'AMENT_PREFIX_PATH': f'{tmp_path}/missing:{overlay.folder}:{prefix.folder}'}
    assert ament.package_prefix('robot', both) == str(overlay.folder)


def test_a_missing_package_says_what_to_do(prefix: Prefix) -> None:
    """A close name is suggested."""
    message = refusal(ament.package_prefix, 'robto', prefix.environment)
    assert message == ("package 'robto' is not in AMENT_PREFIX_PATH (did you mean 'robot'?); "
                       'source its workspace before the node starts')
    assert refusal(ament.package_prefix, 'x', {}).startswith("package 'x' is not in AMENT")


def test_an_executable_is_found_in_lib(prefix: Prefix) -> None:
    """Also in a folder below, as `ros2 run` does."""
    deep = prefix.program('lib/robot/tools/deep')
    assert ament.executable_path('robot', 'drive', prefix.environment) == str(
        prefix.folder / 'lib/robot/drive')
    assert ament.executable_path('robot', 'deep', prefix.environment) == str(deep)


def test_a_missing_executable_suggests_another(prefix: Prefix) -> None:
    """The folder is named."""
    message = refusal(ament.executable_path, 'robot', 'dirve', prefix.environment)
    assert "has no executable 'dirve'" in message
    assert "did you mean 'drive'?" in message


def test_an_executable_that_is_there_twice_is_refused(prefix: Prefix) -> None:
    """Nobody could say which is meant."""
    prefix.program('lib/robot/a/twice')
    prefix.program('lib/robot/b/twice')
    assert 'several' in refusal(ament.executable_path, 'robot', 'twice', prefix.environment)


@pytest.mark.parametrize('file', ['all.launch.py', 'launch/all.launch.py'])
def test_a_launch_file_is_found_by_name_and_by_path(prefix: Prefix, file: str) -> None:
    """The path is that within the share folder."""
    assert ament.launch_file_path('robot', file, prefix.environment) == str(
        prefix.folder / 'share/robot/launch/all.launch.py')


def test_a_missing_launch_file_suggests_another(prefix: Prefix) -> None:
    """A path is taken as it is."""
    assert "did you mean 'all.launch.py'?" in refusal(
        ament.launch_file_path, 'robot', 'al.launch.py', prefix.environment)
    assert 'there is no launch file' in refusal(
        ament.launch_file_path, 'robot', 'x/all.launch.py', prefix.environment)


def test_a_launch_file_that_is_there_twice_is_refused(prefix: Prefix) -> None:
    """As `ros2 launch` does."""
    prefix.file('share/robot/other/all.launch.py')
    message = refusal(ament.launch_file_path, 'robot', 'all.launch.py', prefix.environment)
    assert 'several' in message and 'give its path' in message


def test_a_program_is_found_on_the_path_that_is_given(prefix: Prefix, tmp_path: Path) -> None:
    """Relative folders of PATH and files that can't be executed are passed over."""
    assert ament.program_path('ros2', prefix.environment) == str(prefix.folder / 'bin/ros2')
    (prefix.folder / 'bin/ros2').chmod(0o644)
    assert ament.program_path('ros2', prefix.environment) == ''
    assert ament.program_path('sh', {'PATH': ':bin:.'}) == ''
    assert ament.program_path('sh', {}) == ''
