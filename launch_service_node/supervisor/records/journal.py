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
What must survive the supervisor: one checked line for each change, appended.

A line is a CRC-32 in hexadecimal, a space, and JSON. Whatever is damaged is left
out and told; the lines before and after stay good. The file is rewritten when
most of it is outdated, into a new file that replaces the old one.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
import errno
import json
import os
import sys
from typing import Any
import zlib

SCHEMA = 1

Entry = dict[str, Any]

_REWRITE_FROM = 1024 * 1024
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def to_line(entry: Entry) -> bytes:
    """Return an entry as a line."""
    data = json.dumps(entry, separators=(',', ':')).encode()
    return b'%08x %s\n' % (zlib.crc32(data), data)


def from_line(line: bytes) -> Entry | None:
    """Return the entry of a line, None when it is damaged."""
    if len(line) < 10 or line[8:9] != b' ':
        return None
    try:
        checksum = int(line[:8], 16)
    except ValueError:
        return None
    if zlib.crc32(line[9:]) != checksum:
        return None
    try:
        entry = json.loads(line[9:])
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


class Journal:
    """
    The journal of one instance.

    :ivar trouble: one line on why the last write failed; empty when it did not.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.trouble = ''
        self._fd = -1
        self._size = 0
        self._least = 0
        self._torn = False
        self._refused = ''

    def open(self) -> tuple[list[Entry], int]:
        """
        Open it for appending, and return its good entries and the number of damaged lines.

        One that may only be read is read: who lives is found, and what is new is not taken
        before it can be written again.

        :raises OSError: when it can't be opened.
        """
        try:
            self._fd = os.open(self.path, _FLAGS, 0o600)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            self._refused = error.strerror or str(error)
            print(f'cannot write {self.path}: {self._refused}; nothing can be started until '
                  'that is mended', file=sys.stderr)
        with open(self._fd, 'rb', closefd=False) as file:
            data = file.read()
        self._size = len(data)
        self._torn = bool(data) and not data.endswith(b'\n')
        lines = data.split(b'\n')
        if not lines[-1]:
            lines.pop()
        entries = [from_line(line) for line in lines]
        return [entry for entry in entries if entry is not None], entries.count(None)

    def append(self, entry: Entry) -> bool:
        """Write an entry; False, with `trouble` set, when the disk does not take it."""
        if self._refused:
            self.trouble = f'cannot write {self.path}: {self._refused}'
            return False
        line = to_line(entry)
        if self._torn:
            line = b'\n' + line
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            self.trouble = f'cannot write {self.path}: {error.strerror}'
            return False
        self._size += written
        self._torn = written != len(line)
        self.trouble = f'cannot write {self.path}: the disk is full' if self._torn else ''
        return not self._torn

    def wants_rewrite(self) -> bool:
        """Say whether it has grown far beyond what it was right after the last rewrite."""
        return self._size > _REWRITE_FROM + 2 * self._least

    def rewrite(self, entries: Iterable[Entry]) -> bool:
        """Replace it by these entries; the old one stays when that fails."""
        new = f'{self.path}.new'
        fd = -1
        try:
            fd = os.open(new, _FLAGS | os.O_TRUNC, 0o600)
            with open(fd, 'wb', closefd=False) as file:
                # One by one: all of them at once would be the most memory ever used.
                file.writelines(map(to_line, entries))
            os.fsync(fd)
            # This descriptor stays: to open the file once more could fail.
            os.replace(new, self.path)
        except OSError as error:
            self.trouble = f'cannot rewrite {self.path}: {error.strerror}'
            if fd >= 0:
                os.close(fd)
                with suppress(OSError):  # the disk may just have become read-only
                    os.unlink(new)
            return False
        os.close(self._fd)
        self._fd = fd
        self._size = self._least = os.fstat(fd).st_size
        self._torn = False
        self._refused = self.trouble = ''
        return True

    def close(self) -> None:
        """Close it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
