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
The output of a process: a file that it writes to itself, so that it outlives everybody.

A file has no reader that could die and no pipe that could fill: the process
never blocks on it and never gets SIGPIPE. Its size is bounded by freeing the
blocks of its oldest part (a hole), which leaves every offset as it was: an
offset counts bytes since the first start. Where the file system has no holes
the file is emptied instead, and what was dropped stands in a file beside it; a
write in the very moment of the emptying is lost without being counted.
"""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from .kernel import linux

MAX_READ = 1024 * 1024
DEFAULT_READ = 65536

_BLOCK = 4096
_LONGEST_LINE = 256 * 1024


class Piece(NamedTuple):
    """A part of an output: its bytes, where it begins and ends, and how much was dropped."""

    data: bytes
    offset: int
    next_offset: int
    dropped: int
    at_end: bool


class Output:
    """The output file of one process."""

    def __init__(self, path: str, limit: int) -> None:
        self.path = path
        self.limit = max(limit, 4 * _BLOCK)

    def end(self) -> int:
        """Return the number of bytes written since the first start."""
        try:
            return self._emptied() + os.stat(self.path).st_size
        except FileNotFoundError:
            return 0

    def bound(self) -> int:
        """
        Drop the oldest half when the file is over three quarters of its limit.

        :return: bytes that may be written before it is due again.
        """
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return self.limit
        try:
            size = os.fstat(fd).st_size
            start = _first_data(fd, size)
            threshold = self.limit * 3 // 4
            if size - start > threshold:
                cut = (size - self.limit // 2) // _BLOCK * _BLOCK
                if not linux.punch_hole(fd, 0, cut):
                    self._empty(fd, size)
                    return threshold
                start = cut
            return max(0, threshold - (size - start))
        finally:
            os.close(fd)

    def read(self, offset: int, lines: int, max_bytes: int) -> Piece:
        """
        Read a piece; see srv/ReadOutput.srv for what the parameters mean.

        A piece never ends inside a UTF-8 character, unless that is all there is.
        """
        count = min(max_bytes or DEFAULT_READ, MAX_READ)
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return Piece(b'', 0, 0, 0, True)
        try:
            emptied = self._emptied()
            size = os.fstat(fd).st_size
            first = _first_data(fd, size)
            dropped = emptied + first
            if offset < 0:
                start = _start_of_last_lines(fd, first, size, lines)
                start = max(start, size - count)
            else:
                start = min(max(offset - emptied, first), size)
            data = os.pread(fd, count, start)
            at_end = start + len(data) >= size
            if not at_end:
                data = data[:_whole_characters(data)]
            return Piece(data, emptied + start, emptied + start + len(data), dropped, at_end)
        finally:
            os.close(fd)

    def remove(self) -> None:
        """Delete it; no error when it is not there."""
        for path in (self.path, self._emptied_path):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass

    @property
    def _emptied_path(self) -> str:
        return f'{self.path}.emptied'

    def _emptied(self) -> int:
        if not os.path.exists(self._emptied_path):
            return 0  # as nearly always: this takes no descriptor
        try:
            with open(self._emptied_path, encoding='ascii') as file:
                return int(file.read() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def _empty(self, fd: int, size: int) -> None:
        before = self._emptied()
        try:
            # First, so that a crash between the two can't make offsets mean other bytes.
            self._note_emptied(before + size)
        except OSError:
            pass  # a full disk: that is what is being mended
        now = os.fstat(fd).st_size
        os.ftruncate(fd, 0)
        # What is written between these two lines is lost without being counted.
        if now != size or self._emptied() != before + size:
            self._note_emptied(before + now)

    def _note_emptied(self, total: int) -> None:
        with open(f'{self._emptied_path}.new', 'w', encoding='ascii') as file:
            file.write(str(total))
        os.replace(f'{self._emptied_path}.new', self._emptied_path)


def _first_data(fd: int, size: int) -> int:
    if size == 0:
        return 0
    try:
        return os.lseek(fd, 0, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # all of it is a hole
            return size
        raise


def _start_of_last_lines(fd: int, first: int, size: int, lines: int) -> int:
    if lines == 0:
        return size
    wanted = lines
    end = size
    # A last line without an end of line is a line; one with it, ends there.
    if end > first and os.pread(fd, 1, end - 1) == b'\n':
        wanted += 1
    while end > first and size - end < MAX_READ + _LONGEST_LINE:
        start = max(first, end - 65536)
        block = os.pread(fd, end - start, start)
        at = len(block)
        while (at := block.rfind(b'\n', 0, at)) >= 0:
            wanted -= 1
            if wanted == 0:
                return start + at + 1
        end = start
    return end


def _whole_characters(data: bytes) -> int:
    """Return the length of the part that ends with a whole UTF-8 character."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        need = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        if need > back and len(data) > back:
            return len(data) - back
        break
    return len(data)
