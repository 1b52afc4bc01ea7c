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
Readers of single values and of mappings, each for one kind of value.

A reader takes a node and returns the value, or raises the error of `wrong`. What reads a
mapping or a list collects the errors of its parts in `Notes` and goes on, so that
everything that is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
import re
from typing import Any

from ..errors import AllowListError
from .model import Problem
from .nodes import line_of, Node, wrong

Reader = Callable[[Node, 'Notes'], Any]

MAX_TEXT = 32_768  # characters of a value
MAX_ITEMS = 256  # of a list or a mapping
_WORD = {'true': True, 'yes': True, 'on': True, 'false': False, 'no': False, 'off': False}
_TOKEN = re.compile(r'[A-Za-z][A-Za-z0-9_]*')
_VARIABLE = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_PLACEHOLDER = re.compile(r'\$\(([^)]*)\)?')
MAX_TOKEN = 200
LEFT_OUT = object()


class Notes:
    """
    The problems of one file.

    :param file: path of the file.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.entry = ''  # id of the entry that is being read
        self.problems: list[Problem] = []
        self._keys: list[str] = []

    def add(self, where: Node | int, message: str) -> None:
        """Note a problem at a node or in a line."""
        line = where if isinstance(where, int) else where.line
        key = ''.join(self._keys).lstrip('.')
        self.problems.append(
            Problem(self.file, line, self.entry, f'{key}: {message}' if key else message))

    def read(self, key: str, reader: Reader, node: Node, default: Any) -> Any:
        """Read a part; when that fails, note why and return the default."""
        self._keys.append(key)
        try:
            return reader(node, self)
        except AllowListError as error:
            self.add(line_of(error), str(error))
            return default
        finally:
            self._keys.pop()


def text(node: Node, _: Notes | None = None) -> str:
    """Read any text, in the author's spelling."""
    if node.kind != 'scalar':
        raise wrong(node, f'a {node.kind} where a text is expected')
    if node.plain and node.text in ('', '~', 'null', 'Null', 'NULL'):
        raise wrong(node, "it has no value; write '' for an empty text")
    if '\0' in node.text or len(node.text) > MAX_TEXT:
        raise wrong(node, f'it holds a NUL or more than {MAX_TEXT} characters')
    return node.text


def line(node: Node, _: Notes | None = None) -> str:
    """Read a text of one line."""
    value = text(node)
    if '\n' in value or '\r' in value:
        raise wrong(node, 'it has to be one line')
    return value


def template(node: Node, _: Notes | None = None) -> str:
    """Read a text that may hold $(namespace) and $(name)."""
    value = text(node)
    for match in _PLACEHOLDER.finditer(value):
        if match[0] not in ('$(namespace)', '$(name)'):
            raise wrong(node, f'unknown placeholder {match[0][:60]!r}; there are '
                              '$(namespace) and $(name)')
    return value


def token(node: Node, _: Notes | None = None) -> str:
    """Read a name that can be a part of a ROS name."""
    value = text(node)
    if not _TOKEN.fullmatch(value) or len(value) > MAX_TOKEN:
        raise wrong(node, f'{value[:60]!r} may hold only letters, digits and _, has to begin '
                          'with a letter, and is used in ROS names')
    return value


def file_name(node: Node, _: Notes | None = None) -> str:
    """Read the name of something in a folder: no slash, no dots alone."""
    value = line(node)
    if '/' in value or value in ('', '.', '..'):
        raise wrong(node, f'{value[:60]!r} is no name: it may hold no slash')
    return value


def relative_path(node: Node, _: Notes | None = None) -> str:
    """Read a path that stays within its folder."""
    value = line(node)
    if not value or value.startswith('/') or '..' in value.split('/'):
        raise wrong(node, f'{value[:60]!r} has to stay within its package: no leading / and no ..')
    return value


def absolute_path(node: Node, _: Notes | None = None) -> str:
    """Read an absolute path."""
    value = line(node)
    if not value.startswith('/') or '..' in value.split('/'):
        raise wrong(node, f'{value[:60]!r} has to be an absolute path without ..')
    return value


def absolute_template(node: Node, notes: Notes) -> str:
    """Read an absolute path that may hold placeholders."""
    template(node)
    return absolute_path(node, notes)


