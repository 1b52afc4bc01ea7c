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

"""A thousand starts and stops through ROS leave nothing behind, and ten callers start one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
import json
import os
import subprocess
import sys
from typing import Any

from harness import Lab, PATIENCE, wait_until
import pytest

from launch_service_node.client import LaunchServiceClient, RosSession
from launch_service_node.errors import NotNow, ResultCode
from launch_service_node.supervisor.kernel.identity import read_stat
from launch_service_node.supervisor.kernel.tree import children

CLI = [sys.executable, '-m', 'launch_service_node.cli']

TIMES = int(os.environ.get('LAUNCH_SERVICE_TEST_TIMES', '1000'))

#: KiB that may come and go by chance (caches, fragments) without being a leak of a
#: kilobyte in each of a thousand rounds.
SLACK = 1024


@pytest.fixture
def instance(lab: Lab) -> Iterator[dict[str, Any]]:
    """Bring up /robot1 with one executable."""
    allowed = lab.allow_list({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    up = subprocess.run([*CLI, 'up', '/robot1', '--allow-list', allowed, '--json'],
                        env=lab.environment, capture_output=True, text=True,
                        timeout=2 * PATIENCE, check=False)
    assert up.returncode == 0, up.stderr
    yield json.loads(up.stdout)['instance']


def resources(pid: int) -> dict[str, int]:
    """Return how many descriptors, threads and children a process has."""
    return {'descriptors': len(os.listdir(f'/proc/{pid}/fd')),
            'threads': len(os.listdir(f'/proc/{pid}/task')), 'children': len(children(pid))}


def has_no_more(pid: int, before: dict[str, int]) -> bool:
    return all(count <= before[what] for what, count in resources(pid).items())


def resident(pid: int) -> int:
    """Return the anonymous resident memory of a process, in KiB."""
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        fields = dict(line.split(':', 1) for line in file)
    return int(fields['RssAnon'].split()[0])


def start(client: LaunchServiceClient) -> Any:
    """Start a process; None when the instance asks to come again later."""
    try:
        return client.start('sleeper', timeout=PATIENCE)
    except NotNow as error:
        assert error.code == ResultCode.RATE_LIMITED
        return None


def test_nothing_grows_over_a_thousand_starts_and_stops(
        lab: Lab, instance: dict[str, Any]) -> None:
    pids = {'node': instance['node']['pid'], 'supervisor': instance['supervisor_pid']}
    with RosSession() as session, LaunchServiceClient(
            session.node, '/robot1', find_within=PATIENCE) as client:
        def rounds(count: int) -> None:
            for _ in range(count):
                status = wait_until(partial(start, client))
                assert status.process_status == status.RUNNING
                stopped, = client.stop(proc_id=status.process_id, timeout=PATIENCE)
                assert stopped.process_status == stopped.STOPPED
        rounds(TIMES // 4)  # until the caches are warm and ended processes reach their limit
        before = {name: (resources(pid), resident(pid)) for name, pid in pids.items()}
        rounds(TIMES)
        for name, pid in pids.items():
            # For a moment it may have a file open, such as one of /proc.
            wait_until(partial(has_no_more, pid, before[name][0]))
            assert resident(pid) < before[name][1] + SLACK, name
        assert len(client.list(timeout=PATIENCE).processes) <= 100
    zombies = [pid for pid in lab.leftovers() if (stat := read_stat(pid)) and stat.state == 'Z']
    assert zombies == []


def test_ten_callers_with_one_uid_start_one_process(instance: dict[str, Any]) -> None:
    sessions = [RosSession(f'_caller_{number}') for number in range(10)]
    try:
        clients = [LaunchServiceClient(session.node, '/robot1', find_within=PATIENCE)
                   for session in sessions]

        def start_with_uid(client: LaunchServiceClient) -> int:
            return int(client.start('sleeper', uid=4711, timeout=PATIENCE).os_pid)
        with ThreadPoolExecutor(len(clients)) as pool:
            pids = set(pool.map(start_with_uid, clients))
        assert len(pids) == 1
        assert len(clients[0].list(timeout=PATIENCE).processes) == 1
    finally:
        for session in sessions:
            session.close()


def test_killing_the_node_changes_nothing_but_the_node(
        lab: Lab, instance: dict[str, Any]) -> None:
    def status() -> Any:
        found = subprocess.run([*CLI, 'list', '--local', '/robot1', '--json'],
                               env=lab.environment, capture_output=True, text=True,
                               timeout=PATIENCE, check=True)
        processes = json.loads(found.stdout)['instances'][0]['processes']
        return [(one['process_id'], one['process_name'], one['os_pid'], one['restart_count'])
                for one in processes]

    def node_pid() -> int:
        from launch_service_node.protocol import SupervisorClient
        with SupervisorClient('/robot1', str(lab.home)) as client:
            node = client.call('status')['instance']['node']
        return int(node['pid']) if node else 0

    def another_node_pid(than: int) -> int:
        pid = node_pid()
        return pid if pid != than else 0

    for name in ('a', 'b', 'c'):
        subprocess.run([*CLI, 'start', '--local', '/robot1', 'sleeper', '--name', name],
                       env=lab.environment, timeout=PATIENCE, check=True, capture_output=True)
    before = status()
    pid = node_pid()
    for _ in range(3):
        os.kill(pid, 9)
        pid = wait_until(partial(another_node_pid, pid))
        assert status() == before
