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

"""From a name to a socket: several addresses, and a computer that has run out of descriptors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
import resource
import socket
import threading
import time

import pytest
from ssh_servers import Sshd

from launch_service_node.errors import ConnectionFailed, ConnectRefused, ConnectTimedOut
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.dialing import dial
from launch_service_node.ssh.target import Resolved


@contextmanager
def deaf(port: int) -> Iterator[str]:
    """Give an address whose port answers nobody, as the kernel drops who comes."""
    address = '127.0.0.77'
    with socket.socket() as listener:
        listener.bind((address, port))
        listener.listen(0)
        waiting: list[socket.socket] = []
        try:
            while True:
                waiting.append(socket.socket())
                waiting[-1].settimeout(0.5)
                try:
                    waiting[-1].connect((address, port))
                except TimeoutError:
                    break
            yield address
        finally:
            for one in waiting:
                one.close()


def names(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[int, str], port: int) -> Resolved:
    """Return a host that has these addresses, of these families."""
    found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, '', (address, port))
             for family, address in addresses]
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *_, **__: found)
    return Resolved('robot', 'robot', port, 'ubuntu', 'robot')


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
        monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = listener.getsockname()[1]
        with deaf(port) as address:
            where = names(monkeypatch, (socket.AF_INET, address), (socket.AF_INET, '127.0.0.1'),
                          port=port)
            with dial(where, time.monotonic() + 6.0) as found:
                assert found.getpeername()[0] == '127.0.0.1'


def test_an_address_of_a_kind_that_this_computer_has_not_got_is_passed_over(
        monkeypatch: pytest.MonkeyPatch) -> None:
    none = 12  # DECnet: Linux has it no longer
    with pytest.raises(OSError):
        socket.socket(none)
    with socket.create_server(('127.0.0.1', 0)) as listener:
        where = names(monkeypatch, (none, '::1'), (socket.AF_INET, '127.0.0.1'),
                      port=listener.getsockname()[1])
        dial(where, time.monotonic() + 6.0).close()


def test_a_computer_without_descriptors_says_so(sshd: Sshd) -> None:
    target = sshd.target()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    failures = 0
    for more in range(20):
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + more, hard))
        try:
            connect(target).close()
            break
        except ConnectionFailed as error:
            assert str(error).startswith(
                "this computer can't connect to robot: Too many open files; ")
            failures += 1
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert 0 < failures < 20


@pytest.mark.parametrize('codes', [(errno.ENETUNREACH, errno.EHOSTUNREACH),
                                   (errno.EHOSTUNREACH, errno.ENETUNREACH)])
def test_that_nobody_has_the_address_says_more_than_that_there_is_no_way(
        monkeypatch: pytest.MonkeyPatch, codes: tuple[int, int]) -> None:
    failures = iter(codes)

    def connect_to(one: socket.socket, place: tuple[str, int]) -> None:
        code = next(failures)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(socket.socket, 'connect', connect_to)
    where = names(monkeypatch, (socket.AF_INET, '192.0.2.1'), (socket.AF_INET, '192.0.2.2'),
                  port=22)
    with pytest.raises(ConnectTimedOut, match=r"doesn't answer \(No route to host\): is it on"):
        dial(where, time.monotonic() + 6.0)


@pytest.mark.parametrize('other', ['2001:db8::1', None], ids=['no way', 'refused'])
def test_what_is_told_of_several_addresses_is_what_says_most(
        monkeypatch: pytest.MonkeyPatch, other: str | None) -> None:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = listener.getsockname()[1]
    asked = []
    begin = socket.socket.connect

    def connect_to(one: socket.socket, place: tuple[str, int]) -> None:
        asked.append(place[0])
        if place[0] == other:
            raise OSError(errno.ENETUNREACH, 'Network is unreachable')
        begin(one, place)

    with deaf(port) as address:
        monkeypatch.setattr(socket.socket, 'connect', connect_to)
        where = names(monkeypatch, (socket.AF_INET, address),
                      (socket.AF_INET, other or '127.0.0.1'), port=port)
        with pytest.raises(ConnectTimedOut if other else ConnectRefused):
            dial(where, time.monotonic() + 6.0)
        # What is left of the time belongs to who might still answer.
        assert asked == [address, other or '127.0.0.1'] + [address] * bool(other)


@pytest.mark.parametrize('name', ['resolve', 'Thread-'], ids=['name', 'transport'])
def test_a_computer_without_threads_says_so(
        sshd: Sshd, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    begin = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith(name):
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, 'start', refuse)
    with pytest.raises(ConnectionFailed, match="^this computer can't connect to robot: can't "):
        connect(sshd.target())
