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

from collections.abc import Callable
import socket

from .kernel.loop import Loop, Timer

#: Seconds until an address is tried again that could not be had.
_AGAIN = 0.25


class NotifySocket:
    """
    Takes what a run tells, for as long as the run lasts.

    Who writes to a socket that nobody reads waits for ever once it is full. So
    everything is read, before the run is ready as well as after.

    :param mark: that of the process; with the number of the run it makes the address.
    :param on_ready: called at the first READY=1.
    :ivar address: what goes into NOTIFY_SOCKET.
    :ivar ready: whether READY=1 has come.
    """

    def __init__(self, loop: Loop, mark: str, run: int, on_ready: Callable[[], object]) -> None:
        # An abstract address: no file to clean up, no limit on the length of a path.
        self.address = f'@launch_service/{mark}/{run}'
        self.ready = False
        self._loop = loop
        self._on_ready = on_ready
        self._socket: socket.socket | None = None
        self._timer: Timer | None = None

    def open(self) -> None:
        """
        Begin to listen.

        :raises OSError: when there is no descriptor, or the address is taken.
        """
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
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
            message = self._socket.recv(4096)
        except BlockingIOError:
            return
        if b'READY=1' in message.split(b'\n') and not self.ready:
            self.ready = True
            self._on_ready()
