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

"""Connections that are not kept: nobody gets a session of one that is about to be closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import Session
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.running import run


@pytest.mark.parametrize('keep, end', [
    (False, lambda pool, session: session.close()),
    (True, lambda pool, session: (session.close(), pool.let_go()))],
    ids=['after its last session', 'when nothing is kept any more'])
def test_who_comes_while_a_connection_is_closed_gets_another_one(
        sshd: Sshd, monkeypatch: pytest.MonkeyPatch, keep: bool,
        end: Callable[[Pool, Session], object]) -> None:
    drop = Pool._drop
    late: list[Session] = []

    def slowly(self: Pool, *arguments: Any) -> None:
        if not late:
            late.append(self.open_session(sshd.target()))
        drop(self, *arguments)

    with Pool(keep=keep) as pool:
        session = pool.open_session(sshd.target())
        monkeypatch.setattr(Pool, '_drop', slowly)
        end(pool, session)
        done = run(late[0], Command(('echo', 'here')), PATIENCE)
        assert done.stdout == b'here\n'
