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

"""A connection to the supervisor that one thread reads and any thread may write to."""

from __future__ import annotations

import threading

from ..errors import ResultCode, Unreachable
from ..protocol import _CHUNK, Message, SupervisorClient

MOST_UNSENT = 8 * 1024 * 1024  # bytes that may wait for a supervisor that does not read


class Connection(SupervisorClient):
    """
    A SupervisorClient that, after `go_on`, waits for nothing.

    :raises Unreachable: see SupervisorClient.
    """

    def go_on(self) -> None:
        """Stop waiting: from now on `send`, `flush` and `receive` only."""
        self._socket.setblocking(False)
        self._write_lock = threading.Lock()
        self._unsent = bytearray()

    def fileno(self) -> int:
        """Return the file descriptor, to wait for something to read."""
        return self._socket.fileno()

    @property
    def unsent(self) -> int:
        """Number of bytes that wait until the supervisor reads."""
        return len(self._unsent)

    def send(self, line: bytes) -> bool:
        """
        Send a line or keep it for `flush`, and return whether all of it was sent.

        :raises Unreachable: when the connection is lost, or more than MOST_UNSENT bytes wait.
        """
        with self._write_lock:
            if self._unsent:
                if len(self._unsent) + len(line) > MOST_UNSENT:
                    raise Unreachable(f'the supervisor of {self.namespace} takes no more requests',
                                      ResultCode.SUPERVISOR_UNAVAILABLE)
                self._unsent += line
                return False
            sent = self._write(line)
            self._unsent += line[sent:]
            return not self._unsent

    def flush(self) -> None:
        """
        Send what waits, as far as that goes now.

        :raises Unreachable: when the connection is lost.
        """
        with self._write_lock:
            if self._unsent:
                del self._unsent[:self._write(self._unsent)]

    def receive(self) -> list[Message]:
        """
        Return what has come: nothing, or any number of messages.

        :raises Unreachable: when the connection is lost.
        """
        kept = [*self._events, *self._lines]  # what came together with the answer before
        if kept:
            self._events.clear()
            self._lines.clear()
            return kept
        try:
            data = self._socket.recv(_CHUNK)
            if data:
                return self._messages(data)
        except BlockingIOError:
            return []
        except OSError as error:
            raise self._unreachable(error) from error
        raise Unreachable(f'the supervisor of {self.namespace} closed the connection',
                          ResultCode.SUPERVISOR_UNAVAILABLE)

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._unreachable(error) from error
