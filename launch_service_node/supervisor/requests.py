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

"""What a request may hold: its fields, their types, and how long they may be."""

from __future__ import annotations

import signal
from typing import Any

from ..errors import InvalidRequest, NotAllowed, ResultCode
from ..protocol import Message

#: The most characters of a string, and the most items of a list or an object.
MAX_TEXT = 4096
MAX_ITEMS = 1024

#: The most characters of what is compared with names, a glob being costlier than text.
MAX_NAME_TEXT = 256

MAX_UID = 2 ** 64 - 1

_NUMBER = (int, float)

_PROCESS = {'process_id': 0, 'name': ''}

#: Every operation with its fields and their defaults. A default of None stands for
#: a number of seconds that may be left out.
FIELDS: dict[str, dict[str, Any]] = {
    'start': {'cmd': '', 'name': '', 'uid': 0, 'cwd': '', 'env': {}, 'args': [],
              'launch_id': '', 'wait_ready': False},
    'stop': {**_PROCESS, 'launch_id': '', 'sigterm_timeout': None, 'sigkill_timeout': None},
    'restart': {**_PROCESS, 'wait_ready': False},
    'signal': {**_PROCESS, 'signal': ''},
    'list': {'name': '', 'launch_id': ''},
    'executables': {'executable_id': ''},
    'read': {**_PROCESS, 'offset': -1, 'lines': 10, 'max_bytes': 0},
    'reload': {},
    'status': {},
    'set_mode': {'mode': ''},
    'subscribe': {},
    'attach': {'node_name': '', 'settings': {}, 'domain_id': 0, 'rmw': ''},
    'detach': {},
    'manage_node': {'argv': [], 'environment': {}},
    'wait_node': {'seconds': 10.0},
    'graph': {'nodes': []},
    'shutdown': {'keep_processes': False},
}

#: Operations between programs of this package: their fields are as long as they are.
_TRUSTED = frozenset({'attach', 'manage_node', 'graph'})


def parse(request: Message) -> tuple[str, dict[str, Any]]:
    """
    Return the operation of a request and all of its fields, defaults filled in.

    :raises InvalidRequest: when it is unknown, or a field is unknown, of the wrong type,
        too long, or holds a NUL.
    """
    number = request.get('id')
    if isinstance(number, bool) or not isinstance(number, (int, float, str, type(None))):
        raise InvalidRequest('id has to be a number, a string or null')
    op = plain(request.get('op'))
    if not isinstance(op, str) or op not in FIELDS:
        raise InvalidRequest(f'unknown operation {ascii(op)[:60]}')
    if not isinstance(request.get('caller', ''), str):
        raise InvalidRequest('caller has to be a string')
    defaults = FIELDS[op]
    given = {key: value for key, value in request.items() if key not in ('id', 'op', 'caller')}
    for key, value in given.items():
        if key not in defaults:
            raise InvalidRequest(f'{op} takes no field {ascii(key)[:60]}')
        _check_type(key, value, defaults[key])
        if op not in _TRUSTED:
            _check_size(key, value)
    return op, {**defaults, **given}


def plain(value: Any) -> Any:
    """Return a value, or None for one that holds others: to say that may be too deep."""
    return None if isinstance(value, (list, dict)) else value


def _check_type(key: str, value: object, default: object) -> None:
    if default is None:
        right = value is None or (isinstance(value, _NUMBER) and not isinstance(value, bool))
    elif isinstance(default, float):
        right = isinstance(value, _NUMBER) and not isinstance(value, bool)
    else:
        right = type(value) is type(default)
    if right and isinstance(value, list):
        right = all(isinstance(item, str) for item in value)
    if right and isinstance(value, dict) and key != 'settings':
        right = all(isinstance(item, str) for item in value.values())
    if not right:
        expected = 'number' if default is None else type(default).__name__
        raise InvalidRequest(f'field {key} has to be a {expected}' + (
            ' of strings' if expected in ('list', 'dict') else ''))
    if isinstance(value, int) and not -2 ** 63 <= value <= MAX_UID:
        raise InvalidRequest(f'field {key} is out of range')
    if isinstance(value, float) and not abs(value) < 1e9:
        raise InvalidRequest(f'field {key} is out of range')


def _check_size(key: str, value: object) -> None:
    if isinstance(value, str):
        most = MAX_NAME_TEXT if key in ('name', 'executable_id') else MAX_TEXT
        if len(value) > most:
            raise InvalidRequest(
                f'field {key} has {len(value)} characters; at most {most} are taken',
                ResultCode.REQUEST_TOO_LARGE)
        if '\0' in value:
            raise InvalidRequest(f'field {key} holds a NUL')
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidRequest(f'field {key} holds half of a character') from None
    elif isinstance(value, (list, dict)):
        if len(value) > MAX_ITEMS:
            raise InvalidRequest(
                f'field {key} has {len(value)} items; at most {MAX_ITEMS} are taken',
                ResultCode.REQUEST_TOO_LARGE)
        items = value if isinstance(value, list) else [*value, *value.values()]
        for item in items:
            _check_size(key, item)


def signal_number(text: str) -> int:
    """
    Return the number of a signal given by name (SIGHUP, hup) or by number.

    :raises InvalidRequest: when there is no such signal.
    :raises NotAllowed: for 0, which would be no signal at all.
    """
    word = text.strip().upper()
    if word.isascii() and word.isdigit():
        number = int(word)
    else:
        try:
            number = int(signal.Signals[word if word.startswith('SIG') else f'SIG{word}'])
        except KeyError:
            number = -1
    if number == 0:
        raise NotAllowed('signal 0 is no signal; use list to see whether a process lives',
                         ResultCode.SIGNAL_NOT_ALLOWED)
    if number not in signal.valid_signals():
        raise InvalidRequest(f'no signal {ascii(text)[:40]}; give a name such as SIGHUP')
    return number


def seconds(value: float | None, name: str) -> float | None:
    """
    Return a timeout, None for one that was left out or is negative.

    :raises InvalidRequest: when it is more than a day.
    """
    if value is None or value < 0:
        return None
    if value > 86400:
        raise InvalidRequest(f'{name} of {value:g} s is more than a day')
    return float(value)
