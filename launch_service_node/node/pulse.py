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

"""What happens at fixed times, whatever the executor is busy with."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

PROBE = 5.0  # seconds between two looks whether the executor still turns
PATIENCE = 10.0  # seconds that it has to answer such a look


class Pulse:
    """
    Calls functions, each at its period, from a thread of its own.

    A timer of rclpy would do the same from the executor, at five times the cost: each
    call of one makes the executor build its wait set anew, several times. And it would
    be late when many requests come at once. But a heartbeat that goes on when nobody
    answers requests any more would be a lie: so the executor is looked at as well, and
    when it does not turn, nothing is called.

    Deadlines are absolute, of the monotonic clock: what is late once does not shift the
    next. One that is missed altogether is left out.

    :param turn: hands the executor something to call.
    :param on_defect: takes what a function has raised; then nothing is called any more.
    """

    def __init__(self, turn: Callable[[Callable[[], None]], object],
                 on_defect: Callable[[Exception], object]) -> None:
        self._turn = turn
        self._on_defect = on_defect
        self._jobs: list[_Job] = []
        self._stop = threading.Event()
        self._turned = time.monotonic()
        self._thread = threading.Thread(target=self._run, name='pulse', daemon=True)

    def every(self, period: float, call: Callable[[], None]) -> None:
        """Call a function every `period` seconds; before `start` only."""
        self._jobs.append(_Job(period, call))

    def start(self) -> None:
        """Begin; the first calls come after one period."""
        now = self._turned = time.monotonic()
        for job in self._jobs:
            job.due = now + job.period
        self._jobs.append(_Job(PROBE, self._probe, now))
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End, and wait for a call that is under way, at most `timeout` seconds."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _probe(self) -> None:
        self._turn(self._note)

    def _note(self) -> None:
        self._turned = time.monotonic()

    def _run(self) -> None:
        try:
            self._call_until_stopped()
        except Exception as defect:  # noqa: BLE001 - it ends the node
            if not self._stop.is_set():
                self._on_defect(defect)

    def _call_until_stopped(self) -> None:
        while not self._stop.wait(max(0.0, min(job.due for job in self._jobs) - time.monotonic())):
            now = time.monotonic()
            turns = now - self._turned < PROBE + PATIENCE
            for job in self._jobs:
                if job.due <= now:
                    job.due = next_due(job.due, job.period, now)
                    if turns or job.call == self._probe:
                        job.call()


def next_due(due: float, period: float, now: float) -> float:
    """Return when something is due again that was due before `now`; all in seconds."""
    return due + period * (1 + (now - due) // period)


class _Job:

    def __init__(self, period: float, call: Callable[[], None], due: float = 0.0) -> None:
        self.period = period
        self.call = call
        self.due = due
