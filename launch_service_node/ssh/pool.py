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
Connections that are shared: one for each user, host and port, more when it is full.

Whoever needs a channel asks here. A machine that can't be reached is not dialled by
everybody at once: one dials, the others wait for the outcome, and after a failure
there is a pause that grows.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
import hashlib
import os
import threading
import time
import weakref

from ..errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    ConnectTimedOut,
    HostKeyError,
    InvalidRequest,
)
from .backoff import Backoff
from .config import resolve
from .connection import connect, Connection, Full, Session
from .target import Resolved, Target

#: Seconds that a first session gets in any case, however long the way was.
_LEAST = 1.0

#: Seconds for which what ssh_config says counts as known.
_FRESH = 5.0

#: Failures that another attempt doesn't mend.
_FINAL = (AuthenticationFailed, HostKeyError)


class _Place:
    """The connections to one user, host and port, and when to dial it again."""

    def __init__(self) -> None:
        self.dialling = threading.Lock()
        self.connections: list[Connection] = []
        self.backoff = Backoff()
        self.attempts = 0
        self.failure: ConnectionFailed | None = None


class Pool:
    """
    Connections, opened when needed, all closed by `close`, and at the interpreter's end.

    :param keep: whether a connection stays when its last session closes; a persistent
        one saves the handshake, an idle one costs a slot of the server.
    :param dial: how to connect; `connect`, but for tests.
    """

    def __init__(self, keep: bool = True, dial: Callable[[Target], Connection] = connect,
                 resolver: Callable[[Target], Resolved] = resolve) -> None:
        self._keep = keep
        self._dial = dial
        self._resolver = resolver
        self._lock = threading.Lock()
        self._places: dict[tuple[object, ...], _Place] = {}
        self._resolved: dict[Target, tuple[Resolved, float]] = {}
        self._closed = threading.Event()
        _POOLS.add(self)

    def open_session(self, target: Target, patience: float = 0.0) -> Session:
        """
        Return a session on a machine.

        :param patience: seconds to go on trying, with pauses that grow, when the machine
            refuses, doesn't answer or hangs up; each attempt is bounded by the target's
            `connect_timeout`.
        :raises ConnectionFailed: the last attempt's reason.
        :raises InvalidRequest: the target can't be right, or the pool is closed.
        """
        deadline = time.monotonic() + patience
        place = self._place(self._key(target))
        while True:
            try:
                return self._open(target, place, deadline)
            except _FINAL:
                raise
            except ConnectionFailed:
                if time.monotonic() + place.backoff.pause(time.monotonic()) >= deadline:
                    raise

    def connections(self) -> list[Connection]:
        """Return the connections that are open now."""
        with self._lock:
            return [one for place in self._places.values() for one in place.connections]

    @property
    def keeps(self) -> bool:
        """Say whether a connection stays when its last session closes."""
        return self._keep

    def let_go(self) -> None:
        """From now on close connections that nobody uses, instead of keeping them."""
        self._keep = False
        with self._lock:
            idle = [(one, place) for place in self._places.values()
                    for one in place.connections if one.retire()]
        for one, place in idle:
            self._drop(one, place)

    def close(self) -> None:
        """Close all connections; sessions that are open end."""
        self._closed.set()
        with self._lock:
            self._resolved.clear()
            places = list(self._places.values())
        for place in places:
            # Who is just dialling sees afterwards that the pool is closed.
            with self._lock:
                connections, place.connections = place.connections, []
            for one in connections:
                one.close()

    def __enter__(self) -> Pool:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _key(self, target: Target) -> tuple[object, ...]:
        where = self._resolve(target)
        # The proofs belong to it: who has another key may not use this one's connection.
        return (where.user, where.host, where.port, where.jump_hosts, where.proxy_command,
                target.ssh_key, _seal(target.passphrase), _seal(target.password),
                target.host_key_policy, target.config_file)

    def _resolve(self, target: Target) -> Resolved:
        # A burst of commands asks ssh once.
        with self._lock:
            where, until = self._resolved.get(target, (None, 0.0))
        if where is None or time.monotonic() >= until:
            where = self._resolver(target)
            with self._lock:
                self._resolved[target] = where, time.monotonic() + _FRESH
        return where

    def _place(self, key: tuple[object, ...]) -> _Place:
        with self._lock:
            return self._places.setdefault(key, _Place())

    def _open(self, target: Target, place: _Place, deadline: float) -> Session:
        session = self._on_an_open_one(target, place)
        if session is not None:
            return session
        attempts = place.attempts
        bound = max(deadline, time.monotonic() + target.connect_timeout)
        if not place.dialling.acquire(timeout=max(0.0, bound - time.monotonic())):
            _share(place.failure)
            raise ConnectTimedOut(f"{target.host} is being dialled already, and doesn't answer: "
                                  'is it on, and on this network?', host=target.host)
        try:
            # While this one waited, another may have connected.
            session = self._on_an_open_one(target, place)
            if session is not None:
                return session
            now = time.monotonic()
            pause = place.backoff.pause(now)
            if place.attempts != attempts and now + pause >= deadline:
                _share(place.failure)
            pause = min(pause, bound - now)
            if pause > 0:
                self._closed.wait(pause)
            return self._first_session(target, place)
        finally:
            place.dialling.release()

    def _first_session(self, target: Target, place: _Place) -> Session:
        self._check_open()
        try:
            connection, session = self._dial_for_session(target, place)
        except ConnectionFailed as error:
            place.failure = error
            place.backoff.failed(time.monotonic())
            raise
        finally:
            place.attempts += 1
        place.failure = None
        place.backoff.succeeded()
        with self._lock:
            closed = self._closed.is_set()
            if not closed:
                place.connections.append(connection)
        if closed:
            connection.close()
            self._check_open()
        return session

    def _dial_for_session(self, target: Target, place: _Place) -> tuple[Connection, Session]:
        deadline = time.monotonic() + target.connect_timeout
        connection = self._dial(target)
        try:
            # Before others know of the connection: they might fill it up.
            return connection, self._session(
                connection, max(_LEAST, deadline - time.monotonic()), place)
        except BaseException:
            connection.close()
            raise

    def _on_an_open_one(self, target: Target, place: _Place) -> Session | None:
        self._check_open()
        with self._lock:
            connections = list(place.connections)
        for one in connections:
            if one.alive:
                try:
                    return self._session(one, target.connect_timeout, place)
                except Full:
                    continue
                except ConnectionLost:
                    if one.alive and one.channels:
                        continue  # only slow, perhaps: what runs over it finds out by itself
            self._drop(one, place)
        return None

    def _session(self, connection: Connection, timeout: float, place: _Place) -> Session:
        session = connection.open_session(timeout)

        def give_back() -> None:
            inner.close()
            if not self._keep and connection.retire():
                self._drop(connection, place)

        inner = session
        return Session(session.channel, session.where, give_back)

    def _drop(self, connection: Connection, place: _Place) -> None:
        with self._lock:
            if connection in place.connections:
                place.connections.remove(connection)
        connection.close()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise InvalidRequest('the connections of this launch are closed already')


# Of no use outside of this process, and gone with it.
_SALT = os.urandom(32)


def _seal(secret: str | None) -> bytes | None:
    """Return what tells two secrets apart without being one."""
    if secret is None:
        return None
    return hashlib.blake2b(secret.encode('utf-8', 'surrogateescape'), key=_SALT).digest()


def _share(failure: ConnectionFailed | None) -> None:
    # Another one's failure, for who waited for it: not the same object, which would get
    # the tracebacks of all.
    if failure is not None:
        raise type(failure)(failure.message, failure.code, **failure.facts) from failure


_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for pool in list(_POOLS):
        pool.close()
