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

"""When something counts as up to date."""

import os
from pathlib import Path

import pytest

from interface_build import objects

COMMAND = ['cc', '-c', 'a.c']


@pytest.fixture
def built(tmp_path):
    """Give the files of a step that has run: input, header, output and stamp."""
    files = [tmp_path / name for name in ('a.c', 'a.h', 'a.o')]
    for path in files:
        path.write_text(path.name, encoding='utf-8')
    stamp = tmp_path / 'stamps' / 'a.json'
    objects.write_stamp(stamp, COMMAND, files[:2])
    return (*files, stamp)


def test_what_has_not_changed_is_current(built):
    _, _, output, stamp = built
    assert objects.is_current(stamp, COMMAND, [output])


def test_a_file_with_a_new_date_and_the_same_content_is_current(built):
    source, _, output, stamp = built
    os.utime(source, (1, 1))
    assert objects.is_current(stamp, COMMAND, [output])


@pytest.mark.parametrize('index', [0, 1])
def test_a_changed_input_or_header_is_not_current(built, index):
    built[index].write_text('new', encoding='utf-8')
    assert not objects.is_current(built[3], COMMAND, [built[2]])


@pytest.mark.parametrize('index', [0, 1, 2, 3])
def test_a_missing_file_is_not_current(built, index):
    built[index].unlink()
    assert not objects.is_current(built[3], COMMAND, [built[2]])


def test_another_command_is_not_current(built):
    _, _, output, stamp = built
    assert not objects.is_current(stamp, [*COMMAND, '-O2'], [output])


def test_a_broken_stamp_is_not_current(built):
    _, _, output, stamp = built
    stamp.write_text('{', encoding='utf-8')
    assert not objects.is_current(stamp, COMMAND, [output])


def test_headers_are_read_from_what_the_compiler_writes():
    text = 'out/a.o: src/a.c \\\n include/x\\ y/b.h \\\n include/c.h\n'
    assert objects.headers_in(text) == [
        Path('src/a.c'), Path('include/x y/b.h'), Path('include/c.h')]
