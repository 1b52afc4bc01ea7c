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


"""What a supervisor complains to: its standard error, without which it goes on all the same."""

from __future__ import annotations

import io
import os


class Log(io.TextIOBase):
    """
    Writes whole lines to a descriptor, and raises nothing.

    The log of a detached supervisor is a file beside its journal. When that disk is full a
    line is lost, and counted; the next one that is written says how many were. Whoever
    complains is in some trouble already, and must not fall because nobody can be told.

    :ivar lost: lines that were not written since the last that was.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._line = ''
        self.lost = 0

    def write(self, text: str) -> int:
        """Take text; each line is written when it is whole."""
        *lines, self._line = (self._line + text).split('\n')
        for line in lines:
            self._write_line(line)
        return len(text)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._fd

    def _write_line(self, line: str) -> None:
        # A full disk may have taken a part of the last one, so this begins a line of its own.
        said = f'\n({self.lost} lines could not be written here)\n' if self.lost else ''
        data = f'{said}{line}\n'.encode(errors='backslashreplace')
        try:
            written = os.write(self._fd, data)
        except OSError:
            self.lost += 1
            return
        self.lost = 0 if written == len(data) else self.lost + 1
