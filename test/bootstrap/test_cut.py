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

"""The way is cut at each step: then there is a complete instance, or none, never a half."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from bootstrap.conftest import LONG, Site
from fleet import Computer
from harness import wait_until
import pytest

from launch_service_node.bootstrap.order import Order, pack
from launch_service_node.bootstrap.robot_end import main, NO_ORDER
from launch_service_node.supervisor.kernel.identity import open_handle

STEPS = ('connecting', 'checking', 'handing over', 'starting', 'waiting for its heartbeat')

#: Brings up an instance, and tells each step; waits after the one that is named.
_CLIENT = """
import sys
from launch_service_node.bootstrap.bringing_up import bring_up
from launch_service_node.bootstrap.request import Request
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.target import Target
name, config, setup, namespace, stop, *more = sys.argv[1:]
def step(words):
    print(words, flush=True)
    if words.startswith(stop):
        sys.stdin.read()
with Pool() as pool:
    bring_up(pool, Request(Host(Target(name, config_file=config), setup=(setup,)), namespace,
                           ('robot.yaml',), replace=bool(more),
                           parameters=dict(one.split(':=') for one in more)), step=step)
"""

#: A cable that carries so many bytes to the host, and is cut then.
_CABLE = """
import os, select, socket, sys
host, port, most, log = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sock = socket.create_connection((host, port))
sent = 0
while True:
    ready, _, _ = select.select([0, sock], [], [])
    if 0 in ready:
        data = os.read(0, 65536)
        if not data:
            break
        sock.sendall(data[:most - sent])
        sent += len(data)
        open(log, 'w').write(str(sent))
        if sent >= most:
            break
    if sock in ready:
        data = sock.recv(65536)
        if not data:
            break
        os.write(1, data)
