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

"""One line for every request, granted or refused; bounded by starting a new file."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from ...protocol import encode

#: Bytes after which the log is renamed to `audit.log.1`, which it replaces.
MAX_SIZE = 8 * 1024 * 1024

#: Bytes of a line; of a longer one the request is left out.
MAX_LINE = 16384

_SHOWN = 200
_DEPTH = 3


class AuditLog:
    """The audit log of an instance: JSON lines."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1
        self._size = 0
        self._torn = False
        self._complained = False

    def write(self, **fields: Any) -> None:
        """Write a line; long strings are cut. A full disk is said once, and not fatal."""
        said = {'time': time.strftime('%Y-%m-%dT%H:%M:%S%z'),
                **{key: _cut(value) for key, value in fields.items() if value not in (None, '')}}
        line = encode(said)
        if len(line) > MAX_LINE:
            line = encode({**said, 'request': f'… ({len(line)} bytes)'})
        if self._torn:
            line = b'\n' + line
        try:
            if self._fd < 0 or self._size > MAX_SIZE:
                self._open()
            written = os.write(self._fd, line)
            self._size += written
            self._torn = written != len(line)
            self._complained = False
        except OSError as error:
            if not self._complained:
                print(f'cannot write {self.path}: {error.strerror}', file=sys.stderr)
            self._complained = True

    def _open(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            os.replace(self.path, f'{self.path}.1')
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size


def _cut(value: Any, depth: int = _DEPTH) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else f'{value[:_SHOWN]}… ({len(value)} characters)'
    if isinstance(value, (list, tuple, dict)) and not depth:
        return f'… ({len(value)} items)'
    if isinstance(value, (list, tuple)):
        return [_cut(item, depth - 1) for item in value[:20]]
    if isinstance(value, dict):
        return {_cut(str(key)): _cut(item, depth - 1) for key, item in list(value.items())[:20]}
    return value
