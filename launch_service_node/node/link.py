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

"""The node's line to its supervisor: requests, answers, events, and coming back."""

from __future__ import annotations

from collections.abc import Callable
import itertools
import os
import select
import threading
import time
from typing import Protocol

from ..errors import InstanceError, LaunchServiceError, NotAllowed, NotNow, ResultCode, Unreachable
from ..protocol import encode, MAX_LINE, Message
from .connection import Connection

ATTACH_TIMEOUT = 10.0  # seconds, for the supervisor's answer; for its start as much again
SILENCE = 5.0  # seconds without a line before a supervisor that owes answers is asked for a sign
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  # seconds between attempts to get a supervisor back

OnAnswer = Callable[[Message], None]


class Listener(Protocol):
    """Whom the link tells; always on its thread, but for the first `attached`."""

    def attach_fields(self) -> Message:
        """Return the fields of `attach`."""

    def attached(self, answer: Message) -> None:
        """Take the supervisor's answer to `attach`, at the start and after each loss."""

    def event(self, event: Message) -> None:
        """Take an event."""

    def lost(self, error: LaunchServiceError) -> None:
        """Learn that there is no supervisor for now, and why."""

    def ended(self, error: BaseException | None) -> None:
        """Learn that the link is over for good: as it was told, or because of an error."""


def wait_before(attempt: int, chance: float) -> float:
    """
    Return the seconds to wait before an attempt: doubling, capped, jittered.

    :param attempt: counts from 0.
    :param chance: from 0.0 to 1.0; the wait is between half and all of its length.
    """
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10)) * (0.5 + 0.5 * chance)


