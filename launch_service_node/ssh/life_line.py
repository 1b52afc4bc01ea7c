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
Frames to and from a watchdog, over one channel: this side of the life line.

Two threads for each: the owner's, which reads, and one that says that this side is
alive. The second never waits for whoever takes the output, so that a slow reader is
not mistaken for a dead one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import threading
import time

import paramiko

from ..errors import ConnectionLost
from .connection import Session
from .dialing import lost, out_of
from .remote import frames

#: Seconds for what takes no time unless something is broken.
SOON = 5.0

#: Bytes of what was said beside the frames that are kept.
TAIL = 4096

#: Seconds after which a channel that takes nothing counts as dead, without `silence`.
_SEND_TIMEOUT = 60.0


class NoHello(Exception):
    """
    The line ended before the watchdog spoke.

    :ivar status: of the login shell; None or -1: there was none.
    :ivar said: the end of what it said.
    """

    def __init__(self, status: int | None, said: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.said = said


class LifeLine:
    """
    A channel that carries frames; `close` it in the end.

    :param silence: seconds without a sign of life after which it counts as dead; 0: only
        its end counts.
    :param on_dead: called once, with why, when it does; by whoever finds out.
    """

    def __init__(self, session: Session, silence: float,
                 on_dead: Callable[[ConnectionLost], None]) -> None:
        self.session = session
        self._silence = silence
        self._on_dead = on_dead
        self._closed = threading.Event()
        self._sending = threading.Lock()
        self._heard = time.monotonic()
        self._handing_on = False
        self._pinger = threading.Thread(target=self._ping, name='remote ping', daemon=True)

    def open(self, line: str, data: bytes, word: str) -> bytes:
        """
        Have the machine run a line, send it data, and return what comes after the hello.

        :raises NoHello: the line ended before.
        :raises OSError: the channel is closed; EOFError and paramiko.SSHException likewise.
        """
        channel = self.session.channel
        channel.settimeout(self._silence or _SEND_TIMEOUT)
        channel.exec_command(line)
        try:
            with self._sending:
                channel.sendall(data)
        except TimeoutError:
            raise
        except OSError:
            pass  # it has ended already: its last words say why
        hello, said = frames.hello(word), b''
        while hello not in said:
            more = self._receive()
            if not more:
                status, errors = self.last_words()
                raise NoHello(status, (said + errors)[-TAIL:])
            said = said[-TAIL:] + more
        # Before that, silence means a slow host; start_timeout bounds it.
        try:
            self._pinger.start()
        except RuntimeError as error:  # there can be no further thread
            raise out_of(self.session.where.name, error) from error
        return said.partition(hello)[2]

    def frames(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """
        Give kind and payload of each frame, to the end of the channel.

        :param data: what was received already.
        :raises OSError: as `open`.
        :raises ConnectionLost: it is silent.
        """
        received = bytearray(data)
        while True:
            yield from frames.unpack(received)
            more = self._receive()
            if not more:
                return
            received += more

    @contextmanager
    def handing_on(self) -> Iterator[None]:
        """Let silence be no sign of death: this side reads nothing meanwhile."""
        self._handing_on = True
        yield
        self._heard = time.monotonic()
        self._handing_on = False

    def send(self, kind: bytes, payload: bytes = b'') -> None:
        """
        Send a frame.

        :raises OSError: the channel is closed, or takes nothing; paramiko.SSHException
            likewise.
        """
        with self._sending:
            try:
                self.session.channel.sendall(frames.pack(kind, payload))
            except EOFError as error:
                raise BrokenPipeError('it takes nothing any more') from error

    @property
    def ended(self) -> bool:
        """Say whether nothing more comes, but what is there to read still."""
        channel = self.session.channel
        return bool(channel.closed or channel.eof_received)

    def last_words(self) -> tuple[int | None, bytes]:
        """Return the exit status, None if there was none, and the end of its stderr."""
        # The exit status may come after the end of the output.
        channel, said = self.session.channel, b''
        channel.status_event.wait(SOON)
        while channel.recv_stderr_ready():
            said += channel.recv_stderr(TAIL)
        return channel.exit_status if channel.exit_status_ready() else None, said[-TAIL:]

    def close(self) -> None:
        """Close the channel; the other side ends its command."""
        self._closed.set()
        self.session.close()

    def join(self) -> None:
        """Wait for the thread of the line."""
        if self._pinger.is_alive() and self._pinger is not threading.current_thread():
            self._pinger.join(SOON)

    def _receive(self) -> bytes:
        while True:
            try:
                data: bytes = self.session.channel.recv(1 << 16)
            except TimeoutError:
                # Looked at here as well: the pinger may be held up by what can't be sent.
                if self._pinger.ident is not None:
                    self._check_silence()
                continue
            self._heard = time.monotonic()
            return data

    def _check_silence(self) -> None:
        quiet = time.monotonic() - self._heard
        if self._silence and quiet > self._silence and not self._handing_on:
            raise lost(self.session.where, f'silent for {quiet:.0f} s')

    def _ping(self) -> None:
        while self._silence and not self._closed.wait(self._silence / 3):
            try:
                self._check_silence()
                self.send(frames.PING)
            except ConnectionLost as error:
                self._on_dead(error)
                return
            except (OSError, paramiko.SSHException) as error:
                if self.ended:
                    return  # who reads finds out, behind what there is to read still
                if not self._closed.wait(SOON):  # unless it ended just now
                    self._on_dead(lost(self.session.where, str(error) or 'it is closed'))
                return
