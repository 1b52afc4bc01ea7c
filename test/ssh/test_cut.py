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

"""A cable that is pulled: both ends notice, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from harness import alive, wait_until
from hosts import Network
import pytest
from ssh_servers import PATIENCE, Sshd

_CLIENT = """
import sys
from launch_service_node.errors import LaunchServiceError
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.target import Target
config, key, user, *argv = sys.argv[1:]
connection = connect(Target(host='robot', config_file=config, ssh_key=key, user=user))
with RemoteProcess(Command(argv=tuple(argv), silence=3.0, sigterm_timeout=0.3,
                           sigkill_timeout=0.3)) as process:
    process.start(connection.open_session(30))
    print(process.pid, flush=True)
    try:
        print(process.wait(None))
    except LaunchServiceError as error:
        print(type(error).__name__, error)
connection.close()
"""


@pytest.fixture
def robot(shared: Any, network: Network, tmp_path: Path) -> Iterator[Sshd]:
    """Give a server on a host of its own."""
    host = network.hosts[1]
    server = Sshd(tmp_path / 'robot', address=host.address)
    server.options['PidFile'] = tmp_path / 'pid'
    try:
        server.start(host.command(*server.command()), wait=False)
        wait_until(lambda: 'Server listening' in server.log())
        yield server
    finally:
        server.stop()


def start(robot: Sshd, network: Network, *argv: str) -> subprocess.Popen[str]:
    target = robot.target()
    return subprocess.Popen(
        network.hosts[0].command(sys.executable, '-c', _CLIENT, str(target.config_file),
                                 str(target.ssh_key), str(target.user), *argv),
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': str(Path(__file__).resolve().parents[2])})


@pytest.mark.parametrize('argv', [
    ('sleep', '1000'),
    ('sh', '-c', 'trap "" INT TERM; yes & wait; wait')], ids=['quiet', 'stubborn and loud'])
def test_a_cut_cable_ends_the_command_and_is_told(
        robot: Sshd, network: Network, argv: tuple[str, ...]) -> None:
    with start(robot, network, *argv) as popen:
        try:
            assert popen.stdout
            pid = int(popen.stdout.readline())
            assert alive(pid)
            network.hosts[1].cut()
            wait_until(lambda: not alive(pid))
            assert popen.stdout.readline().startswith('ConnectionLost')
            assert popen.wait(PATIENCE) == 0
        finally:
            popen.kill()


def test_a_short_cut_is_survived(robot: Sshd, network: Network) -> None:
    with start(robot, network, 'sh', '-c', 'sleep 2; exit 7') as popen:
        try:
            assert popen.stdout
            assert int(popen.stdout.readline())
            network.hosts[1].cut()
            network.hosts[1].mend()
            assert 'exit status 7' in popen.stdout.readline()
        finally:
            popen.kill()