class SupervisorLink:
    """
    One lasting connection, and the thread that reads it.

    `send` never waits, so an executor's thread may call it. Each request is answered
    exactly once: by the supervisor, or with SUPERVISOR_UNAVAILABLE when there is none,
    when it is lost, or when it is silent for longer than twice SILENCE.

    :param namespace: of the instance.
    :param home: the folder of all instances; None: where this user has it.
    """

    def __init__(self, namespace: str, listener: Listener, home: str | None = None) -> None:
        self.namespace = namespace
        self._listener = listener
        self._home = home
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._pending: dict[int, OnAnswer] = {}
        self._ids = itertools.count(1000)  # above those of the calls that opened the connection
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closing = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name='supervisor link', daemon=True)

    def open(self) -> None:
        """
        Find or start the supervisor, attach, and begin to read.

        One that is on its way down, or falls just now, is followed by a new one.

        :raises InstanceError: when another node serves the instance.
        :raises LaunchServiceError: when there is no supervisor to be had.
        """
        deadline = time.monotonic() + ATTACH_TIMEOUT
        while True:
            connection = None
            try:
                connection = self._connect()
                self._attach(connection)
                break
            except (NotNow, Unreachable) as error:
                # That none can be started is told at once.
                there = connection is not None or isinstance(error, NotNow)
                if not there or error.code == ResultCode.TIMED_OUT or time.monotonic() > deadline:
                    raise
                self._sleep(FIRST_WAIT)
        self._thread.start()

    def send(self, op: str, fields: Message, on_answer: OnAnswer) -> None:
        """
        Ask the supervisor.

        :param on_answer: takes the answer, also one that is not ok: on the link's thread,
            or at once on this one when there is no supervisor.
        """
        number = next(self._ids)
        line = encode({'id': number, 'op': op, **fields})
        if len(line) > MAX_LINE:
            on_answer(refusal(ResultCode.REQUEST_TOO_LARGE,
                              f'the request has {len(line)} bytes; {MAX_LINE} is the most'))
            return
        with self._lock:
            connection = self._connection
            if connection is not None:
                self._pending[number] = on_answer
        if connection is None:
            on_answer(unavailable())
            return
        try:
            if not connection.send(line):
                self._rouse()
        except Unreachable as error:
            if self._take(number):
                on_answer(refusal(error.code, error.message))

    def close(self, timeout: float = 2.0) -> None:
        """Close the connection and wait for the thread, at most `timeout` seconds."""
        self._closing = True
        self._rouse()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self._drop()
        if not self._thread.is_alive():
            os.close(self._wake)

    def _rouse(self) -> None:
        os.eventfd_write(self._wake, 1)

    def _connect(self) -> Connection:
        try:
            return Connection(self.namespace, self._home, ATTACH_TIMEOUT)
        except Unreachable as error:
            if error.code == ResultCode.TIMED_OUT:
                raise
            from ..starting import ensure_supervisor  # a managed node comes here only after a fall
            ensure_supervisor(self.namespace, home=self._home, timeout=ATTACH_TIMEOUT)
            return Connection(self.namespace, self._home, ATTACH_TIMEOUT)

    def _attach(self, connection: Connection) -> None:
        try:
            answer = connection.call('attach', ATTACH_TIMEOUT, **self._listener.attach_fields())
            connection.go_on()
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._connection = connection
        try:
            self._listener.attached(answer)  # which may ask at once
        except BaseException:
            self._drop()
            raise

    def _run(self) -> None:
        error: Exception | None = None
        try:
            while True:
                lost = self._read_until_lost()
                self._drop()
                if self._stopping or self._closing:
                    break
                self._listener.lost(lost)
                self._come_back()
        except Exception as defect:  # noqa: BLE001 - the listener ends the node with it
            error = defect
            self._drop()
        self._listener.ended(error)

    def _read_until_lost(self) -> LaunchServiceError:
        try:
            self._read()
        except Unreachable as lost:
            return lost
        return Unreachable('closed')

    def _read(self) -> None:
        connection = self._connection
        if connection is None:  # closed while it was coming back
            return
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        heard, asked = time.monotonic(), False
        messages = connection.receive()
        while not self._closing:
            for message in messages:
                self._take_in(message)
            if self._stopping:
                return
            poll.register(connection.fileno(),
                          select.POLLIN | (select.POLLOUT if connection.unsent else 0))
            if not self._pending:
                heard = time.monotonic()  # it owes nothing
            ready = dict(poll.poll(max(0.0, heard + SILENCE - time.monotonic()) * 1000))
            messages = []
            if self._wake in ready:
                os.eventfd_read(self._wake)
            got = ready.get(connection.fileno(), 0)
            if got & select.POLLOUT:
                connection.flush()
            if got & ~select.POLLOUT:
                messages = connection.receive()
                heard, asked = time.monotonic(), False
            # Not «when nothing was ready»: each request that it does not read makes that so.
            if time.monotonic() - heard >= SILENCE and self._pending:
                if asked:
                    raise Unreachable(f'the supervisor of {self.namespace} is silent',
                                      ResultCode.SUPERVISOR_UNAVAILABLE)
                heard, asked = time.monotonic(), True
                self.send('status', {}, lambda answer: None)

    def _take_in(self, message: Message) -> None:
        if 'event' in message:
            self._stopping = self._stopping or message['event'] == 'stopping'
            self._listener.event(message)
        else:
            on_answer = self._take(message.get('id', 0))
            if on_answer:
                on_answer(message)

    def _come_back(self) -> None:
        """Attach again, however long that takes, unless it is pointless or not wanted."""
        for attempt in itertools.count():
            self._sleep(wait_before(attempt, time.monotonic_ns() // 1000 % 1000 / 1000))
            if self._closing:
                return
            try:
                self._attach(self._connect())
                return
            except (InstanceError, NotAllowed):
                raise  # somebody else has taken over: waiting does not change that
            except LaunchServiceError as error:
                self._listener.lost(error)

    def _sleep(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if poll.poll(seconds * 1000):
            os.eventfd_read(self._wake)

    def _take(self, number: int) -> OnAnswer | None:
        with self._lock:
            return self._pending.pop(number, None)

    def _drop(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            pending, self._pending = self._pending, {}
        if connection is not None:
            connection.close()
        for on_answer in pending.values():
            on_answer(refusal(ResultCode.SHUTTING_DOWN, 'the instance is shutting down')
                      if self._stopping else unavailable())


def refusal(code: int, message: str) -> Message:
    """Return an answer as the supervisor would give it."""
    return {'ok': False, 'code': int(code), 'message': message}


def unavailable() -> Message:
    """Return the answer to a request that no supervisor is there for."""
    return refusal(ResultCode.SUPERVISOR_UNAVAILABLE,
                   'the node has lost its supervisor and is bringing it back; try again')
