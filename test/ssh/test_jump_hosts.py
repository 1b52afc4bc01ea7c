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

"""Connections through others: jump hosts and the ProxyCommand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ssh_servers import free_port, Sshd

from launch_service_node.errors import (
    ConnectionFailed,
    ConnectRefused,
    HostKeyUnknown,
    LaunchServiceError,
)
from launch_service_node.ssh.config import resolve
from launch_service_node.ssh.connection import connect

from .connecting import fails, without_ssh, works


@pytest.mark.parametrize('resolver', [resolve, without_ssh])
def test_a_proxy_command_is_used(sshd: Sshd, resolver: Any, tmp_path: Path) -> None:
    program = tmp_path / 'relay.py'
    program.write_text(_RELAY)
    sshd.write_config(f'ProxyCommand python3 {program} %h %p {tmp_path}/pid')
    works(sshd.target(), resolver=resolver)
    pid = int((tmp_path / 'pid').read_text())
    assert not Path(f'/proc/{pid}').exists()


_RELAY = """
import os, select, socket, sys
open(sys.argv[3], 'w').write(str(os.getpid()))
there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    for one in select.select([0, there], [], [])[0]:
        data = os.read(0, 65536) if one == 0 else there.recv(65536)
        if not data:
            sys.exit()
        if one == 0:
            there.sendall(data)
        else:
            os.write(1, data)
"""


def test_a_proxy_command_that_fails_says_why(sshd: Sshd) -> None:
    sshd.write_config('ProxyCommand sh -c "echo no way out >&2; exit 3"')
    error = fails(sshd.target(), ConnectionFailed, 'ProxyCommand', 'status 3', 'no way out')
    assert error.facts['exit_status'] == 3


@pytest.mark.parametrize('resolver', [resolve, without_ssh])
def test_jump_hosts_of_ssh_config(sshd: Sshd, make_sshd: Callable[..., Sshd],
                                  resolver: Any) -> None:
    jump = make_sshd()
    jump.authorized.write_text(sshd.authorized.read_text())
    _two(sshd, jump, f'ProxyJump 127.0.0.1:{jump.port}')
    works(sshd.target(), resolver=resolver)
    assert jump.connections() == 1


def _two(sshd: Sshd, jump: Sshd, *lines: str) -> None:
    sshd.write_config(*lines)
    sshd.know(f'{sshd.name} {sshd.public(sshd.host_key)}\n{jump.name} '
              f'{jump.public(jump.host_key)}')


def test_several_jump_hosts_named_by_the_user(sshd: Sshd, make_sshd: Callable[..., Sshd]) -> None:
    jump = make_sshd()
    jump.authorized.write_text(sshd.authorized.read_text())
    _two(sshd, jump, 'ProxyCommand false')
    hop = f'127.0.0.1:{jump.port}'
    works(sshd.target(jump_hosts=(hop, hop)))
    assert jump.connections() == 2


def test_what_fails_at_a_jump_host_names_it(sshd: Sshd, make_sshd: Callable[..., Sshd]) -> None:
    jump = make_sshd(AllowTcpForwarding='no')
    jump.authorized.write_text(sshd.authorized.read_text())
    hop = f'127.0.0.1:{jump.port}'
    fails(sshd.target(jump_hosts=(hop,)), HostKeyUnknown, 'the host key of 127.0.0.1', jump.name)
    _two(sshd, jump)
    fails(sshd.target(jump_hosts=(hop,)), ConnectionFailed, 'forwards no connections')


def test_a_host_that_the_jump_host_cannot_reach(sshd: Sshd) -> None:
    fails(sshd.target(port=free_port(), jump_hosts=(f'127.0.0.1:{sshd.port}',)), ConnectRefused,
          "the jump host 127.0.0.1 can't connect to robot")


def test_a_circle_of_jump_hosts_ends(sshd: Sshd) -> None:
    sshd.write_config('ProxyJump robot')
    with pytest.raises(LaunchServiceError, match='a circle of ProxyJump in ssh_config'):
        connect(sshd.target())
