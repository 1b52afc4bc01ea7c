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

"""One entry: from its node to an `Entry`, looked up and checked."""

from __future__ import annotations

from collections.abc import Mapping
import os
from typing import Any

from ..errors import ProcessError
from . import ament
from .checking import check_executable, env_program, without_env_program
from .fields import given, mapping, Notes
from .model import ArgumentSlot, CMD, Entry, EXECUTABLE, LAUNCH_FILE
from .nodes import Node
from .patterns import slot_problem
from .resolve import MAX_COUNT
from .schema import ENTRY

_COPIED = (
    'description', 'cwd', 'cwd_from_caller', 'environment', 'environment_from_caller',
    'pass_environment', 'restart', 'stop', 'limits', 'ready', 'autostart', 'labels', 'user',
)
_KINDS = "one of 'package' with 'executable', 'launch_file', 'cmd'"


def read_entry(node: Node, notes: Notes, base_env: Mapping[str, str]) -> Entry | None:
    """
    Return an entry, or None when it has problems; every problem is noted.

    An executable that is missing, or that others may replace, is a problem too, but one
    that leaves the entry on the list, with `error`.

    :param base_env: the environment in which packages and programs are looked up.
    """
    known = len(notes.problems)
    values = notes.read('', lambda node, notes: mapping(node, notes, ENTRY), node, {})
    if node.kind != 'mapping':
        return None
    given(node, notes, ['id'])
    kind = _kind(node, notes)
    slots = _slots(values, notes, kind)
    _check_together(values, slots, node, notes)
    if len(notes.problems) > known or not kind:
        return None
    entry = Entry(
        id=values['id'], kind=kind, slots=slots, source=f'{notes.file}:{node.line}',
        **{key: values[key] for key in _COPIED if key in values})
    environment = {**base_env, **entry.environment}
    entry = _with_env_program(_look_up(entry, values, environment), environment)
    if problem := entry.error or check_executable(entry):
        notes.add(node, problem)
        entry = entry._replace(error=problem)
    return entry


def id_of(node: Node) -> str:
    """Return what is written as the id of an entry, to speak of it; empty: nothing."""
    for key, value in node.pairs:
        if key.text == 'id' and value.kind == 'scalar':
            return value.text[:60]
    return ''


def _kind(node: Node, notes: Notes) -> str:
    there = {key.text for key, _ in node.pairs}
    kinds = [kind for kind, keys in (
        (EXECUTABLE, {'package', 'executable'}), (LAUNCH_FILE, {'launch_file'}), (CMD, {'cmd'}),
    ) if keys & there]
    if len(kinds) != 1:
        notes.add(node, f'it needs exactly {_KINDS}')
        return ''
    if kinds == [EXECUTABLE]:
        given(node, notes, ['package', 'executable'])
    return kinds[0]


def _slots(values: dict[str, Any], notes: Notes, kind: str) -> tuple[ArgumentSlot, ...]:
    pairs = [pair for pair in values.get('arguments', ()) if pair is not None]
    fixed = values.get('fixed_arguments', ())
    opened = _in_ros_args(fixed) and not fixed[-1].startswith('-')
    names: set[str] = set()
    for pattern, slot in pairs:
        if problem := slot_problem(slot.pattern, kind == LAUNCH_FILE, opened):
            notes.add(pattern, f'pattern {slot.pattern[:60]!r} of argument {slot.name!r}: '
                               f'{problem}')
        if slot.name in names:
            notes.add(pattern, f'argument {slot.name!r} is given twice')
        names.add(slot.name)
        if len(names) > MAX_COUNT:
            notes.add(pattern, f'more than {MAX_COUNT} arguments')
            break
    return tuple(slot for _, slot in pairs)


def _in_ros_args(words: tuple[str, ...]) -> bool:
    inside = False
    for word in words:
        inside = word == '--ros-args' or (inside and word != '--')
    return inside


def _check_together(
    values: dict[str, Any], slots: tuple[ArgumentSlot, ...], node: Node, notes: Notes,
) -> None:
    if values.get('cwd_from_caller') and 'cwd' in values:
        notes.add(node, "'cwd' fixes the working directory, 'cwd_from_caller' leaves it open: "
                        'give one of them')
    for name in values.get('environment_from_caller', ()):
        if name in values.get('pass_environment', ()):
            notes.add(node, f'{name} is under environment_from_caller and under '
                            'pass_environment: give one of them')
    required = [slot.name for slot in slots if slot.required]
    if values.get('autostart') and required:
        notes.add(node, f'autostart can give no arguments, but {", ".join(required)} '
                        'is required')


def _look_up(entry: Entry, values: dict[str, Any], environment: Mapping[str, str]) -> Entry:
    fixed = values.get('fixed_arguments', ())
    if entry.kind == CMD:
        cmd = values['cmd']
        return entry._replace(command=' '.join(cmd), argv=(*cmd, *fixed), checked_paths=cmd[:1])
    try:
        if entry.kind == EXECUTABLE:
            package, executable = values['package'], values['executable']
            entry = entry._replace(command=f'{package} {executable}')
            path = ament.executable_path(package, executable, environment)
            return entry._replace(argv=(path, *fixed), checked_paths=(path,))
        package, file = values['launch_file']
        entry = entry._replace(command=f'{package} {os.path.basename(file)}')
        path = ament.launch_file_path(package, file, environment)
        ros2 = ament.program_path('ros2', environment)
        if not ros2:
            return entry._replace(error=ament.NO_ROS2)
        return entry._replace(argv=(ros2, 'launch', path, *fixed), checked_paths=(ros2, path))
    except ProcessError as error:
        return entry._replace(error=error.message)


def _with_env_program(entry: Entry, environment: Mapping[str, str]) -> Entry:
    """Return an entry that knows what runs a script which begins with `#!/usr/bin/env …`."""
    word = env_program(entry.argv[0]) if entry.argv else ''
    if not word:
        return entry
    program = ament.program_path(word, environment)
    if not program:
        return entry._replace(error=without_env_program(entry.argv[0]))
    return entry._replace(checked_paths=(*entry.checked_paths, program))
