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

"""The socket of sd_notify(3) of one run, and whether READY=1 has come."""

from __future__ import annotations

from array import array
from collections.abc import Callable
import os
import socket
import struct

from .kernel.loop import Loop, Timer

#: Seconds until an address is tried again that could not be had.
_AGAIN = 0.25

_UCRED = struct.Struct('3i')

#: What may come with a message: who sent it, and the descriptor of sd_notify_barrier(3).
_ROOM = socket.CMSG_SPACE(_UCRED.size) + socket.CMSG_SPACE(4)


class NotifySocket:
    """
    Takes what a run tells, for as long as the run lasts.

    Who writes to a socket that nobody reads waits for ever once it is full. So
    everything is read, before the run is ready as well as after. Everybody may write to
    it, so the kernel tells who did, and only what is of the tree of the process counts.

    :param mark: that of the process; with the number of the run it makes the address.
    :param belongs: says whether a pid is of the tree; may raise OSError.
    :param on_ready: called at the first READY=1.
    :param on_stranger: called with the pid of whoever else has said READY=1.
    :ivar address: what goes into NOTIFY_SOCKET.
    :ivar ready: whether READY=1 has come.
    """

    def __init__(self, loop: Loop, mark: str, run: int, belongs: Callable[[int], bool],
                 on_ready: Callable[[], object], on_stranger: Callable[[int], object]) -> None:
        # An abstract address: no file to clean up, no limit on the length of a path.
        self.address = f'@launch_service/{mark}/{run}'
        self.ready = False
        self._loop = loop
        self._belongs = belongs
        self._on_ready = on_ready
        self._on_stranger = on_stranger
        self._socket: socket.socket | None = None
        self._timer: Timer | None = None

    def open(self) -> None:
        """
        Begin to listen.

        :raises OSError: when there is no descriptor, or the address is taken.
        """
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            opened.bind(self.address.replace('@', '\0', 1))
            self._loop.watch(opened.fileno(), self._on_message)
        except OSError:
            opened.close()
            raise
        self._socket = opened

    def open_when_possible(self) -> None:
        """Begin to listen for a run that goes on already, as soon as there is a way."""
        try:
            self.open()
        except OSError:
            self._timer = self._loop.after(_AGAIN, self.open_when_possible)

    def close(self) -> None:
        """Listen no longer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _on_message(self, _: int) -> None:
        assert self._socket is not None
        try:
            message, extra, _, _ = self._socket.recvmsg(4096, _ROOM, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        sender, barrier = _unpack(extra)
        if b'READY=1' in message.split(b'\n'):
            self._take(sender)
        # Last: whoever waits for that may end at once, and could not be told from others then.
        for fd in barrier:
            os.close(fd)

    def _take(self, sender: int) -> None:
        if self.ready or self._socket is None:
            return
        try:
            belongs = self._belongs(sender)
        except OSError:  # out of descriptors
            self._loop.after(_AGAIN, lambda: self._take(sender))
            return
        if not belongs:
            self._on_stranger(sender)
            return
        self.ready = True
        self._on_ready()


def _unpack(extra: list[tuple[int, int, bytes]]) -> tuple[int, list[int]]:
    """Return the pid of the sender, 0 for one that is not seen here, and the descriptors."""
    pid, fds = 0, array('i')
    for _, kind, data in extra:
        if kind == socket.SCM_CREDENTIALS:
            pid = _UCRED.unpack(data)[0]
        elif kind == socket.SCM_RIGHTS:
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    return pid, list(fds)
