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

"""One run of a command on a machine, between its threads and launch's own."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
import queue
import threading
from typing import Any, Protocol, TypeAlias

from ..errors import ConnectionFailed, LaunchServiceError
from ..ssh.command import Command, Exit
from ..ssh.connection import Session
from ..ssh.process import RemoteProcess

#: Bytes of output that may wait for launch; then the command on the machine waits.
MOST_WAITING = 1 << 17

#: Bytes of output in one event.
MOST_AT_ONCE = 1 << 16

#: Seconds from one look whether the launch is over to the next.
LOOK = 2.0

#: How a run ends: as the machine told it, or with the reason why it can't be known.
Outcome: TypeAlias = Exit | LaunchServiceError


class Listener(Protocol):
    """What hears of a run, in launch's thread."""

    def started(self, link: Link, pid: int) -> None:
        """Hear that it runs."""

    def output(self, link: Link) -> None:
        """There is something to `take`."""

    def not_taken(self, link: Link, error: LaunchServiceError) -> None:
        """Hear that it did not take the input that it was given."""

    def over(self, link: Link) -> None:
        """Hear that it has ended; what is there to `take` is the last."""


class Link:
    """
    A command on a machine; nothing here makes launch's thread wait.

    :param open_session: gives the way to the machine, in a thread.
    :param loop: launch's own.
    :param is_over: whether nobody runs that loop any more: a launch may be cancelled, in a
        program that goes on.
    :ivar outcome: how it ended, as soon as that is known.
    """

    def __init__(self, open_session: Callable[[], Session], command: Command,
                 loop: AbstractEventLoop, listener: Listener,
                 is_over: Callable[[], bool]) -> None:
        self.outcome: Outcome | None = None
        self._open_session = open_session
        self._loop = loop
        self._listener = listener
        self._is_over = is_over
        self._process = RemoteProcess(command, lambda data: self._put('stdout', data),
                                      lambda data: self._put('stderr', data),
                                      lambda _: self._ended.set())
        self._ended = threading.Event()
        self._abandoned = threading.Event()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._room = threading.Condition()
        # Who waits for the end of the process hears why an order did not get through.
        self._orders = Orders('remote orders', lambda _: None)
        self._input = Orders('remote input', lambda error: self._tell(listener.not_taken, error))

    @property
    def pid(self) -> int:
        """Return its pid on the machine; 0 before it runs."""
        return self._process.pid

    @property
    def behind(self) -> bool:
        """Say whether there is output that launch has not taken yet."""
        return self._size > 0

    def start(self) -> None:
        """Have it started; the listener hears how that goes."""
        threading.Thread(target=self._work, name='remote process', daemon=True).start()

    def abandon(self) -> None:
        """Let go of it, whatever it does; what may run there is ended there."""
        self._abandoned.set()
        with self._room:
            self._room.notify_all()
        self._orders.put(self._process.close)

    def stop(self) -> None:
        """Have it and all below it ended: SIGINT, SIGTERM, SIGKILL, as the command says."""
        self._orders.put(self._process.stop)

    def kill(self) -> None:
        """Have it and all below it ended with SIGKILL."""
        self._orders.put(self._process.kill)

    def send_signal(self, number: int) -> None:
        """Signal its process group."""
        self._orders.put(lambda: self._process.send_signal(number))

    def write(self, data: bytes) -> None:
        """Give it input; nothing: say that no more comes."""
        self._input.put((lambda: self._process.write(data)) if data
                        else self._process.close_stdin)

    def take(self) -> tuple[str, bytes] | None:
        """Return 'stdout' or 'stderr' and the next bytes of it; None: there are none."""
        with self._room:
            if not self._waiting:
                return None
            kind, data = self._waiting.popleft()
            parts, size = [data], len(data)
            while (self._waiting and self._waiting[0][0] == kind
                   and size + len(self._waiting[0][1]) <= MOST_AT_ONCE):
                parts.append(self._waiting.popleft()[1])
                size += len(parts[-1])
            self._size -= size
            self._room.notify_all()
            return kind, b''.join(parts)

    def _put(self, kind: str, data: bytes) -> None:
        # In the thread that reads: while this waits, so does the command there.
        with self._room:
            self._room.wait_for(lambda: self._size < MOST_WAITING or self._abandoned.is_set())
            self._waiting.append((kind, data))
            self._size += len(data)
        if not self._tell(self._listener.output):
            raise EOFError('the launch is over')

    def _work(self) -> None:
        outcome: Outcome = LaunchServiceError(
            f'an error in this package: {self._process.command.argv[0]} ended without a reason')
        try:
            session = self._open_session()
            if self._abandoned.is_set():
                session.close()
                raise ConnectionFailed('stopped before it ran')
            self._process.start(session)
            if self._abandoned.is_set():
                self._process.close()  # `abandon` may have come before there was anything
            self._tell(self._listener.started, self._process.pid)
            while not self._ended.wait(LOOK):
                if self._is_over():
                    self.abandon()
            outcome = self._process.wait(None)
        except LaunchServiceError as error:
            outcome = error
        finally:
            self._process.close()
            self._orders.end()
            self._input.end()
            self.outcome = outcome
            self._tell(self._listener.over)

    def _tell(self, hear: Callable[..., None], *news: Any) -> bool:
        try:
            self._loop.call_soon_threadsafe(hear, self, *news)
        except RuntimeError:
            return False  # the loop is closed: launch is over, and nobody listens
        return True


class Orders:
    """
    Does one thing after the other, in a thread that begins with the first.

    :param on_error: gets the errors, in that thread.
    """

    def __init__(self, name: str, on_error: Callable[[LaunchServiceError], object]) -> None:
        self._name = name
        self._on_error = on_error
        self._lock = threading.Lock()
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended = False

    def put(self, order: Callable[[], None]) -> None:
        """Have it done; after the end: nothing."""
        with self._lock:
            if self._ended:
                return
            self._orders.put(order)
            if self._thread is None:
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                thread.start()
                self._thread = thread

    def end(self) -> None:
        """Do what was ordered, and then nothing more."""
        with self._lock:
            self._ended = True
            self._orders.put(None)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                order()
            except LaunchServiceError as error:
                self._on_error(error)
