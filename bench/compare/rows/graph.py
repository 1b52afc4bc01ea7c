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

"""
Many instances on one graph, seen by one `launch-service list`.

They run on a host of their own, a network namespace, where they find each other by
multicast as robots do: with ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST Fast DDS asks only the
first 32 participants of a machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
import json
import subprocess
import time
from typing import NamedTuple

from hosts import Host, Network, why_not

from launch_service_node.protocol import SupervisorClient

from ..bench import Bench
from ..figures import Line, Missing, Result, Series
from ..ours import CLI, PATIENCE, SLEEPER

SIZES = (1, 10, 50)

#: How many there may be where nothing but LOCALHOST is to be had.
MOST_LOCALHOST = 30

#: Nodes that come up at a time.
AT_ONCE = 3

#: Seconds that an instance takes to come up and go, roughly, on two cores.
SECONDS_EACH = 2.5

#: Seconds for one to come up while many others do.
LONG = 120


def graph(bench: Bench) -> Iterator[Result]:
    """See 1, 10 and 50 instances on one graph with one `launch-service list`."""
    reason = why_not()
    with nullcontext() if reason else closing(Network(1)) as network:
        host = network.hosts[0] if network else None
        yield from on_host(bench, host)
    if reason:
        yield Missing('graph', f'{SIZES[-1]} instances: {reason}')


def on_host(bench: Bench, host: Host | None) -> Iterator[Result]:
    """Measure on a host of its own, or on this one."""
    sizes = [size for size in SIZES if host or size <= MOST_LOCALHOST]
    sizes = sizes if not bench.quick else [1, 4]
    environment = {**bench.environment, **(host.environment if host else {})}
    cli = host.command(*CLI) if host else CLI
    allow_list = bench.lab.allow_list(SLEEPER)
    names: list[str] = []

    def bring_up(name: str) -> None:
        subprocess.run([*cli, 'up', name, '--allow-list', allow_list, '--timeout', str(LONG)],
                       env=environment, check=True, capture_output=True, timeout=LONG)
        with SupervisorClient(name, str(bench.lab.home), PATIENCE) as client:
            client.call('start', PATIENCE, cmd='sleeper')

    def take_down(name: str) -> None:
        subprocess.run([*cli, 'down', name, '--local', '--timeout', '60'], check=False,
                       env=environment, capture_output=True)

    seen: dict[int, list[float]] = {}
    took: dict[int, list[float]] = {}
    with ThreadPoolExecutor(AT_ONCE) as workers:
        try:
            for size in sizes:
                if bench.is_late(SECONDS_EACH * (size - len(names))):
                    yield Missing('graph', f'no time left for {size} instances; `bench/run '
                                  '--only graph`')
                    break
                more = [f'/bench{number}' for number in range(len(names), size)]
                names += more
                bench.say(f'graph: {size} instances')
                list(workers.map(bring_up, more))
                looks = [look(cli, environment) for _ in range(bench.times(4, 1))]
                seen[size], took[size] = [one.seen for one in looks], [one.took for one in looks]
        finally:
            list(workers.map(take_down, names))
    for size in seen:
        yield Line('graph', f'list sees, of {size} instances', Series(
            'ours', tuple(seen[size]), 'seen'))
        yield Line('graph', f'list of {size} instances', Series('ours', tuple(took[size]), 's'),
                   note='3.3 s of it is waiting whether another one turns up')


class Look(NamedTuple):
    """One `list`: how many instances it shows with their process, and its seconds."""

    seen: int
    took: float


def look(cli: list[str], environment: dict[str, str]) -> Look:
    """List all instances once."""
    begin = time.perf_counter()
    said = subprocess.run([*cli, 'list', '--json'], env=environment, check=False,
                          capture_output=True, timeout=LONG)
    took = time.perf_counter() - begin
    shown = json.loads(said.stdout).get('instances', ())  # it may have met nobody
    return Look(sum(bool(one['processes']) for one in shown), took)