"""


def begin(site: Site, robot: Computer, namespace: str, stop: str,
          *more: str) -> subprocess.Popen[str]:
    """Begin to bring up an instance, as far as a step."""
    popen = subprocess.Popen(
        site.laptop.command(sys.executable, '-c', _CLIENT, robot.name, str(site.fleet.ssh_config),
                            str(robot.setup), namespace, stop, *more),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=site.laptop.home)
    assert popen.stdout
    while not (line := popen.stdout.readline()).startswith(stop):
        assert line, 'it ended before'
    return popen


def at_work(robot: Computer) -> list[int]:
    """Return who carries out an order on a robot."""
    found = []
    for pid in robot.pids():
        try:
            if b'robot_end' in Path(f'/proc/{pid}/cmdline').read_bytes():
                found.append(pid)
        except OSError:
            continue  # it has just ended
    return found


def settled(site: Site, robot: Computer, namespace: str) -> dict[str, Any] | None:
    """Return the instance that there is when nobody works on it any more, None: there is none."""
    wait_until(lambda: not at_work(robot), LONG)
    folder = robot.home / '.config/launch_service' / namespace[1:]
    assert not list(folder.rglob('*.new'))
    if not site.runs(robot, namespace):
        assert not list(folder.glob('*'))
        return None
    assert (folder / 'robot.yaml').read_text() == (site.laptop.home / 'robot.yaml').read_text()
    told = site.document(robot, namespace, '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert told['outcome'] == 'attached'
    return told


@pytest.fixture
def robot(site: Site) -> Iterator[Computer]:
    """Give a robot, whose cable is in place afterwards."""
    yield site.robots[0]
    site.laptop.host.mend()


@pytest.mark.parametrize('how', ['killed', 'cut'])
@pytest.mark.parametrize('stop', STEPS)
def test_there_is_a_whole_one_or_none(site: Site, robot: Computer, stop: str, how: str) -> None:
    namespace = f'/{how}{STEPS.index(stop)}'
    popen = begin(site, robot, namespace, stop)
    if how == 'cut':
        site.laptop.host.cut()
    popen.kill()
    popen.communicate(timeout=LONG)
    if how == 'cut':
        # Only when all is over there is the way back open.
        wait_until(lambda: not at_work(robot), LONG)
        site.laptop.host.mend()
    found = settled(site, robot, namespace)
    assert (found is not None) == (stop in ('starting', 'waiting for its heartbeat'))
    told = site.document(robot, namespace, '--allow-list', 'robot.yaml')
    assert told['outcome'] == ('started' if found is None else 'attached')


@pytest.mark.parametrize('stop', ['replacing', 'starting'])
def test_a_replacement_is_finished_or_not_begun(site: Site, robot: Computer, stop: str) -> None:
    namespace = f'/re_{stop}'
    before = site.document(robot, namespace, '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert site('--local', 'start', namespace, 'idle', on=robot).returncode == 0
    pid = site.processes(robot, namespace)[0]['os_pid']
    popen = begin(site, robot, namespace, stop, 'heartbeat_period:=0.5')
    popen.kill()
    popen.communicate(timeout=LONG)
    after = settled(site, robot, namespace)
    assert after is not None
    assert after['instance']['instance_id'] == before['instance']['instance_id']
    assert site.document(robot, namespace, '--param', 'heartbeat_period:=0.5',
                         '--no-wait-graph')['outcome'] == 'attached'
    assert site.processes(robot, namespace)[0]['os_pid'] == pid


def test_what_is_killed_over_there_is_finished_by_the_next(site: Site, robot: Computer) -> None:
    popen = begin(site, robot, '/killed_there', 'starting')
    handles = [handle for handle in map(open_handle, at_work(robot)) if handle is not None]
    assert handles
    for handle in handles:
        handle.send(signal.SIGKILL)
        handle.close()
    popen.communicate(timeout=LONG)
    assert popen.returncode != 0
    told = site.document(robot, '/killed_there', '--allow-list', 'robot.yaml')
    assert told['outcome'] in ('started', 'attached')
    assert settled(site, robot, '/killed_there') is not None


def test_a_cable_that_is_cut_after_any_number_of_bytes(site: Site, robot: Computer) -> None:
    log = site.laptop.home / 'bytes'
    cable = site.laptop.home / 'cable.py'
    cable.write_text(_CABLE)

    def through(most: int, namespace: str) -> subprocess.CompletedProcess[str]:
        config = site.laptop.home / f'cable_{most}'
        config.write_text(site.fleet.ssh_config.read_text() + (
            f'Host *\n  ProxyCommand {sys.executable} {cable} {robot.address} 22 {most} {log}\n'))
        return site('bootstrap', robot.name, namespace, '--ssh-config', str(config), '--setup',
                    str(robot.setup), '--allow-list', 'robot.yaml', '--no-wait-graph', '--json')

    assert through(1 << 40, '/whole').returncode == 0
    total = int(log.read_text())
    found = []
    for part in range(1, 8):
        namespace = f'/part{part}'
        done = through(total * part // 8, namespace)
        assert done.returncode != 0 and json.loads(done.stdout)['ok'] is False
        found.append(settled(site, robot, namespace) is not None)
    # Somewhere the whole order is there; before that there is nothing.
    assert found == sorted(found)


@pytest.mark.parametrize('part', [0, 1, 5, -1])
def test_half_an_order_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                               part: int) -> None:
    monkeypatch.setenv('LAUNCH_SERVICE_STATE_DIR', str(tmp_path / 'state'))
    data = pack(Order('/half', files={'a.yaml': b'x'}))
    read_fd, write_fd = os.pipe()
    before = os.dup(0)
    try:
        os.dup2(read_fd, 0)
        os.write(write_fd, data[:part])
        os.close(write_fd)
        assert main(['word']) == NO_ORDER
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(read_fd)
    assert not (tmp_path / 'state').exists()


def test_ctrl_c_here_ends_the_wait_and_not_what_goes_on_there(
        site: Site, robot: Computer) -> None:
    popen = subprocess.Popen(
        site.command('bootstrap', robot.name, '/interrupted', *site.options(robot),
                     '--allow-list', 'robot.yaml'),
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=site.laptop.home)
    try:
        assert popen.stderr
        while 'starting' not in (line := popen.stderr.readline()):
            assert line
        popen.send_signal(signal.SIGINT)
        said, errors = popen.communicate(timeout=LONG)
    finally:
        popen.kill()
    assert (popen.returncode, said) == (130, '') and 'interrupted' in errors
    assert settled(site, robot, '/interrupted') is not None
