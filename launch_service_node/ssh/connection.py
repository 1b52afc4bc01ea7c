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

"""One connection to a machine: opened in bounded time, each way to fail told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import threading
import time
from typing import Any

import paramiko

from ..errors import ConnectionFailed, ConnectRefused, ConnectTimedOut
from .config import resolve
from .dialing import dial, lost, out_of, Proxy
from .handshake import CLOSE_TIMEOUT, log_in, time_left, words
from .target import Resolved, split_hop, Target

#: Bytes of output that may be under way to a reader that is slower than its command.
#: Whoever ends such a command waits until they are read.
WINDOW = 1 << 18

#: Jump hosts on the way; more is a configuration that goes in circles.
MOST_HOPS = 8

Resolver = Callable[[Target], Resolved]


#: What paramiko raises where a connection has ended.
_GONE = (OSError, EOFError, paramiko.SSHException)


class Full(Exception):
    """The host allows no further channel on this connection."""


class Session:
    """A channel of a connection; `close` gives it back, as often as one likes."""

    def __init__(self, channel: paramiko.Channel, where: Resolved,
                 give_back: Callable[[], None]) -> None:
        self.channel = channel
        self.where = where
        self._give_back: Callable[[], None] | None = give_back
        self._lock = threading.Lock()

    def close(self, patience: float = CLOSE_TIMEOUT) -> None:
        """
        Close the channel; the connection stays.

        :param patience: seconds to wait for that; a host that takes nothing is left to a
            thread, which ends with the connection.
        """
        with self._lock:
            give_back, self._give_back = self._give_back, None
        if give_back is None:
            return
        closing = threading.Thread(target=self._close, args=(give_back,), name='close session',
                                   daemon=True)
        try:
            closing.start()
        except RuntimeError:
            self._close(give_back)  # there can be no further thread
        else:
            closing.join(patience)

    def _close(self, give_back: Callable[[], None]) -> None:
        try:
            self.channel.close()
        except _GONE:
            pass  # its connection has ended, and it with that
        finally:
            give_back()


class Connection:
    """
    A connection that is open until `close`.

    :ivar where: what it is connected to.
    """

    def __init__(self, where: Resolved, transport: paramiko.Transport,
                 closers: list[Callable[[], None]]) -> None:
        self.where = where
        self._transport = transport
        self._closers = closers
        self._lock = threading.Lock()
        self._open = 0
        self._served = False
        self._refused = False

    @property
    def alive(self) -> bool:
        """Say whether it looks usable; a dead peer is noticed by whoever talks to it."""
        return self._transport.is_active()

    @property
    def channels(self) -> int:
        """Return how many channels are open."""
        return self._open

    def open_session(self, timeout: float) -> Session:
        """
        Return a new session; close it in the end.

        :raises Full: as many are open as the host allows.
        :raises ConnectionLost: the connection is gone.
        """
        with self._lock:
            if self._refused:
                raise Full
            self._open += 1
        try:
            channel = self._transport.open_session(window_size=WINDOW, timeout=timeout)
            self._served = True
            return Session(channel, self.where, self._give_back)
        except paramiko.ChannelException as error:
            with self._lock:
                self._open -= 1
                # Asked again when one is given back, which sshd may notice later: not
                # before what ran there has ended.
                self._refused = self._open > 0
            if self._served:
                raise Full from error
            raise ConnectionFailed(
                f'{self.where.name} opens no session: {error.text}; look for MaxSessions and '
                'ForceCommand in its sshd_config', **self.where.facts()) from error
        except _GONE as error:
            with self._lock:
                self._open -= 1
            raise lost(self.where, words(error)) from error

    def retire(self) -> bool:
        """Say whether nobody uses it; then nobody gets a session of it any more."""
        with self._lock:
            if not self._open:
                self._refused = True
            return not self._open

    def _give_back(self) -> None:
        with self._lock:
            self._open -= 1
            self._refused = False

    def forward(self, host: str, port: int, where: Resolved, timeout: float) -> paramiko.Channel:
        """
        Return a channel through which the machine connects to another.

        :raises ConnectRefused: the machine can't connect to it.
        :raises ConnectTimedOut: it gets no answer in time.
        :raises ConnectionFailed: the machine doesn't allow it.
        """
        by, deadline = self.where.name, time.monotonic() + timeout
        try:
            return self._transport.open_channel('direct-tcpip', (host, port), ('127.0.0.1', 0),
                                                timeout=timeout)
        except paramiko.ChannelException as error:
            if error.code == 1:
                raise ConnectionFailed(f'the jump host {by} forwards no connections: set '
                                       'AllowTcpForwarding in its sshd_config',
                                       **where.facts()) from error
            raise ConnectRefused(
                f"the jump host {by} can't connect to {where.name} ({host} port {port}): "
                f'{error.text}; check the name and sshd there', **where.facts()) from error
        except _GONE as error:
            if self.alive and time.monotonic() >= deadline:
                raise ConnectTimedOut(
                    f'the jump host {by} gets no answer from {where.name} ({host} port {port}): '
                    'is it on, and on its network?', **where.facts()) from error
            raise lost(self.where, words(error)) from error

    def close(self) -> None:
        """End it, and the jump hosts' connections and programs below."""
        _end_all(self._closers)


def _end_all(closers: list[Callable[[], None]]) -> None:
    # Of two who do so at once, each ends a part. One that fails is gone already.
    while True:
        try:
            closer = closers.pop()
        except IndexError:
            return
        try:
            closer()
        except _GONE:
            pass


def connect(target: Target, resolver: Resolver = resolve) -> Connection:
    """
    Return a connection to a machine, within its `connect_timeout`.

    :raises ConnectionFailed: each reason has a class of its own.
    :raises InvalidRequest: the target or ssh_config can't be right.
    """
    deadline = time.monotonic() + target.connect_timeout
    try:
        return _connect(target, resolver, deadline, None, 0)
    except OSError as error:
        raise out_of(target.host, error) from error


def _connect(target: Target, resolver: Resolver, deadline: float, via: Connection | None,
             depth: int) -> Connection:
    where = resolver(target)
    if depth > MOST_HOPS:
        raise ConnectionFailed(f'{where.name} is more than {MOST_HOPS} jump hosts away: look for '
                               'a circle of ProxyJump in ssh_config', **where.facts())
    closers: list[Callable[[], None]] = []
    proxy: Proxy | None = None
    try:
        hops = where.jump_hosts if via is None else ()
        for hop in hops:
            user, host, port = split_hop(hop)
            # Only the first hop is dialled; ssh_config may give it hops of its own. The
            # password is for the machine alone.
            own = None if via is None else ()
            via = _connect(replace(target, host=host, user=user, port=port, jump_hosts=own,
                                   password=None,
                                   host_key_policy=_for_hops(target)),
                           resolver, deadline, via, depth + 1)
        sock: Any
        if via is not None:
            sock = via.forward(where.host, where.port, where, time_left(deadline, where))
        elif where.proxy_command:
            proxy = Proxy(where)
            closers.append(proxy.close)
            sock = proxy.socket
        else:
            sock = dial(where, deadline)
        closers.append(sock.close)
        transport = log_in(sock, where, target, deadline, closers, proxy)
    except BaseException:
        if via is not None:
            via.close()
        _end_all(closers)
        raise
    if via is not None:
        # The last is ended first: without the way, what lies beyond it takes no time to close.
        closers.append(via.close)
    return Connection(where, transport, closers)


def _for_hops(target: Target) -> str:
    # A fingerprint is that of the machine, not of those on the way.
    return target.host_key_policy if ':' not in target.host_key_policy else 'strict'
