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
From a name and a port to a socket, in bounded time: directly, or through a program.

A ProxyCommand gets one end of a socket pair, so that what comes out is a socket like
any other, with timeouts that work.
"""

from __future__ import annotations

import errno
import os
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import time
from typing import Any

from ..errors import (
    ConnectionFailed,
    ConnectionLost,
    ConnectRefused,
    ConnectTimedOut,
    NameNotResolved,
)
from .target import Resolved

#: Seconds that a ProxyCommand gets to end by itself when its socket is closed.
PROXY_PATIENCE = 2.0

# Of this computer, not of the network.
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN)

_KEEPALIVE = (('TCP_KEEPIDLE', 15), ('TCP_KEEPINTVL', 5), ('TCP_KEEPCNT', 4),
              ('TCP_USER_TIMEOUT', 30000))

#: What the kernel says of a host on this network that is off: nobody has its address. A firewall
#: may say so too.
_NOBODY = (errno.EHOSTUNREACH, errno.EHOSTDOWN)


def dial(where: Resolved, deadline: float) -> socket.socket:
    """
    Return a socket that is connected to the host.

    :param deadline: on the monotonic clock.
    :raises NameNotResolved: nobody knows its name.
    :raises ConnectRefused: it is there, and nobody listens.
    :raises ConnectTimedOut: nobody answers in time, or nobody has its address.
    :raises ConnectionFailed: there is no way to it.
    """
    telling: OSError | None = None
    addresses = _addresses(where, deadline)
    while addresses and time.monotonic() < deadline:
        silent = []
        for number, address in enumerate(addresses):
            # One that doesn't answer leaves time for those after it.
            left = (deadline - time.monotonic()) / (len(addresses) - number)
            if left <= 0:
                break
            try:
                return _connected(address, left)
            except OSError as error:
                telling = max(error, telling or error, key=_tells)
                if isinstance(error, TimeoutError) and not error.errno:
                    silent.append(address)
        # What the others have left of the time is theirs; one that refuses is there.
        addresses = silent if isinstance(telling, TimeoutError) else []
    raise _failure(where, telling) from telling


def _connected(address: tuple[Any, ...], seconds: float) -> socket.socket:
    family, kind, protocol, place = address
    one = socket.socket(family, kind, protocol)
    try:
        one.settimeout(seconds)
        one.connect(place)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                one.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return one
    except OSError:
        one.close()
        raise


def _tells(error: OSError) -> int:
    """Return how much the failure of one address says of the host that has several."""
    if is_shortage(error):
        return 4
    if error.errno == errno.ECONNREFUSED:
        return 3
    if isinstance(error, TimeoutError):
        return 2
    return int(error.errno in _NOBODY)  # more than that there is no IPv6 here, say


def _failure(where: Resolved, error: OSError | None) -> ConnectionFailed:
    if error is not None and is_shortage(error):
        return out_of(where.name, error)
    at = f'{where.name} ({where.host} port {where.port})'
    if error is None or isinstance(error, TimeoutError) or error.errno in _NOBODY:
        said = f' ({error.strerror})' if error and error.errno in _NOBODY else ''
        return ConnectTimedOut(f"{at} doesn't answer{said}: is it on, on this network, and behind "
                               'no firewall that drops SSH?', **where.facts())
    if error.errno == errno.ECONNREFUSED:
        return ConnectRefused(f'{at} refuses the connection: start sshd there, or give its port',
                              **where.facts())
    return ConnectionFailed(f"{at} can't be reached: {error.strerror or error}; check the "
                            'network between here and there', **where.facts())


def _addresses(where: Resolved, deadline: float) -> list[tuple[Any, ...]]:
    # getaddrinfo has no bound of its own: a dead name server holds it for a minute.
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(where.host.strip('[]'), where.port,
                                       type=socket.SOCK_STREAM)
            answer.put([(one[0], one[1], one[2], one[4]) for one in found])
        except (OSError, UnicodeError) as error:
            answer.put(error)

    try:
        threading.Thread(target=ask, name='resolve', daemon=True).start()
        found = answer.get(timeout=max(0.0, deadline - time.monotonic()))
    except RuntimeError as error:  # there can be no further thread
        raise out_of(where.name, error) from error
    except queue.Empty:
        raise ConnectTimedOut(f'the name {where.host} is not resolved in time: check the name '
                              'server', **where.facts()) from None
    if isinstance(found, socket.gaierror) and found.errno == socket.EAI_AGAIN:
        raise NameNotResolved(
            f'the name {where.host} is not resolved, as no name server answers: check the network '
            'of this computer, or give an address', **where.facts()) from found
    if isinstance(found, BaseException):
        raise NameNotResolved(
            f'nobody knows a host named {where.host}: check the spelling, /etc/hosts and the '
            f'name server ({getattr(found, "strerror", None) or found})',
            **where.facts()) from found
    return list(found)


class Proxy:
    """A running ProxyCommand and the socket that it serves; close it in the end."""

    def __init__(self, where: Resolved) -> None:
        assert where.proxy_command
        self._where = where
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self.socket, theirs = socket.socketpair()
        try:
            # A command for a shell by definition; ssh runs it the same way.
            self._popen = subprocess.Popen(
                ['/bin/sh', '-c', 'exec ' + where.proxy_command], stdin=theirs.fileno(),
                stdout=theirs.fileno(), stderr=self._errors.fileno(), start_new_session=True)
        except BaseException:
            self.socket.close()
            self._errors.close()
            raise
        finally:
            theirs.close()

    def failure(self, patience: float) -> ConnectionFailed | None:
        """Return what went wrong, when the program has ended; waits a little for that."""
        try:
            status = self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            return None
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 4096))
        lines = self._errors.read().decode('utf-8', 'replace').strip().splitlines()
        last = f': {lines[-1]}' if lines else ''
        return ConnectionFailed(
            f'the ProxyCommand for {self._where.name} ended with status {status}{last}; try '
            f'`{self._where.proxy_command}`', exit_status=status,
            last_output='\n'.join(lines), **self._where.facts())

    def close(self) -> None:
        """End the program, if need be with SIGKILL."""
        self.socket.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None and self._popen.returncode is None:
                # Its group is its own, and it was not waited for yet.
                os.killpg(self._popen.pid, number)
            try:
                self._popen.wait(PROXY_PATIENCE)
                break
            except subprocess.TimeoutExpired:
                continue
        self._errors.close()


def is_shortage(error: BaseException) -> bool:
    """Say whether it is this computer that has run out of something; of threads, too."""
    return isinstance(error, RuntimeError) or (
        isinstance(error, OSError) and error.errno in _SHORTAGES)


def out_of(host: str, error: Exception) -> ConnectionFailed:
    """Return the error for a computer on this side that does not do its part."""
    why = getattr(error, 'strerror', None) or error
    way_out = ('end what takes so much here, or raise the limit (`ulimit -a` shows them)'
               if is_shortage(error) else 'put that right on this side')
    return ConnectionFailed(f"this computer can't connect to {host}: {why}; {way_out}", host=host)


def lost(where: Resolved, why: str) -> ConnectionLost:
    """Return the error for a connection that went away."""
    return ConnectionLost(f'the connection to {where.name} is lost: {why}; check the network and '
                          'whether the host still runs', **where.facts())
