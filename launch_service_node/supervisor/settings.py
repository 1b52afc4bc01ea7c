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

"""What the node's parameters say to the supervisor, remembered for when there is no node."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NamedTuple

from ..errors import InvalidRequest

_MOST = 2 ** 53
_SHORTEST_PERIOD = 0.05


class Settings(NamedTuple):
    """
    The settings of an instance; docs/node.md describes the parameters they come from.

    :ivar allow_list: absolute paths of files or folders.
    :ivar max_processes: alive and waiting to be restarted together.
    :ivar keep_ended: ended processes that stay listed.
    :ivar max_start_rate: starts and restarts a second that clients may ask for in the long
        run; four seconds' worth at once; 0: no limit.
    :ivar measure_period: seconds; 0: nothing is measured.
    :ivar output_limit: bytes that the output of a process may take.
    :ivar environment: the clean environment of managed processes; empty: made from
        the environment of the supervisor.
    """

    allow_list: list[str] = []
    allow_any: bool = False
    max_processes: int = 256
    keep_ended: int = 100
    max_start_rate: float = 50.0
    measure_period: float = 1.0
    output_limit: int = 10 * 1024 * 1024
    environment: dict[str, str] = {}

    def changed_by(self, data: dict[str, Any]) -> Settings:
        """
        Return the settings with some of them changed.

        :raises InvalidRequest: when one is unknown, of the wrong type, or out of range.
        """
        types = {key: type(value) for key, value in self._field_defaults.items()}
        for key, value in data.items():
            if key not in types:
                raise InvalidRequest(f'unknown setting {key!r}')
            number = types[key] is float and isinstance(value, int)
            if not (number or isinstance(value, types[key])) or (
                    isinstance(value, bool) and types[key] is not bool):
                raise InvalidRequest(f'setting {key} has to be a {types[key].__name__}')
            if types[key] in (int, float) and not 0 <= value <= _MOST:  # nor NaN
                raise InvalidRequest(f'setting {key} has to be 0 or more, and a finite number')
        if 0 < data.get('measure_period', 0) < _SHORTEST_PERIOD:
            raise InvalidRequest(
                f'setting measure_period has to be 0 or at least {_SHORTEST_PERIOD} s')
        if not all(isinstance(path, str) and os.path.isabs(path)
                   for path in data.get('allow_list', ())):
            raise InvalidRequest('setting allow_list has to hold absolute paths')
        if not all(isinstance(value, str) for value in data.get('environment', {}).values()):
            raise InvalidRequest('setting environment has to be a dict of strings')
        return self._replace(**data)


def load(path: str) -> tuple[str, Settings, str]:
    """Return the instance id ('': not known), the settings, and what is wrong; '': nothing."""
    try:
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
        return str(data['instance_id']), Settings().changed_by(data['settings']), ''
    except FileNotFoundError:
        return '', Settings(), ''
    except (OSError, ValueError, KeyError, TypeError, InvalidRequest) as error:
        return '', Settings(), f'{path} is damaged ({error}); settings start anew'


def save(path: str, instance_id: str, settings: Settings) -> None:
    """Write them; a disk that does not take it is said and not fatal."""
    new = f'{path}.new'
    try:
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, 'w', encoding='utf-8') as file:
            json.dump({'instance_id': instance_id, 'settings': settings._asdict()}, file)
        os.replace(new, path)
    except OSError as error:
        print(f'cannot write {path}: {error.strerror}', file=sys.stderr)
