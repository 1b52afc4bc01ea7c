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

"""What an instance costs while nothing happens: processor and memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import subprocess
import sys
import time

from ..bench import Bench, interleaved
from ..figures import Line, Series
from ..memory import processor, together
from ..ours import instance

COUNT = 100

EMPTY_NODE = """
import rclpy
from rclpy.executors import SingleThreadedExecutor
rclpy.init()
node = rclpy.create_node('empty')
executor = SingleThreadedExecutor()
executor.add_node(node)
print('up', flush=True)
executor.spin()
"""

#: Seconds in which what starts comes to rest.
SETTLING = 3.0


@contextmanager
def empty_node(bench: Bench) -> Iterator[int]:
    """Give the pid of a node of rclpy that does nothing."""
    popen = subprocess.Popen([sys.executable, '-c', EMPTY_NODE], env=bench.environment,
                             stdout=subprocess.PIPE, start_new_session=True)
    assert popen.stdout is not None
    try:
        popen.stdout.readline()
        yield popen.pid
    finally:
        popen.kill()
        popen.wait()
        popen.stdout.close()


def idle(bench: Bench) -> Iterator[Line]:
    """Idle CPU with 100 processes, heartbeat and measurements once a second."""
    sides: dict[str, tuple[int, ...]] = {}
    with instance(bench, COUNT) as ours, bench.filled('supervisord', COUNT) as supervisord, \
            bench.filled('circusd', COUNT) as circusd, empty_node(bench) as empty:
        sides = {'ours': ours.pids, 'supervisord': (supervisord.ask('pid')[1],),
                 'circusd': (circusd.ask('pid')[1],), 'an empty node': (empty,)}
        time.sleep(SETTLING)
        shares: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(bench.times(8, 4)):
            before = {name: processor(*pids) for name, pids in sides.items()}
            begin = time.monotonic()
            time.sleep(5.0 if not bench.quick else 1.0)
            passed = time.monotonic() - begin
            for name, pids in sides.items():
                shares[name].append(100 * (processor(*pids) - before[name]) / passed)
    mine, *others = (Series(name, tuple(values), '%') for name, values in shares.items())
    yield Line('idle', f'idle, {COUNT} processes, of a core', mine, None, 0.6)
    notes = ('it measures nothing', 'it measures nothing until it is asked',
             'it looks after nothing')
    for other, note in zip(others, notes, strict=True):
        yield Line('idle', f'idle, {COUNT} processes, of a core', mine, other, note=note)


def memory(bench: Bench) -> Iterator[Line]:
    """Resident memory of node and supervisor; what both have mapped counts once."""
    def mine() -> float:
        with instance(bench) as ours:
            time.sleep(SETTLING)
            plain.append(sum(together(pid) for pid in ours.pids))
            return together(*ours.pids)

    def empty() -> float:
        with empty_node(bench) as pid:
            time.sleep(SETTLING)
            return together(pid)

    def supervisord() -> float:
        with bench.filled('supervisord', 0) as peer:
            return together(peer.ask('pid')[1])

    def circusd() -> float:
        with bench.filled('circusd', 0) as peer:
            return together(peer.ask('pid')[1])

    plain: list[float] = []
    found = interleaved(bench.times(4, 1), mine, empty, supervisord, circusd, warm_up=0)
    ours, *others = (Series(name, tuple(values), 'MiB') for name, values in zip(
        ('ours', 'an empty node', 'supervisord', 'circusd'), found, strict=True))
    yield Line('memory', 'resident memory', ours, others[0], 1.25)
    yield Line('memory', 'the same, shared pages counted twice',
               Series('ours', tuple(plain), 'MiB'), others[0])
    for other in others[1:]:
        yield Line('memory', 'resident memory', ours, other, note='it has no middleware')
