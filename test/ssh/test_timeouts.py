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

"""Packets that get lost on the way to a machine: the whole way takes `connect_timeout`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
import os
from pathlib import Path
import select
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from harness import wait_until
from hosts import Network
import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.errors import ConnectTimedOut, Unreachable
from launch_service_node.ssh.config import resolve
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.target import Target

TIMEOUT = 1.5


class Lossy:
    """
    A way to a server that loses everything after so many bytes of the server's.

    :ivar passed: how many bytes came through.
    """

    def __init__(self, port: int, most: float) -> None:
        self.most = most
        self.passed = 0
        self._port = port
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._wake.close()
        self._thread.join(PATIENCE)
        self._woken.close()
        self._listener.close()

    def _serve(self) -> None:
        pairs: dict[socket.socket, socket.socket] = {}
        servers = set()
        while True:
            ready = select.select([self._listener, self._woken, *pairs], [], [])[0]
            if self._woken in ready:
                break
            for one in ready:
                if one is self._listener:
                    client = one.accept()[0]
                    server = socket.create_connection(('127.0.0.1', self._port))
                    pairs[client], pairs[server] = server, client
                    servers.add(server)
                    continue
                try:
                    data = one.recv(1 << 16)
                except ConnectionResetError:
                    data = b''
                other = pairs[one]
                if one in servers:
                    data = data[:int(min(len(data), max(0, self.most - self.passed)))]
                    self.passed += len(data)
                elif self.passed >= self.most:
                    data = b''
                if not data:
                    pairs.pop(one)  # not closed: as a cable that is cut
                    servers.add(other)
                    continue
                other.sendall(data)
        for one in pairs.values():
            one.close()


@contextmanager
def lossy(sshd: Sshd, most: float) -> Iterator[tuple[Target, Lossy]]:
    way = Lossy(sshd.port, most)
    try:
        sshd.know(f'[127.0.0.1]:{way.port} {sshd.public(sshd.host_key)}')
        yield sshd.target(port=way.port), way
    finally:
        way.close()


def bytes_of_a_login(sshd: Sshd) -> int:
    with lossy(sshd, float('inf')) as (target, way):
        connect(target).close()
        return way.passed


@pytest.mark.parametrize('part', [0, 0.005, 0.1, 0.3, 0.5, 0.7])
def test_packets_that_are_lost_during_the_login(sshd: Sshd, part: float) -> None:
    most = int(part * bytes_of_a_login(sshd))
    for timeout in (TIMEOUT, 5.0, PATIENCE):
        with lossy(sshd, most) as (_, way):
            target = sshd.target(port=way.port, connect_timeout=timeout)
            began = time.monotonic()
            with pytest.raises(ConnectTimedOut) as caught:
                connect(target)
            # Far below what paramiko waits by itself, far above what a busy machine needs.
            assert time.monotonic() - began < timeout + 8
        assert '\n' not in str(caught.value)
        if way.passed == most:
            return
    pytest.fail('it never came so far')


def test_packets_that_are_lost_after_the_login(sshd: Sshd) -> None:
    with lossy(sshd, float('inf')) as (target, way):
        with Pool() as pool:
            pool.open_session(target).close()
            way.most = way.passed
            with pytest.raises(Unreachable):
                pool.open_session(replace(target, connect_timeout=3.0))
            assert pool.connections() == []


def test_a_listener_that_accepts_nobody(sshd: Sshd) -> None:
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        try:
            # The kernel drops the SYN of who comes when the queue is full.
            while True:
                one = socket.socket()
                one.settimeout(0.5)
                waiting.append(one)
                try:
                    one.connect(('127.0.0.1', port))
                except TimeoutError:
                    break
            with pytest.raises(ConnectTimedOut) as caught:
                connect(sshd.target(port=port, connect_timeout=4.0))
        finally:
            for one in waiting:
                one.close()
    assert str(caught.value) == (
        f"robot (127.0.0.1 port {port}) doesn't answer: is it on, on this network, and behind no "
        'firewall that drops SSH?')


def test_an_ssh_config_that_takes_too_long(sshd: Sshd, tmp_path: Path) -> None:
    sshd.write_config(first=f'Match exec "echo $$ > {tmp_path}/pid; sleep 1000"')
    with pytest.raises(ConnectTimedOut, match='look for a slow `Match exec`'):
        resolve(sshd.target(connect_timeout=4.0))
    pid = int(wait_until(lambda: (tmp_path / 'pid').read_text()))
    wait_until(lambda: not Path(f'/proc/{pid}').exists())


def test_a_proxy_command_that_says_nothing(sshd: Sshd, tmp_path: Path) -> None:
    sshd.write_config(f"ProxyCommand sh -c 'echo $$ > {tmp_path}/pid; exec sleep 1000'")
    with pytest.raises(ConnectTimedOut):
        connect(sshd.target(connect_timeout=4.0))
    pid = int(wait_until(lambda: (tmp_path / 'pid').read_text()))
    wait_until(lambda: not Path(f'/proc/{pid}').exists())


_CLIENT = """
import sys, time
from launch_service_node.errors import LaunchServiceError
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.target import Target
config, key, user, *hops = sys.argv[1:]
began = time.monotonic()
try:
    connect(Target(host='robot', config_file=config, ssh_key=key, user=user, connect_timeout=6.0,
                   jump_hosts=tuple(hops))).close()
