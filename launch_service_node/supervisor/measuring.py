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

"""The measuring round: the host and every process, once a period."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from .kernel.loop import Loop
from .kernel.sampling import HostSampler
from .process import Process
from .states import ALIVE

#: Seconds between two looks whether an adopted process was stopped or continued, of which
#: the kernel tells its parent alone, where measuring does not notice it as soon.
_LOOK_PERIOD = 1.0


class Measuring:
    """
    Measures every so often and hands on what it found.

    :param processes: all processes to measure.
    :param on_round: called with the event of docs/protocol.md after each round.
    """

    def __init__(self, loop: Loop, processes: Callable[[], Iterable[Process]],
                 on_round: Callable[[dict[str, Any]], object]) -> None:
        self._loop = loop
        self._processes = processes
        self._on_round = on_round
        self._timer = loop.after(0, _nothing)
        self._timer.cancel()
        self._looking = self._timer
        self._period = 0.0
        self._due = 0.0
        self._at = loop.now()
        self.host = HostSampler()

    def every(self, period: float) -> None:
        """Measure once a period from now on; 0: never. In seconds."""
        self._timer.cancel()
        self._looking.cancel()
        self._period = period
        if period > 0:
            self._due = self._loop.now() + period
            self._timer = self._loop.after(period, self._round)
        if not 0 < period <= _LOOK_PERIOD:
            self._looking = self._loop.after(_LOOK_PERIOD, self._look)

    def refresh_host(self) -> None:
        """Measure the host now, unless that was done in the last second or so."""
        if self._loop.now() - self._at > 0.9:
            self._measure_host()

    def _measure_host(self) -> None:
        self._at = self._loop.now()
        self.host.measure()

    def _look(self) -> None:
        self._looking = self._loop.after(_LOOK_PERIOD, self._look)
        for process in self._processes():
            with suppress(OSError):  # out of descriptors: perhaps the next time
                process.look()

    def _round(self) -> None:
        now = self._loop.now()
        # The next one is due by the clock, not by when this one ends, and comes also when
        # this one fails.
        self._due = max(self._due + self._period, now)
        self._timer = self._loop.after(self._due - now, self._round)
        self._measure_host()
        host = self.host
        measured = []
        for process in self._processes():
            if process.state not in ALIVE:
                continue
            try:
                process.measure(now, host.forks)
            except OSError:
                continue  # out of descriptors: perhaps in the next round
            found = process.measured
            if found is not None and not process.internal:
                measured.append({
                    'process_id': process.record.process_id,
                    'mem_usage': 100.0 * found.resident / host.total_memory,
                    'processor_load': found.load,
                    'resident_bytes': found.resident,
                    'num_tree_procs': found.num_procs})
        self._on_round({'event': 'measured', 'processes': measured,
                        'mem_usage': host.memory, 'processor_load': host.load})


def _nothing() -> None:
    """Stand in for a call that is not due yet."""