def variable(node: Node, _: Notes | None = None) -> str:
    """Read the name of an environment variable."""
    value = text(node)
    if not _VARIABLE.fullmatch(value):
        raise wrong(node, f'{value[:60]!r} is no name of an environment variable')
    return value


def boolean(node: Node, _: Notes | None = None) -> bool:
    """Read true or false, as YAML spells them."""
    value = text(node)
    if not node.plain or value.lower() not in _WORD:
        raise wrong(node, f'{value[:60]!r} is neither true nor false')
    return _WORD[value.lower()]


def number(read: Callable[[str], Any], low: float | None = None) -> Reader:
    """Return a reader for a quantity; `low` itself is too little."""
    def reader(node: Node, _: Notes) -> Any:
        value = text(node)
        try:
            result = read(value)
        except ValueError as error:
            raise wrong(node, str(error)) from None
        if low is not None and result <= low:
            raise wrong(node, f'{value!r} has to be more than {low:g}')
        return result
    return reader


def choice(*words: str) -> Reader:
    """Return a reader for one of a few words."""
    def reader(node: Node, _: Notes) -> str:
        value = text(node)
        if value not in words:
            raise wrong(node, f'{value[:60]!r} is none of {", ".join(words)}'
                              + did_you_mean(value, words))
        return value
    return reader


def list_of(read: Reader) -> Reader:
    """Return a reader for a list; the result is a tuple of what could be read."""
    def reader(node: Node, notes: Notes) -> tuple[Any, ...]:
        if node.kind != 'sequence':
            raise wrong(node, f'a {node.kind} where a list is expected')
        if len(node.items) > MAX_ITEMS:
            raise wrong(node, f'{len(node.items)} items; at most {MAX_ITEMS} are taken')
        values = [notes.read(f'[{count}]', read, item, LEFT_OUT)
                  for count, item in enumerate(node.items, 1)]
        return tuple(value for value in values if value is not LEFT_OUT)
    return reader


def dict_of(read_key: Reader, read_value: Reader) -> Reader:
    """Return a reader for a mapping with free keys."""
    def reader(node: Node, notes: Notes) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in _pairs(node, notes):
            name = notes.read('', read_key, key, LEFT_OUT)
            result = notes.read(f'.{key.text[:60]}', read_value, value, LEFT_OUT)
            if LEFT_OUT not in (name, result):
                values[name] = result
        return values
    return reader


def mapping(node: Node, notes: Notes, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """
    Read a mapping whose keys are those of `readers`; return what could be read.

    :raises AllowListError: when it is none.
    """
    values: dict[str, Any] = {}
    for key, value in _pairs(node, notes):
        reader = readers.get(key.text)
        if reader is None:
            notes.add(key, f'unknown key {key.text[:60]!r}' + did_you_mean(key.text, readers))
            continue
        result = notes.read(f'.{key.text}', reader, value, LEFT_OUT)
        if result is not LEFT_OUT:
            values[key.text] = result
    return values


def given(node: Node, notes: Notes, keys: Iterable[str]) -> bool:
    """Return whether a mapping has all of some keys; note those that are missing."""
    there = {key.text for key, _ in node.pairs}
    missing = [key for key in keys if key not in there]
    for key in missing:
        notes.add(node, f'it needs {key!r}')
    return not missing


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return '; did you mean …?' when a word is close to one of some, else nothing."""
    import difflib

    close = difflib.get_close_matches(word, list(words), 1)
    return f'; did you mean {close[0]!r}?' if close else ''


def _pairs(node: Node, notes: Notes) -> list[tuple[Node, Node]]:
    if node.kind != 'mapping':
        raise wrong(node, f'a {node.kind} where keys with values are expected')
    if len(node.pairs) > MAX_ITEMS:
        raise wrong(node, f'{len(node.pairs)} keys; at most {MAX_ITEMS} are taken')
    seen: dict[str, int] = {}
    unique = []
    for key, value in node.pairs:
        if key.text in seen:
            notes.add(key, f'key {key.text[:60]!r} is given twice, first in line '
                           f'{seen[key.text]}')
            continue
        seen[key.text] = key.line
        unique.append((key, value))
    return unique
