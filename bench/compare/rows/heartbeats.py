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

"""The heartbeat while the robot's processes behave badly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
import shutil
import subprocess
import sys
import threading
import time
from typing import Any

from launch_service_node.protocol import SupervisorClient

from ..bench import Bench
from ..figures import Line, p99, Series
from ..ours import instance, NAMESPACE, PATIENCE

COUNT = 200
PERIOD = 1.0

#: Writes 100 MB a second to its output.
FLOOD = """
import os, time
chunk, due = b'x' * 99 + b'\\n', time.monotonic()
chunk *= 10000
while True:
    os.write(1, chunk)
    due += 0.01
    time.sleep(max(0.0, due - time.monotonic()))
"""

#: Makes a file slow to open, as a network disk does: whoever opens it waits until the
#: lease on it is given back, half a second after the kernel has asked for that.
SLOW_DISK = """
import fcntl, os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
fd = os.open(sys.argv[1], os.O_RDWR)
while True:
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except BlockingIOError:  # it still runs
        time.sleep(0.05)
        continue
    print('leased', flush=True)
    signal.sigwait({signal.SIGIO})
    time.sleep(0.5)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    time.sleep(0.2)
"""

#: What anyone would write: a timer of rclpy that publishes.
TIMER = """
import sys
import rclpy
from launch_service_node.msg import Heartbeat
rclpy.init()
node = rclpy.create_node('timer')
publisher = node.create_publisher(Heartbeat, '/bench_timer', 1)
message = Heartbeat()
node.create_timer(float(sys.argv[1]), lambda: publisher.publish(message))
rclpy.spin(node)
"""


class Beats:
    """Notes when heartbeats come."""

    def __init__(self) -> None:
        from launch_service_node.msg import Heartbeat
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.node import Node
        self._context = Context()
        self._context.init()
        self.node = Node('bench_beats', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.ours: list[float] = []
        self.timer: list[float] = []
        for topic, into in ((f'{NAMESPACE}/launch_service/heartbeat', self.ours),
                            ('/bench_timer', self.timer)):
            self.node.create_subscription(
                Heartbeat, topic, lambda _, into=into: into.append(time.monotonic()), 10)

    def listen(self, count: int) -> None:
        """Listen until both have said so much."""
        deadline = time.monotonic() + PATIENCE + 2 * count * PERIOD
        while min(len(self.ours), len(self.timer)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError('a heartbeat stays away')
            self._executor.spin_once(timeout_sec=0.5)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()


def deviations(times: list[float], period: float) -> tuple[float, ...]:
    """Return by how much each interval differs from the period, in percent of it."""
    return tuple(100 * abs(after - before - period) / period
                 for before, after in pairwise(times))


@contextmanager
def program(bench: Bench, code: str, *words: str) -> Iterator[subprocess.Popen[Any]]:
    """Run a program of Python beside."""
    popen = subprocess.Popen([sys.executable, '-c', code, *words], env=bench.environment,
                             stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield popen
    finally:
        popen.kill()
        popen.wait()


class SlowStarts:
    """Starts the slow executable again and again, from a thread."""

    def __init__(self, bench: Bench) -> None:
        self._client = SupervisorClient(NAMESPACE, str(bench.lab.home), PATIENCE)
        self._stop = threading.Event()
        self.took: list[float] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> SlowStarts:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join(PATIENCE)
        self._client.close()

    def _run(self) -> None:
        while not self._stop.wait(2.0):
            begin = time.monotonic()
            self._client.ask('start', PATIENCE, cmd='slow')
            self.took.append(time.monotonic() - begin)


def heartbeat(bench: Bench) -> Iterator[Line]:
    """Heartbeat under abuse: 200 processes, a flood of output, a slow executable."""
    slow = str(bench.folder / 'slow')
    shutil.copy2(shutil.which('true') or '/bin/true', slow)
    entries = ({'id': 'flood', 'cmd': [sys.executable, '-ISc', FLOOD]},
               {'id': 'slow', 'cmd': [slow]})
    beats = Beats()
    try:
        with instance(bench, COUNT, *entries) as ours, program(bench, TIMER, str(PERIOD)), \
                program(bench, SLOW_DISK, slow), SlowStarts(bench) as slow_starts:
            ours.supervisor.call('start', PATIENCE, cmd='flood')
            beats.listen(5)  # all are up
            del beats.ours[:], beats.timer[:]
            beats.listen(bench.times(101, 8))
            assert slow_starts.took, 'nothing slow was started'
    finally:
        beats.close()
    found = Series('ours', deviations(beats.ours, PERIOD), '%')
    timer = Series('a timer of rclpy', deviations(beats.timer, PERIOD), '%')
    what = 'heartbeat under abuse, p99 off its period'
    yield Line('heartbeat', what, found, None, 5.0, statistic=p99)
    yield Line('heartbeat', what, found, timer, statistic=p99)
