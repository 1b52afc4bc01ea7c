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

"""Whether an entry can be started now."""

from __future__ import annotations

import os
from pathlib import Path
import pwd

import pytest

from launch_service_node.allow_list.checking import check_executable, file_ids
from launch_service_node.allow_list.model import Entry


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Give a safe script."""
    path = tmp_path / 'program'
    path.write_text('#!/bin/sh\n')
    path.chmod(0o755)
    return path


def entry(path: Path, **fields: object) -> Entry:
    """Make an entry whose executable is checked."""
    return Entry('x', argv=(str(path),), checked_paths=(str(path),), **fields)  # type: ignore


def test_a_safe_executable_can_be_started(program: Path) -> None:
    """There is nothing to say about it."""
    assert check_executable(entry(program)) == ''
    assert check_executable(entry(Path('/bin/sh'))) == ''


def test_what_was_missing_may_come(program: Path) -> None:
    """The error of the time when the list was read doesn't stick."""
    assert check_executable(entry(program, error='it was missing')) == ''


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """With the cause."""
    assert check_executable(entry(tmp_path / 'none')) == (
        f"executable '{tmp_path}/none': No such file or directory")


def test_a_command_line_where_a_path_belongs_is_told_so() -> None:
    """A path may hold spaces, but this is what people write who think of a shell."""
    assert check_executable(entry(Path('/bin/sh -c exit'))) == (
        "executable '/bin/sh -c exit': No such file or directory; a program with arguments is a "
        'list: [/bin/sh, …]')


def test_an_entry_without_an_executable_repeats_why() -> None:
    """Such as a package that isn't there."""
    assert check_executable(Entry('x', error='no package')) == 'no package'
    assert check_executable(Entry('x'))


def test_a_folder_and_a_file_without_x_cannot_be_started(program: Path) -> None:
    """Even root can't execute a file without any x bit."""
    assert 'is not a file' in check_executable(entry(program.parent))
    program.chmod(0o644)
    assert 'may not be executed; chmod +x' in check_executable(entry(program))


def test_what_others_may_replace_is_not_safe(program: Path) -> None:
    """Also when it became so after the list was read."""
    program.chmod(0o777)
    assert check_executable(entry(program)).startswith('not safe to run: everyone may write')


def test_another_file_or_another_content_has_another_id(program: Path, tmp_path: Path) -> None:
    """Every file of an entry, one that comes later included."""
    later = tmp_path / 'later'
    both = Entry('x', argv=(str(program),), checked_paths=(str(program), str(later)))
    before = file_ids(both)
    assert [one.path for one in before] == [str(program), str(later)]
    assert file_ids(both) == before
    later.write_text('')
    assert file_ids(both)[1] != before[1]
    assert file_ids(both)[0] == before[0]
    program.write_text('#!/bin/sh\nreboot\n')
    os.utime(program, ns=(0, 0))  # a time that anybody may set says nothing
    assert file_ids(both)[0] != before[0]


def test_every_checked_file_counts(program: Path, tmp_path: Path) -> None:
    """A launch file, for example."""
    launch_file = tmp_path / 'x.launch.py'
    launch_file.write_text('')
    two = Entry('x', argv=(str(program),), checked_paths=(str(program), str(launch_file)))
    assert check_executable(two) == ''
    launch_file.chmod(0o666)
    assert f"'{launch_file}'" in check_executable(two)


def test_the_interpreter_of_a_script_counts(program: Path, tmp_path: Path) -> None:
    """It runs what is in the script, so it has to be there and to be safe."""
    interpreter = tmp_path / 'interpreter'
    program.write_text(f'#! {interpreter} -x\n')
    assert check_executable(entry(program)) == (
        f"the interpreter '{interpreter}' of '{program}' does not exist")
    interpreter.write_text('')
    assert check_executable(entry(program)) == ''
    interpreter.chmod(0o666)
    assert check_executable(entry(program)).startswith('not safe to run')


def test_a_script_with_the_line_ends_of_windows_is_told_so(program: Path) -> None:
    """Linux says only that a file is not there."""
    program.write_bytes(b'#!/bin/sh\r\necho hi\r\n')
    assert check_executable(entry(program)) == (
        f"the interpreter '/bin/sh\\r' of '{program}' does not exist; its lines end as those of "
        f"Windows: sed -i 's/\\r$//' {program}")


def test_a_missing_user_is_named(program: Path) -> None:
    """The user has to exist on this host."""
    assert 'no user' in check_executable(entry(program, user='nobody_of_that_name'))


def test_only_root_can_run_it_as_someone_else(
    program: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One's own name needs nothing."""
    uid = os.geteuid() or 1000
    if os.geteuid() == 0:
        os.chown(program, uid, uid)
        os.chown(program.parent, uid, uid)
    names = {'me': uid, 'other': uid + 1}
    monkeypatch.setattr(os, 'geteuid', lambda: uid)
    monkeypatch.setattr(pwd, 'getpwnam', lambda name: pwd.struct_passwd(
        (name, 'x', names[name], 1, '', '/', '')))
    assert 'only an instance of root' in check_executable(entry(program, user='other'))
    assert 'root' not in check_executable(entry(Path('/bin/sh'), user='me'))


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give files away')
def test_the_user_of_the_entry_may_own_the_executable(program: Path) -> None:
    """It only ever acts as that user."""
    nobody = pwd.getpwnam('nobody')
    os.chown(program, nobody.pw_uid, nobody.pw_gid)
    assert 'belongs to nobody' in check_executable(entry(program))
    assert check_executable(entry(program, user='nobody')) == ''
