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

"""When a machine may be dialled again: later each time, never all at once; a decision."""

from __future__ import annotations

import random

#: Seconds after the first failure, and at most.
FIRST, MOST = 0.5, 30.0


class Backoff:
    """
    Failures in a row, and the pause that each of them asks for.

    :param draw: gives numbers from 0 to 1; so that many clients of one server that was
        gone don't come back at the same moment.
    """

    def __init__(self, first: float = FIRST, most: float = MOST,
                 draw: random.Random | None = None) -> None:
        self._first = first
        self._most = most
        self._draw = draw or random.Random()
        self._failures = 0
        self._not_before = 0.0

    def failed(self, now: float) -> None:
        """Take a failure into account."""
        longest = min(self._most, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        self._not_before = now + longest * (0.5 + self._draw.random() / 2)

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures = 0
        self._not_before = 0.0

    def pause(self, now: float) -> float:
        """Return the seconds to wait before the next attempt."""
        return max(0.0, self._not_before - now)
