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

"""A lot at once: output of a hundred megabytes, a hundred processes on three hosts."""

from __future__ import annotations

from collections.abc import Callable
import hashlib
from pathlib import Path
import shlex
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from fleet import Fleet  # noqa: E402
from harness import PATIENCE, wait_until  # noqa: E402
from launch.actions import RegisterEventHandler, Shutdown  # noqa: E402
from launch.event_handlers import OnProcessIO, OnProcessStart  # noqa: E402
from launching import Launcher, machine_on, Told  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions import ExecuteRemote  # noqa: E402
from launch_service_node.actions.execute_remote_link import MOST_AT_ONCE, MOST_WAITING  # noqa: E402
from launch_service_node.machines import SSHMachine  # noqa: E402
from launch_service_node.ssh import life_line, process  # noqa: E402
from launch_service_node.ssh.command import Command  # noqa: E402
from launch_service_node.ssh.pool import Pool  # noqa: E402

LONG = 10 * PATIENCE

#: Lines of a thousand bytes that are all different.
LINES = 105_000


def test_a_hundred_megabytes_come_whole_and_take_no_memory(
        launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=['seq', '-f', '%0999.f', '1', str(LINES)],
                           machine=machine_on(robot))
    digest, sizes, waiting, links = hashlib.sha256(), [0], [0], []

    def hear(event: Any) -> None:
        links.append(action._run._link)
        digest.update(event.text)
        sizes.append(len(event.text))
        waiting.append(links[0]._size)
    told = Told(action)
    assert launcher.run(action, told.hear()[2], RegisterEventHandler(OnProcessIO(
        target_action=action, on_stdout=hear)), timeout=LONG) == 0
    assert told.codes == [0] and sum(sizes) == LINES * 1000
    expected = hashlib.sha256()
    for number in range(1, LINES + 1):
        expected.update(b'%0999d\n' % number)
    assert digest.digest() == expected.digest()
    assert max(sizes) <= MOST_AT_ONCE and max(waiting) <= MOST_WAITING + MOST_AT_ONCE
    with open(launcher.folder / 'log1' / 'launch.log', 'rb') as log:
        assert sum(b'] 000' in line for line in log) == LINES


def test_a_reader_that_is_slower_than_the_end_gets_all_and_the_exit(
        robot: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (life_line, process):
        monkeypatch.setattr(module, 'SOON', 0.1)
    got, threads = bytearray(), []

    def take(data: bytes) -> None:
        if not got:
            # It has ended and closed its side; pings and orders fail from now on.
            wait_until(lambda: remote._line.ended)
            threads[0].join(PATIENCE)
            remote.stop()
        got.extend(data)
    remote = process.RemoteProcess(
        Command(('sh', '-c', 'head -c 150000 /dev/zero; exit 7'), silence=4.0), take)
    with Pool() as pool, remote:
        session = pool.open_session(robot.target())
        monkeypatch.setattr(life_line.LifeLine, '__init__', keep_pinger(threads))
        remote.start(session)
        assert remote.wait(PATIENCE).code == 7
    assert got == bytes(150000)


def keep_pinger(threads: list[Any]) -> Any:
    init = life_line.LifeLine.__init__

    def made(self: Any, *arguments: Any) -> None:
        init(self, *arguments)
        threads.append(self._pinger)
    return made


def test_who_is_stopped_while_it_floods_ends(launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=['yes', 'x' * 100], machine=machine_on(robot))
    told = Told(action)
    seen = [0]

    def hear(event: Any) -> Any:
        seen[0] += len(event.text)
        return Shutdown() if seen[0] > 1 << 20 else None
    assert launcher.run(action, told.hear()[2], RegisterEventHandler(OnProcessIO(
        target_action=action, on_stdout=hear))) == 0
    assert told.codes == [-2]


@pytest.mark.parametrize(('sessions', 'connections'), [(100, 1), (10, 2), (3, 4)])
def test_no_more_connections_than_the_server_s_limit_demands(
        launcher: Launcher, make_robot: Callable[..., Sshd], sessions: int,
        connections: int) -> None:
    server = make_robot(MaxSessions=sessions)
    hosts = machine_on(server)
    told = Told()
    started: list[Any] = []

    def count(event: Any, _: Any) -> Any:
        started.append(event)
        return Shutdown() if len(started) == 12 else None
    assert launcher.run(
        *told.hear(), RegisterEventHandler(OnProcessStart(on_start=count)),
        *(ExecuteRemote(cmd=['sleep', '1000'], machine=hosts) for _ in range(12))) == 0
    assert told.codes == [-2] * 12
    assert server.connections() == connections


@pytest.mark.parametrize(('sessions', 'connections'), [(10, 4), (100, 1)])
def test_a_hundred_processes_on_three_hosts(launcher: Launcher, fleet: Fleet, sessions: int,
                                            connections: int) -> None:
    for robot in fleet.robots:
        robot.sshd.stop()
        robot.sshd.options['MaxSessions'] = sessions
        robot.start()
        wait_until(lambda log=robot.sshd.log: log().count('Server listening') == 2)
    # This process is on no host of the fleet: it goes to the robots through the laptop.
    machines = [SSHMachine(robot.name, ssh_config=str(config_through_the_laptop(fleet)),
                           connect_timeout=LONG, start_timeout=LONG, silence=LONG)
                for robot in fleet.robots]
    told = Told()
    started: list[Any] = []

    def count(event: Any, _: Any) -> Any:
        started.append(event)
        return Shutdown() if len(started) == 100 else None
    assert launcher.run(
        *told.hear(), RegisterEventHandler(OnProcessStart(on_start=count)),
        *(ExecuteRemote(cmd=['sleep', '1000'], machine=machines[number % 3])
          for number in range(100)), timeout=LONG) == 0
    assert told.codes == [-2] * 100
    assert [robot.sshd.connections() for robot in fleet.robots] == [connections] * 3
    assert not any(robot.running('sleep', '1000') for robot in fleet.robots)


def config_through_the_laptop(fleet: Fleet) -> Path:
    """Return an ssh_config with which a client outside reaches the robots."""
    enter = shlex.join(fleet.laptop.host.command(
        'ssh', '-F', str(fleet.ssh_config), '-W', '%h:%p', fleet.laptop.name))
    path = fleet.ssh_config.with_name('ssh_config_outside')
    path.write_text(fleet.ssh_config.read_text() + f'  ProxyCommand {enter}\n')
    return path
