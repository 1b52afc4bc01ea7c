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

"""The descriptors of a command: its output goes to the link, its input comes from there."""

from __future__ import annotations

import os
import select
import struct

from .frames import BLOCK, CREDIT, Link

_END_OF_TERMINAL = b'\x04'


class Streams:
    """
    All that is open between the watchdog and its command.

    :ivar quiet: nothing was there to be read at the last look.
    :ivar kept: what came over streams that are for the watchdog itself.
    """

    def __init__(self, link: Link) -> None:
        self.quiet = False
        self.kept = bytearray()
        self._link = link
        self._kinds: dict[int, bytes | None] = {}
        self._input_fd = -1
        self._terminal_fd = -1
        self._input = bytearray()
        self._input_ends = False
        self._no_input = False

    @property
    def open(self) -> bool:
        """Say whether output may still come."""
        return bool(self._kinds)

    @property
    def settled(self) -> bool:
        """Say whether all that was written until the last look has been read."""
        return self.quiet or not self._kinds

    @property
    def awaited(self) -> bool:
        """Say whether one more look, now, tells if they are settled."""
        return not self.settled and not self._link.full

    def add(self, fd: int, kind: bytes | None) -> None:
        """Read a descriptor; kind: of the frames for it, None: keep what comes."""
        os.set_blocking(fd, False)
        self._kinds[fd] = kind

    def pipe(self, kind: bytes | None) -> int:
        """Return the writing end of a new pipe that is read."""
        read_fd, write_fd = os.pipe()
        self.add(read_fd, kind)
        return write_fd

    def input_to(self, fd: int) -> None:
        """Write input to a descriptor from now on; -1: there is nobody to take it."""
        self._input_fd = fd
        self._no_input = fd < 0
        if fd >= 0:
            os.set_blocking(fd, False)
        else:
            self._drop_input()

    def feed(self, data: bytes) -> None:
        """Take input for the command."""
        self._input += data
        if self._no_input:
            self._drop_input()

    def end_input(self) -> None:
        """Close the command's input when all is written."""
        self._input_ends = True

    def register(self, poll: select.poll) -> None:
        """Say what is waited for."""
        masks = dict.fromkeys(() if self._link.full else self._kinds, select.POLLIN)
        if self._input_fd >= 0 and self._input:
            masks[self._input_fd] = masks.get(self._input_fd, 0) | select.POLLOUT
        for fd, mask in masks.items():
            poll.register(fd, mask)

    def handle(self, events: dict[int, int]) -> None:
        """Read and write what can be."""
        readable = [fd for fd in self._kinds if events.get(fd, 0) & ~select.POLLOUT]
        self.quiet = not self._link.full and not readable
        for fd in readable:
            self._read(fd)
        if self._input_fd >= 0 and (self._input or self._input_ends):
            self._write()

    def close(self) -> None:
        """Close all that is read; the command has ended."""
        for fd in list(self._kinds):
            self._end(fd)
        if self._terminal_fd >= 0:
            os.close(self._terminal_fd)
            self._terminal_fd = -1

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, BLOCK)
        except BlockingIOError:
            return
        except OSError:
            data = b''  # a terminal's way to say so
        kind = self._kinds[fd]
        if not data:
            self._end(fd)
        elif kind is None:
            self.kept += data
        else:
            self._link.send(kind, data)

    def _end(self, fd: int) -> None:
        del self._kinds[fd]
        if fd == self._input_fd:
            # The command has closed its side, and dies of SIGHUP if ours is closed now.
            self._terminal_fd = fd
            self.input_to(-1)
        else:
            os.close(fd)

    def _drop_input(self) -> None:
        if self._input:
            self._link.send(CREDIT, struct.pack('>I', len(self._input)))
            self._input.clear()

    def _write(self) -> None:
        fd = self._input_fd
        terminal = fd in self._kinds
        try:
            sent = os.write(fd, self._input[:BLOCK]) if self._input else 0
        except BlockingIOError:
            return
        except OSError:
            # The command reads no further; that is its own affair.
            if terminal:
                self._drop_input()
            else:
                self.input_to(-1)
                os.close(fd)
            return
        if sent:
            del self._input[:sent]
            self._link.send(CREDIT, struct.pack('>I', sent))
        if self._input_ends and not self._input:
            self._input_ends = False
            if terminal:
                self._input += _END_OF_TERMINAL  # a byte of credit too many does no harm
            else:
                self.input_to(-1)
                os.close(fd)
