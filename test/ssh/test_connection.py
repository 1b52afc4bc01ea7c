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

"""Connecting to a real sshd, and to what is none or does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ssh_servers import free_port, odd_server, Sshd

from launch_service_node.errors import (
    ConnectionFailed,
    ConnectionLost,
    ConnectRefused,
    ConnectTimedOut,
    InvalidRequest,
    NameNotResolved,
)
from launch_service_node.ssh.config import resolve
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.target import Target

from .connecting import fails, without_ssh, works


@pytest.mark.parametrize('resolver', [resolve, without_ssh])
def test_an_alias_of_ssh_config_is_reached(sshd: Sshd, resolver: Any) -> None:
    works(sshd.target(), resolver=resolver)


def test_a_name_that_nobody_knows(sshd: Sshd) -> None:
    error = fails(sshd.target(host='nobody.invalid'), NameNotResolved, 'nobody.invalid', 'check')
    assert error.facts['host'] == 'nobody.invalid'


def test_a_port_where_nobody_listens(sshd: Sshd) -> None:
    port = free_port()
    fails(sshd.target(port=port), ConnectRefused, f'127.0.0.1 port {port}', 'start sshd')


def test_a_host_that_never_answers(sshd: Sshd) -> None:
    with odd_server() as port:
        fails(sshd.target(port=port, connect_timeout=4.0), ConnectTimedOut, 'says nothing')


def test_a_server_that_speaks_no_ssh(sshd: Sshd) -> None:
    with odd_server(b'HTTP/1.0 400 Bad Request\r\n\r\n') as port:
        fails(sshd.target(port=port), ConnectionFailed, "doesn't speak SSH")


def test_a_server_that_hangs_up(sshd: Sshd) -> None:
    with odd_server(b'') as port:
        fails(sshd.target(port=port), ConnectionLost, 'closes the connection', 'MaxStartups')


def test_a_session_that_is_refused(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(MaxSessions=0)
    connection = connect(server.target())
    try:
        with pytest.raises(ConnectionFailed, match='opens no session'):
            connection.open_session(30)
    finally:
        connection.close()


@pytest.mark.parametrize('wrong', [
    {'host': '-oProxyCommand=id'}, {'host': 'a;b'}, {'host': 'a b'}, {'host': ''},
    {'host': '$(id)'},
    {'user': '-l'}, {'user': 'a;b'}, {'port': 0}, {'port': 70000}, {'connect_timeout': 0},
    {'host_key_policy': 'no'}, {'host_key_policy': 'SHA256:short'}])
def test_what_cannot_be_right_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Target(**{'host': 'robot', **wrong})