except LaunchServiceError as error:
    print(time.monotonic() - began < 15, type(error).__name__, error)
"""


@pytest.fixture
def hosts(shared: Any, network: Network, tmp_path: Path) -> Iterator[list[Sshd]]:
    """Give a server on each of two hosts of their own."""
    servers: list[Sshd] = []
    try:
        for host in network.hosts[1:]:
            server = Sshd(tmp_path / host.name, address=host.address)
            servers.append(server)
            server.start(host.command(*server.command()), wait=False)
        for server in servers:
            wait_until(lambda server=server: 'Server listening' in server.log())
        yield servers
    finally:
        for server in servers:
            server.stop()


def ask(network: Network, server: Sshd, *hops: str) -> str:
    target = server.target()
    return network.hosts[0].run(
        sys.executable, '-c', _CLIENT, str(target.config_file), str(target.ssh_key),
        str(target.user), *hops, timeout=PATIENCE, stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE, capture_output=False,
        env={**os.environ, 'PYTHONPATH': str(Path(__file__).resolve().parents[2])}).stdout


def test_a_host_behind_a_cut_cable(hosts: list[Sshd], network: Network) -> None:
    network.hosts[1].cut()
    # Nobody answers who has this address; or it is known still, and the packets are lost.
    assert ask(network, hosts[0]).startswith(
        ('True ConnectTimedOut robot (', 'True ConnectionFailed robot ('))
    network.hosts[0].run('ip', 'neighbour', 'replace', hosts[0].address, 'dev', 'eth0',
                         'lladdr', '02:00:00:00:00:01', 'nud', 'permanent')
    assert ask(network, hosts[0]) == (
        f"True ConnectTimedOut robot ({hosts[0].address} port {hosts[0].port}) doesn't answer: is "
        'it on, on this network, and behind no firewall that drops SSH?\n')


def test_a_jump_host_that_gets_no_answer(hosts: list[Sshd], network: Network) -> None:
    jump, robot = hosts
    jump.authorized.write_text(robot.authorized.read_text())
    robot.know(f'{jump.name} {jump.public(jump.host_key)}')
    network.hosts[2].cut()
    network.hosts[1].run('ip', 'neighbour', 'replace', robot.address, 'dev', 'eth0',
                         'lladdr', '02:00:00:00:00:01', 'nud', 'permanent')
    assert ask(network, robot, f'{jump.address}:{jump.port}') == (
        f'True ConnectTimedOut the jump host {jump.address} gets no answer from robot '
        f'({robot.address} port {robot.port}): is it on, and on its network?\n')
