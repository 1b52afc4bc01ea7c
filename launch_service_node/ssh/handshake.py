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

"""From a socket to a machine that knows us, and that we know: SSH's handshake, and the login."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import logging
import time
from typing import Any

import paramiko

from ..errors import ConnectionFailed, ConnectionLost, ConnectTimedOut
from .authentication import authenticate
from .dialing import is_shortage, out_of, Proxy
from .host_keys import HostKeys
from .target import Resolved, Target

#: Seconds that ending a connection may take.
CLOSE_TIMEOUT = 5.0

#: Seconds after which a connection that takes nothing counts as dead, as with TCP itself:
#: paramiko tries for ever, and who waits behind that can't look at anything else.
STUCK = 30.0

_KEEPALIVE = 15

_LOG = 'launch_service_node.ssh.transport'

# paramiko writes what becomes an error here also as a traceback on stderr, otherwise.
logging.getLogger(_LOG).addHandler(logging.NullHandler())
logging.getLogger(_LOG).propagate = False


def log_in(sock: Any, where: Resolved, target: Target, deadline: float,
           closers: list[Callable[[], None]], proxy: Proxy | None) -> paramiko.Transport:
    """
    Return a transport over which the machine takes commands.

    :param deadline: on the monotonic clock.
    :param closers: gets what ends it.
    :raises ConnectionFailed: each reason has a class of its own.
    """
    heard = _Heard(sock)
    try:
        keys = HostKeys(where, target.host_key_policy)
        transport = _Transport(heard, keys)
        closers.append(partial(_end, transport))
        transport.set_log_channel(_LOG)
        left = time_left(deadline, where)
        transport.banner_timeout = transport.handshake_timeout = left
        transport.start_client(timeout=left)
        # Before anything secret is sent.
        keys.check(transport.get_remote_server_key())
        authenticate(transport, where, target, deadline, lambda: transport.farewell,
                     transport.takes)
        transport.set_keepalive(_KEEPALIVE)
        return transport
    except (paramiko.SSHException, EOFError, OSError, RuntimeError) as error:
        failed = proxy.failure(0.5) if proxy is not None else None
        raise failed or _handshake_failure(where, error, deadline, heard) from error


class _Transport(paramiko.Transport):
    """
    A transport that asks for those host keys first that can be checked.

    :ivar farewell: what the host says when it hangs up; empty while it doesn't.
    """

    def __init__(self, sock: Any, keys: HostKeys) -> None:
        super().__init__(sock)
        self._keys = keys
        self.farewell = ''

    def _parse_disconnect(self, m: paramiko.Message) -> None:
        # paramiko only logs it.
        m.get_int()
        self.farewell = ' '.join(m.get_text().split())[:80] or 'nothing'
        m.rewind()
        super()._parse_disconnect(m)  # type: ignore[misc]

    @property
    def server_extensions(self) -> dict[str, bytes]:
        """Return what the host has said of itself, but for a list of signatures without RSA."""
        return self._extensions

    @server_extensions.setter
    def server_extensions(self, said: dict[str, bytes]) -> None:
        listed = said.get('server-sig-algs', b'').decode('ascii', 'replace').split(',')
        self._takes_rsa = listed == [''] or any(
            'rsa' in one and one in self.preferred_pubkeys for one in listed)
        # With such a list paramiko would end the connection, not the attempt.
        self._extensions = said if self._takes_rsa else {}

    def takes(self, key: paramiko.PKey) -> bool:
        """Say whether the host may take a key; what speaks against it may come late."""
        return self._takes_rsa or 'rsa' not in key.get_name()

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """Return the types of host keys to ask for, certificates among them."""
        return tuple(self._keys.order(super().preferred_keys))


class _Heard:
    """
    A socket that ends when the other side takes nothing any more.

    :ivar first: how the other side began, for the words of an error.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._stuck_since: float | None = None
        self._ended = False
        self.first = b''

    def recv(self, size: int) -> bytes:
        if self._ended:
            return b''
        data: bytes = self._sock.recv(size)
        if len(self.first) < 4:
            self.first += data[:4]
        return data

    def send(self, data: bytes) -> int:
        try:
            sent: int = self._sock.send(data)
        except (TimeoutError, BlockingIOError):
            now = time.monotonic()
            if self._stuck_since is None:
                self._stuck_since = now
            if now - self._stuck_since > STUCK:
                self._ended = True
                raise BrokenPipeError('it takes nothing any more') from None
            raise
        self._stuck_since = None
        return sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _end(transport: paramiko.Transport) -> None:
    transport.close()
    if transport.is_alive():
        transport.join(CLOSE_TIMEOUT)


def _handshake_failure(where: Resolved, error: Exception, deadline: float,
                       heard: _Heard) -> ConnectionFailed:
    if is_shortage(error):
        return out_of(where.name, error)
    at = f'{where.name} ({where.host} port {where.port})'
    if time.monotonic() >= deadline or isinstance(error, TimeoutError):
        return ConnectTimedOut(f'{at} accepts the connection and then says nothing: is that '
                               "port sshd's, and is the host overloaded?", **where.facts())
    if heard.first and not heard.first.startswith(b'SSH-'):
        return ConnectionFailed(f"{at} answers, but doesn't speak SSH: give the port of its sshd",
                                **where.facts())
    if isinstance(error, (EOFError, OSError)) or isinstance(error.__context__, EOFError):
        return ConnectionLost(f'{at} closes the connection at once: sshd may be at its limit '
                              '(MaxStartups) or be blocking this address', **where.facts())
    return ConnectionFailed(f'{at} and this side find no way to talk: {words(error)}',
                            **where.facts())


def time_left(deadline: float, where: Resolved) -> float:
    """
    Return the seconds till a time on the monotonic clock.

    :raises ConnectTimedOut: there are none.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise ConnectTimedOut(f'{where.name} is not reached in time: the way to it took too '
                              'long; give more connect_timeout', **where.facts())
    return left


def words(error: BaseException) -> str:
    """Return what an error says, or what it is."""
    return str(error) or type(error).__name__
