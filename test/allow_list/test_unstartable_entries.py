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

"""Entries of what isn't there, or isn't safe to run, are listed with the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from launch_service_node.allow_list.reading import read_allow_list

from .conftest import Prefix
from .lists import Write


@pytest.mark.parametrize(('entry', 'said'), [
    ('{id: x, package: none, executable: a}', "package 'none' is not in AMENT_PREFIX_PATH"),
    ('{id: x, package: robot, executable: dirve}', "did you mean 'drive'?"),
    ('{id: x, launch_file: {package: robot, file: none}}', "has no launch file 'none'"),
    ('{id: x, cmd: /does/not/exist}', 'No such file or directory'),
    ('{id: x, cmd: /bin}', 'is not a file'),
    ('{id: x, cmd: /bin/sh, user: no_such_user}', "no user 'no_such_user'"),
])
def test_what_cannot_be_started_is_listed_with_the_reason(
    write: Write, prefix: Prefix, entry: str, said: str,
) -> None:
    """It is a problem, and the entry stays for ListExecutables."""
    path = write(f'allowable_processes:\n  - {entry}\n')
    read = read_allow_list(path, prefix.environment)
    assert said in read.entries['x'].error
    assert read.entries['x'].command
    assert [(problem.line, problem.message) for problem in read.problems] == [
        (2, read.entries['x'].error)]


def test_what_is_no_file_is_not_opened(write: Write, tmp_path: Path) -> None:
    """That could wait for ever, as here if nobody wrote, or do what no reader wants to do."""
    line = tmp_path / 'line'
    os.mkfifo(line, 0o755)
    said = b'#!/usr/bin/env python3\n' * 2500  # more than is read at once
    fd = os.open(line, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(fd, said)
        read = read_allow_list(write(f'allowable_processes: [{{id: x, cmd: {line}}}]'), {})
        assert 'is not a file' in read.entries['x'].error
        assert os.read(fd, 2 * len(said)) == said
    finally:
        os.close(fd)


def test_a_launch_file_needs_ros2(write: Write, prefix: Prefix) -> None:
    """It says so, once."""
    (prefix.folder / 'bin/ros2').unlink()
    path = write('allowable_processes: [{id: x, launch_file: '
                 '{package: robot, file: all.launch.py}}]')
    read = read_allow_list(path, prefix.environment)
    assert read.entries['x'].error == 'needs `ros2 launch`, which is not on PATH'
    assert len(read.problems) == 1


@pytest.mark.parametrize('unsafe', ['lib/robot/drive', 'lib/robot', 'lib', '.'])
def test_an_executable_that_others_may_replace_is_listed_with_the_reason(
    write: Write, prefix: Prefix, unsafe: str,
) -> None:
    """The entry beside it keeps working."""
    path = write('allowable_processes: [{id: x, package: robot, executable: drive}, '
                 '{id: y, cmd: /bin/sh}]')
    (prefix.folder / unsafe).chmod(0o777)
    read = read_allow_list(path, prefix.environment)
    assert 'not safe to run: everyone may write to' in read.entries['x'].error
    assert read.entries['y'].error == ''
    assert len(read.problems) == 1


def test_a_launch_file_that_others_may_replace_is_listed_with_the_reason(
    write: Write, prefix: Prefix,
) -> None:
    """What is run is `ros2`, but what it runs is the file."""
    file = prefix.folder / 'share/robot/launch/all.launch.py'
    file.chmod(0o666)
    path = write('allowable_processes: [{id: x, launch_file: '
                 '{package: robot, file: all.launch.py}}]')
    read = read_allow_list(path, prefix.environment)
    assert read.entries['x'].error == (
        f"not safe to run: everyone may write to '{file}'; chmod go-w {file}")


@pytest.mark.parametrize('line', [
    '/usr/bin/env -S ${HOME}/bin/runner', '/usr/bin/env ./runner', '/usr/bin/env bin/runner',
    '/usr/bin/env -S "runner" -x', '/usr/bin/env -S A=1 runner', '/usr/bin/env -i runner'])
def test_what_env_does_not_look_up_or_only_env_can_read_keeps_no_script_from_running(
    write: Write, prefix: Prefix, line: str,
) -> None:
    """It may well be there when it runs."""
    prefix.file('lib/robot/drive', f'#!{line}\n', 0o755)
    path = write('allowable_processes: [{id: x, package: robot, executable: drive}]')
    assert read_allow_list(path, prefix.environment).problems == ()


@pytest.mark.parametrize('line', ['/usr/bin/env runner', '/usr/bin/env  -S runner -x'])
def test_what_runs_a_script_through_env_counts(
    write: Write, prefix: Prefix, line: str,
) -> None:
    """It is found in PATH, and runs what is in the script."""
    path = write('allowable_processes: [{id: x, package: robot, executable: drive}]')
    script = prefix.file('lib/robot/drive', f'#!{line}\n', 0o755)
    read = read_allow_list(path, prefix.environment)
    assert read.entries['x'].error == f"executable '{script}' needs 'runner', which is not on PATH"
    runner = prefix.program('bin/runner')
    found = read_allow_list(path, prefix.environment).entries['x']
    assert (found.error, found.checked_paths) == ('', (str(script), str(runner)))
    (prefix.folder / 'bin').chmod(0o777)
    read = read_allow_list(path, prefix.environment)
    assert 'not safe to run: everyone may write to' in read.entries['x'].error


def test_a_script_through_env_with_the_line_ends_of_windows_is_told_so(
    write: Write, prefix: Prefix,
) -> None:
    """`env` would say so only in the output."""
    script = prefix.file('lib/robot/drive', '#!/usr/bin/env sh\r\n', 0o755)
    path = write('allowable_processes: [{id: x, package: robot, executable: drive}]')
    assert read_allow_list(path, prefix.environment).entries['x'].error == (
        f"executable '{script}' needs 'sh\\r', which is not on PATH; its lines end as those of "
        f"Windows: sed -i 's/\\r$//' {script}")
