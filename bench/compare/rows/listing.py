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

"""What is there: one list of 100 processes, and one measuring round over them."""

from __future__ import annotations

from collections.abc import Iterator
import time

from launch_service_node.supervisor.kernel.sampling import HostSampler, TreeSampler

from ..bench import Bench, interleaved, timed
from ..figures import Line, Series
from ..memory import processor
from ..ours import client, Instance, instance

COUNT = 100

#: Seconds; the shortest period that the supervisor takes, so that many rounds fit in.
PERIOD = 0.05


def list_all(bench: Bench) -> Iterator[Line]:
    """List 100 processes with their CPU and memory, through the ROS service."""
    from rclpy.serialization import deserialize_message, serialize_message
    with instance(bench, COUNT), client() as ours, \
            bench.filled('supervisord', COUNT) as supervisord, \
            bench.filled('circusd', COUNT) as circusd:
        assert len(ours.list().processes) == COUNT
        answer = ours.list()

        def carry() -> None:
            deserialize_message(serialize_message(answer), type(answer))
        found = interleaved(bench.times(60), lambda: timed(ours.list), lambda: timed(carry),
                            lambda: supervisord.time('list'), lambda: circusd.time('list'))
    mine, floor, *theirs = (Series.milliseconds(name, values) for name, values in zip(
        ('ours', 'packing and unpacking the answer', 'supervisord', 'circusd'), found,
        strict=True))
    yield Line('list', f'list {COUNT}', mine, theirs[0], 0.25)
    yield Line('list', f'list {COUNT}', mine, theirs[1],
               note='circusd tells names and states, nothing else')
    yield Line('list', f'list {COUNT}', mine, floor,
               note='what ROS takes in Python for a message of this size')


def measuring(bench: Bench) -> Iterator[Line]:
    """Measure 100 processes once: CPU, memory and size of each process's tree."""
    with instance(bench, COUNT, measure_period=PERIOD) as ours, \
            bench.filled('circusd', COUNT) as circusd, bench.peer('psutil_oneshot') as psutil:
        pids = [process['os_pid'] for process in ours.processes()]
        host = HostSampler()
        samplers = [TreeSampler(pid, list) for pid in pids]

        def sample() -> None:
            host.measure()
            now = time.monotonic()
            for sampler in samplers:
                assert sampler.measure(now, host.forks) is not None

        taken = interleaved(bench.times(40), lambda: timed(sample),
                            lambda: psutil.time('measure', pids=pids, sure=True),
                            lambda: psutil.time('measure', pids=pids, sure=False))
        rounds = interleaved(bench.times(10), lambda: one_round(ours),
                             lambda: circusd.time('stats'), warm_up=1)
        for sampler in samplers:
            sampler.close()
    yield Line('measure', f'sample {COUNT}', Series.milliseconds('ours', taken[0]),
               Series.milliseconds('psutil', taken[1]), 0.15)
    yield Line('measure', f'sample {COUNT}', Series.milliseconds('ours', taken[0]),
               Series.milliseconds('psutil, any pid', taken[2]),
               note='psutil may measure a stranger who got the pid')
    yield Line('measure', f'measuring round over {COUNT}, told to the node',
               Series.milliseconds('ours', rounds[0]),
               Series.milliseconds('circusd', rounds[1]), 0.02)


def one_round(ours: Instance) -> float:
    """Return the processor seconds that a round takes the supervisor, all included."""
    before, begin = processor(ours.supervisor_pid), time.monotonic()
    time.sleep(0.5)
    rounds = (time.monotonic() - begin) / PERIOD
    return (processor(ours.supervisor_pid) - before) / rounds
