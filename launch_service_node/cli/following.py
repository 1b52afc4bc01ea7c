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

"""Reads the output of a process up to now, or on and on until it has ended."""

from __future__ import annotations

from collections.abc import Iterator
import threading
from typing import Any

from ..client.records import Record
from ..errors import InvalidRequest, ResultCode
from .backend import Backend, Selection

PART = 256 * 1024  # bytes to ask for at once
SOONEST = 0.05  # seconds between two questions while output comes
LATEST = 1.0  # and when none came for a while


def next_pause(pause: float, came: bool) -> float:
    """Return the seconds to wait for more output, from the last pause and what it brought."""
    return SOONEST if came else min(LATEST, pause * 1.5)


def newest(backend: Backend, which: Selection) -> Selection:
    """
    Return the process that is meant, by its id: a later one of the same name is another.

    :raises InvalidRequest: NOT_FOUND when there is none.
    """
    if which.process_id:
        return which  # it need not even be listed any more
    found: list[Record] = backend.list(which.name, '')['processes']
    if not found:
        raise InvalidRequest(
            f'no process {which} on {backend.namespace}; `launch-service list '
            f'{backend.namespace}` shows what there is', ResultCode.NOT_FOUND)
    return Selection(process_id=max(process['process_id'] for process in found))


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return parts that follow each other as one."""
    return {**parts[-1], 'offset': parts[0]['offset'],
            'data': ''.join(part['data'] for part in parts)}


class Reader:
    """
    Gives the output of a process in parts, as `Backend.read` returns them.

    :param which: one process, by its id.
    :param lines: how many lines before the end to begin with; None: all.
    """

    def __init__(self, backend: Backend, which: Selection, lines: int | None) -> None:
        self._backend = backend
        self._which = which
        self._lines = lines or 0
        self._offset = 0 if lines is None else -1

    def _read(self) -> dict[str, Any]:
        part = self._backend.read(self._which, self._offset, self._lines, PART)
        self._offset = part['next_offset']
        return part

    def until_now(self) -> Iterator[dict[str, Any]]:
        """Return the parts up to what has been written by now."""
        while True:
            part = self._read()
            yield part
            # A part much smaller than asked for ends where the output ends: what is
            # written while it is printed is not chased.
            if part['eof'] or part['next_offset'] - part['offset'] < PART // 2:
                return

    def follow(self) -> Iterator[dict[str, Any]]:
        """Return parts until the process has ended, and will not be restarted."""
        never = threading.Event()
        pause = SOONEST
        part = self._read()
        while True:
            if part['data']:
                yield part
            elif part['eof']:
                return
            if part['next_offset'] - part['offset'] < PART // 2:
                pause = next_pause(pause, bool(part['data']))
                never.wait(pause)
            try:
                part = self._read()
            except InvalidRequest as error:
                if error.code == ResultCode.NOT_FOUND:
                    return  # it ended, and is no longer remembered
                raise
