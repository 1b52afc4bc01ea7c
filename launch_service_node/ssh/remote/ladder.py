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

"""The ladder: signals to everybody below this process, each after the one before had its time."""

from __future__ import annotations

import signal

from .tree import signal_all

#: Seconds from SIGKILL to giving up.
LAST_WAIT = 5.0


class Ladder:
    """
    Signals to be sent, and those that were.

    :ivar sent: the last one, 0 before the first.
    :ivar deadline: when the next one is due, or to give up after SIGKILL; on the
        monotonic clock.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.deadline = 0.0
        self._rungs: list[tuple[int, float]] = []

    def set_up(self, rungs: list[tuple[int, float]]) -> None:
        """Have these signals sent from now on; SIGKILL comes after them."""
        self._rungs = [*rungs, (int(signal.SIGKILL), LAST_WAIT)]

    def climb(self, leader: int, now: float) -> None:
        """Send the next signal at once; leader: see `signal_all`."""
        if self._rungs:
            self.sent, wait = self._rungs.pop(0)
            self.deadline = now + wait
            signal_all(leader, self.sent)
            if self.sent != signal.SIGKILL:
                signal_all(leader, signal.SIGCONT)  # or it waits for that

    def go_on(self, leader: int, now: float) -> None:
        """Send what is due."""
        if self._rungs and now >= self.deadline:
            self.climb(leader, now)
        elif self.sent == signal.SIGKILL:
            signal_all(leader, signal.SIGKILL)  # those who were forked meanwhile

    def ended(self, now: float) -> bool:
        """Say whether all was tried and nothing more can be."""
        return self.sent == signal.SIGKILL and now >= self.deadline
