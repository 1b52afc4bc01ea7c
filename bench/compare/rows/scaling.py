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

"""How start, stop, list, idle CPU and memory grow with the number of processes."""

from __future__ import annotations

from collections.abc import Iterator
import time
from typing import Any

from ..bench import Bench, timed
from ..figures import Line, Series
from ..memory import processor, together
from ..ours import client, instance, PATIENCE
from .idle import SETTLING

SIZES = (1, 10, 100, 1000)

#: circusd takes too long to start and end more.
MOST_WATCHERS = 100

#: The size that growth is counted from.
FEW = 10

Found = dict[str, list[float]]
UNITS = {'start': 'ms', 'stop': 'ms', 'list': 'ms', 'idle': '%', 'memory': 'MiB'}


class Side:
    """One side with so many processes: what is measured of it."""

    def __init__(self, bench: Bench, pids: tuple[int, ...]) -> None:
        self._bench = bench
        self._pids = pids

    def measure(self, start: Any, stop: Any, list_all: Any) -> Found:
        """Return everything: times in ms, idle CPU in percent of a core, memory in MiB."""
        found: Found = {'start': [], 'stop': [], 'list': []}
        for _ in range(self._bench.times(20, 3)):
            found['start'].append(1000 * start())
            found['stop'].append(1000 * stop())
        for _ in range(self._bench.times(6, 2)):
            found['list'].append(1000 * list_all())
        time.sleep(SETTLING)
        before, begin = processor(*self._pids), time.monotonic()
        time.sleep(4.0 if not self._bench.quick else 1.0)
        found['idle'] = [100 * (processor(*self._pids) - before) / (time.monotonic() - begin)]
        found['memory'] = [together(*self._pids)]
        return found


def theirs(bench: Bench, program: str, size: int) -> Found:
    """Measure a peer."""
    with bench.filled(program, size) as peer:
        def start() -> float:
            took = peer.time('start', number=size)
            peer.ask('settle', number=size)
            return took
        return Side(bench, (peer.ask('pid')[1],)).measure(
            start, lambda: peer.time('stop', number=size), lambda: peer.time('list'))


def scaling(bench: Bench) -> Iterator[Line]:
    """Start, stop, list, idle CPU and memory with 1, 10, 100 and 1000 processes."""
    found: dict[str, dict[int, Found]] = {'ours': {}, 'supervisord': {}, 'circusd': {}}
    sizes = SIZES if not bench.quick else SIZES[:3]
    with instance(bench) as ours, client() as mine:
        for size in sizes:
            bench.say(f'scaling: {size} processes')
            ours.fill(size)
            found['ours'][size] = Side(bench, ours.pids).measure(
                lambda: timed(lambda: mine.start('sleeper', name='one', timeout=PATIENCE)),
                lambda: timed(lambda: mine.stop('one')), lambda: timed(mine.list))
    for size in sizes:
        bench.say(f'scaling: {size} processes of the peers')
        found['supervisord'][size] = theirs(bench, 'supervisord', size)
        if size <= MOST_WATCHERS:
            found['circusd'][size] = theirs(bench, 'circusd', size)
    bench.curves = {
        what: {side: [(size, Series(side, tuple(one[what])).middle) for size, one in of.items()]
               for side, of in found.items()} for what in UNITS}
    many = sizes[-1]
    for what in ('start', 'stop'):
        yield Line('scaling', f'{what}: growth from {FEW} to {many}', Series(
            f'{many} present', tuple(found['ours'][many][what])), Series(
            f'{FEW} present', tuple(found['ours'][FEW][what])), 2.0, apart=True)
    for what, unit in UNITS.items():
        yield Line('scaling', f'{what}, {many} processes', Series(
            'ours', tuple(found['ours'][many][what]), unit), Series(
            'supervisord', tuple(found['supervisord'][many][what]), unit), apart=True)
