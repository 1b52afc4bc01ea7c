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

"""A machine that takes nothing any more: all that waits for it comes to an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
import os
from pathlib import Path
import signal
import socket
import sys
import threading
from typing import Any

from harness import freeze, PATIENCE, wait_until
import pytest
from ssh_servers import Sshd

from launch_service_node.errors import ConnectionLost, LaunchServiceError
from launch_service_node.ssh import handshake
from launch_service_node.ssh.connection import connect, Connection, Session

from .commands import command, start

_RELAY = """
import os, socket, sys, threading
there = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
with open(sys.argv[2] + '.new', 'w') as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[2] + '.new', sys.argv[2])
def send():
    while data := os.read(0, 1 << 16):
        there.sendall(data)
    os._exit(0)
threading.Thread(target=send, daemon=True).start()
while data := there.recv(1 << 16):
    os.write(1, data)
"""

#: More than the way takes before somebody reads.
_MUCH = b'x' * (1 << 20)

_socketpair = socket.socketpair


@pytest.fixture
def way(sshd: Sshd, tmp_path: Path, request: pytest.FixtureRequest,
        monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Connection, Callable[[], None]]]:
    """Give a connection, over a jump host if asked, and what freezes the way to its server."""
    relay, pid_file = tmp_path / 'relay.py', tmp_path / 'relay.pid'
    relay.write_text(_RELAY)
    command_line = f'ProxyCommand {sys.executable} {relay} %p {pid_file}'
    if getattr(request, 'param', '') == 'jump':
        sshd.write_config('ProxyJump jump', first='\n'.join([
            'Host jump', 'HostName 127.0.0.1', f'Port {sshd.port}', command_line]))
    else:
        sshd.write_config(command_line)
    with monkeypatch.context() as patched:
        patched.setattr(socket, 'socketpair', _narrow)
        connection = connect(sshd.target())
    pid = int(pid_file.read_text())
    pidfd = os.pidfd_open(pid)
    try:
        yield connection, lambda: freeze(pid)
    finally:
        with suppress(ProcessLookupError):  # it ended with the connection
            signal.pidfd_send_signal(pidfd, signal.SIGCONT)
        os.close(pidfd)
        connection.close()


def _narrow() -> tuple[socket.socket, socket.socket]:
    """Return a pair that takes less than a command may be sent before it has read any."""
    near, far = _socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
    return near, far


def in_a_thread(what: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Return what gives the outcome, which has to come."""
    found: list[Any] = []

    def do() -> None:
        try:
            found.append(what(*arguments))
        except (LaunchServiceError, OSError, EOFError) as error:
            found.append(error)

    thread = threading.Thread(target=do, daemon=True)
    thread.start()

    def outcome() -> Any:
        thread.join(PATIENCE)
        assert found, 'it never comes to an end'
        return found[0]
    return outcome


def test_silence_counts_also_while_nothing_can_be_sent(
        way: tuple[Connection, Callable[[], None]]) -> None:
    connection, freeze = way
    process = start(connection, command('cat', stdin=True, silence=1.0))
    freeze()
    in_a_thread(process.write, _MUCH)
    assert 'silent for' in str(in_a_thread(process.wait, None)())
    in_a_thread(process.close)()


def test_a_connection_that_takes_nothing_is_ended(
        way: tuple[Connection, Callable[[], None]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, 'STUCK', 0.5)
    connection, freeze = way
    process = start(connection, command('cat', stdin=True, silence=0))
    freeze()
    wrote = in_a_thread(process.write, _MUCH)()
    assert isinstance(wrote, ConnectionLost) and 'it takes nothing any more' in str(wrote)
    assert isinstance(in_a_thread(process.wait, None)(), ConnectionLost)
    wait_until(lambda: not connection.alive)
    process.close()
    assert connection.channels == 0


@pytest.mark.parametrize('way', ['jump'], indirect=True)
def test_a_connection_over_a_jump_host_that_takes_nothing_is_closed_at_once(
        way: tuple[Connection, Callable[[], None]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, 'STUCK', 10 * PATIENCE)
    connection, freeze = way
    process = start(connection, command('cat', stdin=True, silence=1.0))
    freeze()
    in_a_thread(process.write, _MUCH)
    assert isinstance(in_a_thread(process.wait, None)(), ConnectionLost)
    assert in_a_thread(connection.close)() is None
    process.close()


class _Ended:
    """A channel of a connection that has ended, which nobody has noticed yet."""

    def close(self) -> None:
        raise EOFError


def test_a_session_of_a_connection_that_ends_just_now_is_given_back() -> None:
    given_back = threading.Event()
    session = Session(_Ended(), None, given_back.set)  # type: ignore[arg-type]
    session.close()
    assert given_back.is_set()


def test_what_cannot_be_closed_keeps_nothing_else_open() -> None:
    closed = threading.Event()

    def fail() -> None:
        raise PermissionError  # as to signal a ProxyCommand that is another user's

    Connection(None, None, [closed.set, fail]).close()  # type: ignore[arg-type]
    assert closed.is_set()
