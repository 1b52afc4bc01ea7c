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

"""A hundred processes on three machines: as few connections as the machines allow."""

from __future__ import annotations

import json
import os
from pathlib import Path
import sys

from fleet import Fleet
import pytest

#: Seconds for a hundred of them, on a machine that is busy otherwise.
PATIENCE = 300.0

_CLIENT = """
from concurrent.futures import ThreadPoolExecutor
import json, sys
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.target import Target

targets = [Target(**one) for one in json.loads(sys.argv[1])]

def start(number):
    process = RemoteProcess(Command(('sleep', '1000'), silence=120.0, start_timeout=120.0))
    process.start(pool.open_session(targets[number % 3], 60.0))
    return process

with Pool() as pool:
    with ThreadPoolExecutor(12) as threads:
        processes = list(threads.map(start, range(100)))
    busy = {}
    for one in pool.connections():
        busy.setdefault(one.where.name, []).append(one.channels)
    print(json.dumps(busy))
    for process in processes:
        process.kill()
    print(json.dumps(sorted({process.wait(120.0).signal for process in processes})))
    for process in processes:
        process.close()
    print(json.dumps(sorted({one.channels for one in pool.connections()})))
"""


def _client(*targets: object) -> list[str]:
    return [sys.executable, '-c', _CLIENT, json.dumps([{
        key: value for key, value in vars(target).items()
        if value is not None} for target in targets])]


_ENVIRONMENT = {**os.environ, 'PYTHONPATH': str(Path(__file__).resolve().parents[2])}


@pytest.mark.parametrize('most', [10, 100])
def test_a_hundred_processes_share_connections(fleet: Fleet, most: int) -> None:
    for robot in fleet.robots:
        robot.sshd.stop()
        robot.sshd.options['MaxSessions'] = most
        robot.start()
    done = fleet.laptop.host.run(*_client(*map(fleet.target, fleet.robots)), timeout=PATIENCE,
                                 env=_ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    busy, ended, left = map(json.loads, done.stdout.splitlines())
    # A connection that is just filled up may be passed over, when another one is there.
    assert sorted(sum(channels) for channels in busy.values()) == [33, 33, 34]
    assert all(len(channels) == (4 if most == 10 else 1) for channels in busy.values()), busy
    assert (ended, left) == ([9], [0])
    for robot in fleet.robots:
        assert robot.sshd.connections() == len(busy[robot.name])
        assert robot.running('sleep', '1000') == []
