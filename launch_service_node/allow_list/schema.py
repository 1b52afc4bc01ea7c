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
The keys of an allow-list and what each takes.

docs/allow_list.md explains them; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from . import quantities
from .fields import (
    absolute_template,
    boolean,
    choice,
    dict_of,
    file_name,
    given,
    line,
    list_of,
    mapping,
    Notes,
    number,
    Reader,
    relative_path,
    template,
    text,
    token,
    variable,
)
from .forbidden import why_forbidden
from .model import (
    ALWAYS,
    ArgumentSlot,
    LimitSettings,
    NEVER,
    ON_FAILURE,
    ReadySettings,
    RestartSettings,
    StopSettings,
)
from .nodes import Node, wrong
from .patterns import pattern_problem
from .resolve import expand

TOP = 'allowable_processes'

_ROS_NAME = re.compile(r'(/[A-Za-z_][A-Za-z0-9_]*)+')


def _restart(node: Node, notes: Notes) -> RestartSettings:
    if node.kind == 'scalar':
        return RestartSettings(policy=_POLICY(node, notes))
    values = mapping(node, notes, RESTART)
    given(node, notes, ['policy'])
    if 'limit' in values:
        values['limit'], values['window'] = values['limit']
    settings = RestartSettings(**values)
    if settings.max_delay < settings.delay:
        if 'max_delay' in values:
            raise wrong(node, 'max_delay is less than delay')
        settings = RestartSettings(**values, max_delay=settings.delay)
    return settings


def _limit(value: str) -> tuple[int, float]:
    return quantities.limit(value, RestartSettings().window)


def _ready(node: Node, notes: Notes) -> ReadySettings:
    settings = ReadySettings(**mapping(node, notes, READY))
    if settings.after is not None and settings.after >= settings.timeout:
        raise wrong(node, f'after ({settings.after:g} s) has to be less than timeout '
                          f'({settings.timeout:g} s)')
    return settings


def _node_name(node: Node, notes: Notes) -> str:
    value = template(node)
    if not value.startswith(('/', '$(namespace)')):
        value = f'$(namespace)/{value}'
    if not _ROS_NAME.fullmatch(expand(value, '/ns', 'n')):
        raise wrong(node, f'{value[:60]!r} is no name of a ROS node')
    return value


def _output(node: Node, _: Notes) -> str:
    if problem := pattern_problem(text(node)):
        raise wrong(node, problem)
    try:
        re.compile(node.text.encode())  # output is bytes
    except re.error as error:
        raise wrong(node, f'bad pattern for bytes: {error.msg}') from None
    return node.text


def _cmd(node: Node, notes: Notes) -> tuple[str, ...]:
    if node.kind == 'scalar':
        return (_program(node, notes),)
    if node.kind != 'sequence' or not node.items:
        raise wrong(node, 'an absolute path, or a list that begins with one, is expected')
    return (_program(node.items[0], notes), *list_of(template)(
        Node('sequence', node.line, items=node.items[1:]), notes))


def _program(node: Node, _: Notes) -> str:
    value = line(node)
    if not value.startswith('/') or '..' in value.split('/'):
        first, _space, rest = value.partition(' ')
        raise wrong(node, f'{value[:60]!r} has to begin with an absolute path without ..: PATH '
                          'is not searched and no shell is asked'
                    + (f', so: [/…/{first[:30]}, …]' if rest else ''))
    return value


def _caller_variable(node: Node, notes: Notes) -> str:
    name = variable(node, notes)
    if reason := why_forbidden(name):
        raise wrong(node, f'no caller may set {name[:60]}: {reason}; set it under environment')
    return name


def _slot(node: Node, notes: Notes) -> tuple[Node, ArgumentSlot] | None:
    values = mapping(node, notes, ARGUMENT)
    given(node, notes, ['name', 'pattern'])
    if not {'name', 'pattern'} <= values.keys():
        return None
    pattern = next(value for key, value in node.pairs if key.text == 'pattern')
    return pattern, ArgumentSlot(**values)


def _section(cls: type, readers: Mapping[str, Reader]) -> Reader:
    def reader(node: Node, notes: Notes) -> Any:
        return cls(**mapping(node, notes, readers))
    return reader


def _launch_file(node: Node, notes: Notes) -> tuple[str, str]:
    values = mapping(node, notes, LAUNCH_FILE_KEYS)
    given(node, notes, LAUNCH_FILE_KEYS)
    return values.get('package', ''), values.get('file', '')


_POLICY = choice(NEVER, ON_FAILURE, ALWAYS)

RESTART: dict[str, Reader] = {
    'policy': _POLICY,
    'delay': number(quantities.duration),
    'max_delay': number(quantities.duration),
    'limit': number(_limit),
    'stable_after': number(quantities.duration),
}
STOP: dict[str, Reader] = {
    'sigterm_timeout': number(quantities.duration),
    'sigkill_timeout': number(quantities.duration),
}
LIMITS: dict[str, Reader] = {
    'memory': number(quantities.size, 0),
    'open_files': number(lambda value: quantities.whole(value, 8, 2 ** 20)),
    'processes': number(lambda value: quantities.whole(value, 1, 2 ** 22)),
    'cpu': number(quantities.percent, 0),
    'nice': number(lambda value: quantities.whole(value, -20, 19)),
}
READY: dict[str, Reader] = {
    'after': number(quantities.duration),
    'output': _output,
    'node': _node_name,
    'notify': boolean,
    'timeout': number(quantities.duration, 0),
}
ARGUMENT: dict[str, Reader] = {
    'name': token,
    'pattern': text,
    'required': boolean,
    'repeated': boolean,
}
LAUNCH_FILE_KEYS: dict[str, Reader] = {
    'package': file_name,
    'file': relative_path,
}
ENTRY: dict[str, Reader] = {
    'id': token,
    'description': line,
    'package': file_name,
    'executable': file_name,
    'launch_file': _launch_file,
    'cmd': _cmd,
    'fixed_arguments': list_of(template),
    'arguments': list_of(_slot),
    'cwd': absolute_template,
    'cwd_from_caller': boolean,
    'environment': dict_of(variable, template),
    'environment_from_caller': list_of(_caller_variable),
    'pass_environment': list_of(variable),
    'restart': _restart,
    'stop': _section(StopSettings, STOP),
    'limits': _section(LimitSettings, LIMITS),
    'ready': _ready,
    'autostart': boolean,
    'labels': dict_of(line, line),
    'user': line,
}
SECTIONS: dict[str, dict[str, Reader]] = {
    '': ENTRY, 'launch_file': LAUNCH_FILE_KEYS, 'arguments': ARGUMENT, 'restart': RESTART,
    'stop': STOP, 'limits': LIMITS, 'ready': READY,
}
