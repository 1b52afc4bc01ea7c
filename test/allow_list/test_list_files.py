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

"""Files and folders of allow-lists: what is none is named, and the others are read."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest

from launch_service_node.allow_list.nodes import MAX_NODES
from launch_service_node.allow_list.reading import (
    AllowList,
    MAX_ENTRIES,
    MAX_FILE,
    MAX_FILES,
    read_allow_list,
    report,
)

from .lists import complaints, Write


@pytest.mark.parametrize(('text', 'line', 'said'), [
    ('', 0, 'it is empty'),
    ('# nothing\n', 0, 'it is empty'),
    ('a: [', 1, 'not YAML'),
    ('a: 1\nb: [1, 2\nc: 3\n', 3, 'not YAML'),
    ('a: "x\n', 1, 'not YAML'),
    ('a:\n\t- b\n', 2, 'not YAML'),
    ('a: \x01', 1, 'not YAML'),
    ('x\n', 1, "it has to begin with 'allowable_processes':"),
    ('- x\n', 1, "it has to begin with 'allowable_processes':"),
    ('allowed: []\n', 1, "unknown key 'allowed'"),
    ('\nallowable_process: []\n', 2, "did you mean 'allowable_processes'?"),
    ('allowable_processes: {a: b}\n', 1, 'a list of entries is expected'),
    ('allowable_processes:\n  a\n', 2, 'a list of entries is expected'),
    ('allowable_processes: []\nallowable_processes: []\n', 2, 'given twice'),
    ('allowable_processes: []\n---\na: b\n', 2, 'a second document'),
    ('allowable_processes:\n  - &a {id: x}\n  - *a\n', 2, 'anchors (&) and aliases (*)'),
    ('allowable_processes:\n  - *a\n', 2, 'anchors (&) and aliases (*)'),
    ('allowable_processes:\n  - !!python/object:os.system {}\n', 2, 'tags are not taken'),
    ('allowable_processes:\n  - {id: !secret x}\n', 2, 'tags are not taken'),
    ('allowable_processes:\n  - {[a]: b}\n', 2, 'a key has to be a word'),
    ('allowable_processes: ' + '[' * 2000 + '\n', 1, 'nested deeper than'),
    ('allowable_processes: ' + '{a: ' * 2000 + '\n', 1, 'nested deeper than'),
])
def test_a_file_that_is_no_allow_list_says_where(
    write: Write, text: str, line: int, said: str,
) -> None:
    """Nothing is taken from it."""
    path = write('')
    Path(path).write_text(text)
    read = read_allow_list(path, {})
    assert read.entries == {}
    assert (read.problems[0].line, said in read.problems[0].message) == (line, True), report(read)


def test_a_file_that_is_not_utf_8_says_where(write: Write) -> None:
    """The line of the first such byte."""
    path = write('')
    Path(path).write_bytes(b'allowable_processes:\n# caf\xe9\n')
    assert report(read_allow_list(path, {})) == [f'{path}:2: not UTF-8']


def test_a_file_has_bounds(write: Write) -> None:
    """Bytes, values, entries."""
    large = 'allowable_processes: [] #' + 'x' * MAX_FILE
    assert complaints(write, large) == [(0, f'not read: it has more than {MAX_FILE} bytes')]
    many = 'allowable_processes: [' + 'a,' * MAX_NODES + ']'
    assert 'more than' in complaints(write, many)[0][1]
    entries = ''.join(f'  - {{id: e{n}, cmd: /bin/sh}}\n' for n in range(MAX_ENTRIES + 5))
    read = read_allow_list(write(f'allowable_processes:\n{entries}'), {})
    assert len(read.entries) == MAX_ENTRIES
    assert [(p.line, p.message) for p in read.problems] == [
        (MAX_ENTRIES + 2, f'more than {MAX_ENTRIES} entries')]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The others are read."""
    good = tmp_path / 'good.yaml'
    good.write_text('allowable_processes: [{id: x, cmd: /bin/sh}]')
    read = read_allow_list([str(tmp_path / 'none.yaml'), str(good)], {})
    assert list(read.entries) == ['x']
    assert report(read) == [f"{tmp_path}/none.yaml: not read: '{tmp_path}/none.yaml' can't be "
                            'looked at: No such file or directory']


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """Reading it would never end."""
    os.mkfifo(tmp_path / 'pipe.yaml')
    assert 'no plain file' in report(read_allow_list(str(tmp_path / 'pipe.yaml'), {}))[0]


