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

"""Our side: an instance as a user has it, brought up by `launch-service up`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import shutil
import subprocess
import sys
from typing import Any

from launch_service_node.client import LaunchServiceClient, RosSession
from launch_service_node.protocol import SupervisorClient

from .bench import Bench

NAMESPACE = '/bench'
SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '100000']}

#: Seconds that something may take that is not measured.
PATIENCE = 60.0

CLI = [sys.executable, '-m', 'launch_service_node.cli']


class Instance:
    """
    One that is up.

    :ivar supervisor: a connection to its supervisor.
    """

    def __init__(self, supervisor: SupervisorClient, instance: dict[str, Any]) -> None:
        self.supervisor = supervisor
        self.node_pid: int = instance['node']['pid']
        self.supervisor_pid: int = instance['supervisor_pid']

    @property
    def pids(self) -> tuple[int, int]:
        """Return node and supervisor."""
        return self.node_pid, self.supervisor_pid

    def fill(self, processes: int) -> None:
        """Start sleepers until so many run."""
        running = self.supervisor.call('list', PATIENCE)['num_procs']
        for _ in range(running, processes):
            self.supervisor.call('start', PATIENCE, cmd='sleeper')

    def processes(self) -> list[dict[str, Any]]:
        """Return its processes, as docs/protocol.md has them."""
        found: list[dict[str, Any]] = self.supervisor.call('list', PATIENCE)['processes']
        return found


@contextmanager
def instance(bench: Bench, processes: int = 0, *entries: dict[str, Any],
             namespace: str = NAMESPACE, **parameters: Any) -> Iterator[Instance]:
    """
    Give an instance with so many sleepers.

    :param entries: of the allow-list, besides the sleeper.
    :param parameters: of the node, besides those that let it run more than anyone should.
    """
    home = str(bench.lab.home)
    allow_list = bench.lab.allow_list(SLEEPER, *entries)
    words = []
    for name, value in {'max_start_rate': 0.0, 'max_processes': 1500, **parameters}.items():
        words += ['--param', f'{name}:={json.dumps(value)}']
    up = subprocess.run([*CLI, 'up', namespace, '--allow-list', allow_list, '--json', *words],
                        env=bench.environment, capture_output=True, text=True, check=False)
    if up.returncode:
        raise RuntimeError(f'launch-service up: {up.stderr.strip() or up.stdout.strip()}')
    try:
        with SupervisorClient(namespace, home, PATIENCE) as supervisor:
            found = Instance(supervisor, json.loads(up.stdout)['instance'])
            found.fill(processes)
            yield found
    finally:
        subprocess.run([*CLI, 'down', namespace, '--local', '--timeout', '60'],
                       env=bench.environment, capture_output=True, check=False)
        # Its supervisor would remember its settings for the next one.
        shutil.rmtree(bench.lab.instance_dir(namespace), ignore_errors=True)


@contextmanager
def client(namespace: str = NAMESPACE) -> Iterator[LaunchServiceClient]:
    """Give a client on the graph, which is there already when it is first used."""
    with RosSession() as session, LaunchServiceClient(
            session.node, namespace, find_within=PATIENCE) as found:
        found.list(timeout=PATIENCE)
        yield found
