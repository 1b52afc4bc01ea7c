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

"""Fixtures of the tests over SSH: real servers, an isolated home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import subprocess
from typing import Any

from harness import wait_until
import pytest
import ssh_servers

from launch_service_node.ssh.connection import connect, Connection


@pytest.fixture(scope='session')
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give a server that serves all tests; skip where there can be none."""
    with ssh_servers.serving(tmp_path_factory.mktemp('sshd')) as server:
        yield server


@pytest.fixture
def sshd(shared: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Give the shared server with its client's files as they were, and an empty home."""
    ssh_servers.leave_home(monkeypatch, tmp_path)
    shared.write_config()
    shared.know()
    return shared


@pytest.fixture
def make_sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Give what starts a further server with options of sshd_config; all are ended."""
    ssh_servers.leave_home(monkeypatch, tmp_path)
    with ssh_servers.several(tmp_path) as make:
        yield make


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run an ssh-agent."""
    path = tmp_path / 'agent'
    popen = subprocess.Popen(['ssh-agent', '-D', '-a', str(path)], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: path.exists() or popen.poll() is not None)
        assert popen.poll() is None
        monkeypatch.setenv('SSH_AUTH_SOCK', str(path))
        yield path
    finally:
        popen.terminate()
        popen.wait(30)


@pytest.fixture(scope='module')
def shared_connection(shared: Any) -> Iterator[Connection]:
    """Give a connection for all tests here."""
    shared.write_config()
    shared.know()
    connection = connect(shared.target())
    yield connection
    connection.close()


@pytest.fixture
def connection(sshd: Any, shared_connection: Connection) -> Iterator[Connection]:
    """Give a connection to the shared server, which is left without sessions."""
    yield shared_connection
    assert shared_connection.channels == 0