def test_a_file_that_others_may_write_is_left_out_as_a_whole(write: Write) -> None:
    """With the command that mends it."""
    path = write('allowable_processes: [{id: x, cmd: /bin/sh}]')
    os.chmod(path, 0o666)
    read = read_allow_list(path, {})
    assert read.entries == {}
    assert report(read) == [f"{path}: not read: everyone may write to '{path}'; chmod go-w {path}"]


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give files away')
def test_a_file_of_someone_else_is_left_out(write: Write) -> None:
    """Whoever owns it may write to it."""
    path = write('allowable_processes: [{id: x, cmd: /bin/sh}]')
    os.chown(path, 65534, 65534)
    assert 'belongs to nobody' in report(read_allow_list(path, {}))[0]


def test_a_folder_stands_for_its_yaml_files_in_order(write: Write, tmp_path: Path) -> None:
    """Backups, hidden files and folders are left alone."""
    text = 'allowable_processes: [{id: %s, cmd: /bin/sh}]'
    for name in ('b.yaml', 'a.yml', '.hidden.yaml', 'c.yaml~', 'README', 'd.yaml.bak'):
        write(text % f'from_{name[:2].strip(".")[0]}', f'list.d/{name}')
    (tmp_path / 'list.d/e.yaml').mkdir()
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert report(read) == []
    assert list(read.entries) == ['from_a', 'from_b']
    assert read.files == (f'{tmp_path}/list.d/a.yml', f'{tmp_path}/list.d/b.yaml')


def test_a_folder_that_others_may_write_is_left_out(write: Write, tmp_path: Path) -> None:
    """They could add a file; a sticky one lets them do so too, but not as its owner."""
    write('allowable_processes: [{id: x, cmd: /bin/sh}]', 'list.d/a.yaml')
    (tmp_path / 'list.d').chmod(0o777)
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert read.entries == {}
    assert [p.file for p in read.problems] == [f'{tmp_path}/list.d']


def test_an_id_is_taken_once_across_files(write: Write, tmp_path: Path) -> None:
    """The first stays; the message says where it is."""
    first = write('allowable_processes:\n  - {id: x, cmd: /bin/sh}\n', 'list.d/a.yaml')
    second = write('allowable_processes:\n\n  - {id: x, cmd: /bin/ls}\n', 'list.d/b.yaml')
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert read.entries['x'].argv == ('/bin/sh',)
    assert report(read) == [f"{second}:3: entry 'x': the id is taken: {first}:2 has it"]


def test_too_many_files_are_too_many(write: Write, tmp_path: Path) -> None:
    """Those beyond are not read."""
    for number in range(MAX_FILES + 1):
        write('allowable_processes: []', f'list.d/{number:04}.yaml')
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert len(read.files) == MAX_FILES
    assert report(read) == [f'{tmp_path}/list.d/{MAX_FILES:04}.yaml: {MAX_FILES + 1} files; at '
                            f'most {MAX_FILES} are read']


_WORDS = st.sampled_from([
    'allowable_processes', 'id', 'cmd', 'x', '/bin/sh', 'package', 'restart', 'limit', '{', '}',
    '[', ']', ':', ': ', '- ', '\n', '\n  ', '\n    ', ',', '"', "'", '&a', '*a', '!!x', '5 in',
    '~', '$(name)', '|', '>', '#', '%', '?', '---', '<<', '\t', '\0', 'é', '\ud7ff'])


@settings(max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_WORDS, max_size=40).map(''.join) | st.text(max_size=80))
def test_any_text_gives_entries_and_problems_and_no_error(tmp_path: Path, text: str) -> None:
    """A problem is one line, and what has none names an executable."""
    path = tmp_path / 'any.yaml'
    path.write_bytes(text.encode('utf-8', 'surrogatepass'))
    read = read_allow_list(str(path), {})
    assert all('\n' not in line for line in report(read)), report(read)
    assert all(entry.error or entry.argv[0].startswith('/') for entry in read.entries.values())
    assert AllowList.from_json(read.to_json()) == read
