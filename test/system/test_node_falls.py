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


"""A detached instance whose ROS node falls again and again: its processes do not notice."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from typing import Any

from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.client import LaunchServiceClient, RosSession
from launch_service_node.protocol import SupervisorClient

#: How often the node falls, and over how many processes. CI takes fewer rounds.
ROUNDS = int(os.environ.get('LAUNCH_SERVICE_TEST_FALLS', '5'))
PROCESSES = 50

#: Counts, ten times a second, for as long as its supervisor lets it.
COUNTER = """
    import time
    number = 0
    while True:
        print(number, flush=True)
        number += 1
        time.sleep(0.1)
    """

SAME = ('process_id', 'process_name', 'process_status', 'os_pid', 'restart_count', 'launch_id')


class Instance:
    """An instance that was brought up, and what its supervisor says of it."""

    def __init__(self, lab: Lab, *entries: dict[str, Any]) -> None:
        up = subprocess.run(
            [sys.executable, '-m', 'launch_service_node.cli', 'up', '/robot1',
             '--allow-list', lab.allow_list(*entries)],
            env=lab.environment, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
        assert up.returncode == 0, up.stderr
        self.supervisor = SupervisorClient('/robot1', str(lab.home))

    def node_pid(self) -> int:
        """Return the pid of the node that is attached; 0: none is."""
        node = self.supervisor.call('status', PATIENCE)['instance']['node']
        return int(node['pid']) if node else 0

    def listed(self) -> list[tuple[Any, ...]]:
        """Return what must not change, as the supervisor has it."""
        return [tuple(process[key] for key in SAME)
                for process in self.supervisor.call('list', PATIENCE)['processes']]

    def listed_over_ros(self) -> list[tuple[Any, ...]]:
        """Return the same as the present node has it: to a caller that is new to it."""
        with RosSession() as session, LaunchServiceClient(
                session.node, '/robot1', find_within=PATIENCE) as client:
            return [tuple(getattr(status, key) for key in SAME)
                    for status in client.list(timeout=PATIENCE).processes]


@pytest.fixture
def gate(lab: Lab) -> str:
    path = str(lab.folder / 'gate')
    os.mkfifo(path)
    return path


def numbers(instance: Instance, process_id: int) -> list[int]:
    """Return what a counter has printed so far; an unfinished line is left out."""
    found = instance.supervisor.call(
        'read', PATIENCE, process_id=process_id, offset=0, max_bytes=10 ** 6)
    return [int(line) for line in base64.b64decode(found['data']).split(b'\n')[:-1]]


def test_fifty_processes_do_not_notice_that_their_node_falls(lab: Lab, gate: str) -> None:
    instance = Instance(
        lab, {'id': 'counter', 'cmd': lab.script('counter', COUNTER)},
        {'id': 'ender', 'cmd': ['/bin/sh', '-c', f'read code <{gate}; exit $code']})
    supervisor = instance.supervisor
    with supervisor:
        for number in range(PROCESSES):
            supervisor.call('start', PATIENCE, cmd='counter', name=f'c{number}', launch_id='l')
        before = instance.listed()
        assert instance.listed_over_ros() == before
        node = instance.node_pid()
        for turn in range(ROUNDS):
            ender = supervisor.call('start', PATIENCE, cmd='ender', name='ender')['process']
            os.kill(node, signal.SIGKILL)
            with open(gate, 'w') as file:
                file.write(f'{turn + 1}\n')
            wait_until(lambda pid=ender['os_pid']: not alive(pid))  # type: ignore[misc]
            assert instance.listed()[:PROCESSES] == before
            node = wait_until(lambda old=node: (  # type: ignore[misc]
                pid := instance.node_pid()) != old and pid)
            assert instance.listed()[:PROCESSES] == before

            def ended() -> dict[str, Any]:
                found = supervisor.call('list', PATIENCE, name='ender')['processes'][-1]
                return found if found['exit_known'] else {}
            assert wait_until(ended)['exit_code'] == turn + 1
        after = instance.listed_over_ros()
        assert after[:PROCESSES] == before
        assert after == instance.listed()
        for process_id in range(1, PROCESSES + 1):
            printed = numbers(instance, process_id)
            assert printed == list(range(len(printed)))
            assert len(printed) > ROUNDS
