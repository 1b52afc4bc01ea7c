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
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..errors import InvalidRequest


@dataclass
class Settings:
    """
    The settings of an instance; docs/node.md describes the parameters they come from.

    :ivar allow_list: absolute paths of files or folders.
    :ivar max_processes: alive and waiting to be restarted together.
    :ivar keep_ended: ended processes that stay listed.
    :ivar measure_period: seconds; 0: nothing is measured.
    :ivar output_limit: bytes that the output of a process may take.
    :ivar environment: the clean environment of managed processes; empty: made from
        the environment of the supervisor.
    """

    allow_list: list[str] = field(default_factory=list)
    allow_any: bool = False
    max_processes: int = 256
    keep_ended: int = 100
    measure_period: float = 1.0
    output_limit: int = 10 * 1024 * 1024
    environment: dict[str, str] = field(default_factory=dict)

    def changed_by(self, data: dict[str, Any]) -> Settings:
        """
        Return the settings with some of them changed.

        :raises InvalidRequest: when one is unknown, of the wrong type, or out of range.
        """
        types = {item.name: type(getattr(self, item.name)) for item in fields(self)}
        for key, value in data.items():
            if key not in types:
                raise InvalidRequest(f'unknown setting {key!r}')
            number = types[key] is float and isinstance(value, int)
            if not (number or isinstance(value, types[key])) or (
                    isinstance(value, bool) and types[key] is not bool):
                raise InvalidRequest(f'setting {key} has to be a {types[key].__name__}')
            if types[key] in (int, float) and value < 0:
                raise InvalidRequest(f'setting {key} has to be 0 or more')
        if not all(os.path.isabs(str(path)) for path in data.get('allow_list', ())):
            raise InvalidRequest('setting allow_list has to hold absolute paths')
        return Settings(**{**asdict(self), **data})


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
            json.dump({'instance_id': instance_id, 'settings': asdict(settings)}, file)
        os.replace(new, path)
    except OSError as error:
        print(f'cannot write {path}: {error.strerror}', file=sys.stderr)
