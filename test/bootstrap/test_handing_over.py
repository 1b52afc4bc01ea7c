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

"""An order that is handed over to a machine which freezes in the middle of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import socket
import threading
from typing import Any

from harness import PATIENCE
import paramiko
import pytest

from launch_service_node.bootstrap import handing_over
from launch_service_node.bootstrap.order import Order
from launch_service_node.bootstrap.placing import Place
from launch_service_node.errors import LaunchServiceError, ResultCode, Unreachable
from launch_service_node.ssh.connection import Session
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.target import Resolved, Target

ORDER = Order('/robot1', timeout=0.5)

#: More than a channel takes before somebody reads, and more than the kernel holds.
LONG_ORDER = ORDER._replace(files={'a.yaml': b'x' * (16 << 20)})


class Freezing(paramiko.ServerInterface):
    """
    A server that lets everybody in, and freezes at some point.

    :ivar reached: whether somebody asked for a command.
    """

    def __init__(self, end: socket.socket, how: str) -> None:
        self.reached, self.thaw = threading.Event(), threading.Event()
        self.how = how
        self.transport = paramiko.Transport(end)
        self.transport.add_server_key(paramiko.ECDSAKey.generate())
        self.transport.start_server(threading.Event(), self)

    def check_auth_none(self, username: str) -> int:
        return int(paramiko.common.AUTH_SUCCESSFUL)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.common.OPEN_SUCCEEDED)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.reached.set()
        if self.how == 'before it answers':
            self.thaw.wait(PATIENCE * 10)
        elif self.how == 'before it takes anything':
            read = self.transport.packetizer.read_message

            def freeze() -> Any:
                self.thaw.wait(PATIENCE * 10)
                return read()
            self.transport.packetizer.read_message = freeze
        return True


@pytest.fixture(params=['before it answers', 'before it takes anything', 'before it reads'])
def freezing(request: pytest.FixtureRequest) -> Iterator[tuple[Freezing, Session]]:
    """Give a server that freezes, and a session there."""
    ours, theirs = socket.socketpair()
    server = Freezing(theirs, request.param)
    client = paramiko.Transport(ours)
    try:
        client.start_client(timeout=PATIENCE)
        client.auth_none('anybody')
        yield server, Session(client.open_session(timeout=PATIENCE),
                              Resolved('robot', 'robot', 22, 'anybody', 'robot'), lambda: None)
    finally:
        server.thaw.set()
        client.close()
        server.transport.close()


def handed_over(session: Session, order: Order,
                cancelled: Callable[[], bool] = lambda: False) -> LaunchServiceError:
    """Return what becomes of an order, which has to come to an end."""
    found: list[BaseException] = []

    def hand_over() -> None:
        try:
            handing_over.hand_over(session, Host(Target('robot')), Place(), order,
                                   print, cancelled)
        except LaunchServiceError as error:
            found.append(error)
    thread = threading.Thread(target=hand_over, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive() and isinstance(found[0], LaunchServiceError)
    return found[0]


def has_no_order(server: Freezing, order: Order) -> bool:
    """Say whether a machine that freezes has certainly not got the whole order."""
    return order is LONG_ORDER or server.how == 'before it answers'


@pytest.mark.parametrize('order', [ORDER, LONG_ORDER], ids=['short', 'long'])
def test_a_machine_that_freezes_is_waited_for_as_long_as_the_order_allows(
        freezing: tuple[Freezing, Session], order: Order,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_over, 'MARGIN', 0.5)
    error = handed_over(freezing[1], order)
    assert isinstance(error, Unreachable) and error.code == ResultCode.TIMED_OUT
    assert str(error) == (
        'robot has not taken the order in 1 s, and has begun nothing: is it frozen, or the '
        'network very slow?' if has_no_order(freezing[0], order) else
        'robot has not brought it up after 1 s, and may still be at it: look with '
        '`launch-service list --local` there, or give more timeout')


@pytest.mark.parametrize('order', [ORDER, LONG_ORDER], ids=['short', 'long'])
def test_whoever_cancels_does_not_wait_for_a_machine_that_freezes(
        freezing: tuple[Freezing, Session], order: Order) -> None:
    server, session = freezing
    error = handed_over(session, order._replace(timeout=PATIENCE * 10), server.reached.is_set)
    assert isinstance(error, Unreachable) and 'is not waited for any longer' in str(error)
    if has_no_order(server, order):
        assert str(error).endswith(', and has begun nothing: it had not taken the order yet')
    assert session.channel.closed


def test_a_machine_that_has_the_order_is_said_to_go_on_with_it() -> None:
    ours, theirs = socket.socketpair()
    server = Freezing(theirs, 'before it reads')
    client = paramiko.Transport(ours)
    try:
        client.start_client(timeout=PATIENCE)
        client.auth_none('anybody')
        session = Session(client.open_session(timeout=PATIENCE),
                          Resolved('robot', 'robot', 22, 'anybody', 'robot'), lambda: None)
        taken, said = threading.Event(), threading.Event()

        def take() -> None:
            channel = server.transport.accept(PATIENCE)
            with channel.makefile('rb') as file:
                file.read(int(file.readline()))
            taken.set()
            said.wait(PATIENCE)

        thread = threading.Thread(target=take)
        thread.start()
        error = handed_over(session, ORDER._replace(timeout=PATIENCE * 10), taken.is_set)
        said.set()
        thread.join(PATIENCE)
    finally:
        client.close()
        server.transport.close()
    assert str(error) == ('robot is not waited for any longer, and brings it up all the same if '
                          'the order has arrived')
