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

"""
From files and folders to an allow-list, with everything that is wrong said at once.

Meant to be run in a process of its own: it imports yaml and walks packages. The result
travels as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
import stat
from typing import TYPE_CHECKING

from ..errors import AllowListError
from .model import AllowList, Entry, Problem, report
from .nodes import line_of, Node, parse, wrong
from .trust import Trust

if TYPE_CHECKING:
    from .fields import Notes

__all__ = ['AllowList', 'Entry', 'Problem', 'read_allow_list', 'report']

MAX_FILE = 1024 * 1024  # bytes
MAX_FILES = 256
MAX_ENTRIES = 1000


def read_allow_list(paths: str | Sequence[str], base_env: Mapping[str, str]) -> AllowList:
    """
    Return what files and folders allow, and what is wrong with them. It raises nothing.

    A folder stands for its files *.yaml and *.yml in sorted order, without those that
    begin with a dot or end in ~; folders in it are left alone. A file that others could
    change is left out as a whole, an entry with problems is left out alone, an entry
    whose executable is missing or unsafe stays, with `error`. Of two entries with one id
    the first stays.

    :param paths: of files and folders; relative ones start at the working directory.
    :param base_env: from `base_environment`; packages and `ros2` are looked up in it.
    """
    trust = Trust()
    problems: list[Problem] = []
    files: list[str] = []
    for path in [paths] if isinstance(paths, str) else paths:
        files += _files(os.path.abspath(path), trust, problems)
    if len(files) > MAX_FILES:
        problems.append(Problem(
            files[MAX_FILES], 0, '', f'{len(files)} files; at most {MAX_FILES} are read'))
        del files[MAX_FILES:]
    entries: dict[str, Entry] = {}
    for file in files:
        _read_file(file, trust, base_env, entries, problems)
    return AllowList(entries, tuple(problems), tuple(files))


def _files(path: str, trust: Trust, problems: list[Problem]) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    if reason := trust.why_not(path):
        problems.append(Problem(path, 0, '', f'not read: {reason}'))
        return []
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        problems.append(Problem(path, 0, '', f'not read: {error.strerror}'))
        return []
    return [os.path.join(path, name) for name in names
            if name.endswith(('.yaml', '.yml')) and not name.startswith('.')
            and not os.path.isdir(os.path.join(path, name))]


def _read_file(
    file: str, trust: Trust, base_env: Mapping[str, str], entries: dict[str, Entry],
    problems: list[Problem],
) -> None:
    from .entries import id_of, read_entry
    from .fields import Notes
    from .schema import TOP  # here: who needs no more than the names above stays small

    notes = Notes(file)
    try:
        if reason := trust.why_not(file):
            raise AllowListError(f'not read: {reason}')
        top = parse(_text(file))
        if top is None:
            raise AllowListError(f'it is empty; it needs the key {TOP!r}')
        for node in _entry_nodes(top, notes):
            if len(entries) >= MAX_ENTRIES:
                raise wrong(node, f'more than {MAX_ENTRIES} entries')
            notes.entry = id_of(node)
            entry = read_entry(node, notes, base_env)
            if entry is not None and entry.id in entries:
                notes.add(node, f'the id is taken: {entries[entry.id].source} has it')
            elif entry is not None:
                entries[entry.id] = entry
            notes.entry = ''
    except AllowListError as error:
        notes.entry = ''
        notes.add(line_of(error), str(error))
    problems += sorted(notes.problems, key=lambda problem: problem.line)


def _entry_nodes(top: Node, notes: Notes) -> list[Node]:
    from .fields import did_you_mean
    from .schema import TOP

    found: list[Node] | None = None
    if top.kind != 'mapping':
        raise wrong(top, f'it has to begin with {TOP!r}:')
    for key, value in top.pairs:
        if key.text != TOP:
            notes.add(key, f'unknown key {key.text[:60]!r}' + did_you_mean(key.text, [TOP]))
        elif found is not None:
            notes.add(key, f'key {TOP!r} is given twice; the first is read')
        elif value.kind == 'sequence':
            found = value.items
        elif value.kind == 'scalar' and value.plain and not value.text:
            found = []
        else:
            raise wrong(value, f'{TOP}: a list of entries is expected, each with a dash')
    if found is None:
        notes.add(top, f'it needs the key {TOP!r}')
    return found or []


def _text(file: str) -> str:
    """
    Return the text of a file.

    :raises AllowListError: no plain file, not readable, too large, or not UTF-8.
    """
    try:
        # Not to hang on a pipe, O_NONBLOCK; it means nothing to a file.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, 'rb') as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise AllowListError('not read: it is no plain file')
            content = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise AllowListError(f'not read: {error.strerror}') from None
    if len(content) > MAX_FILE:
        raise AllowListError(f'not read: it has more than {MAX_FILE} bytes')
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise AllowListError(
            'not UTF-8', line=content.count(b'\n', 0, error.start) + 1) from None
