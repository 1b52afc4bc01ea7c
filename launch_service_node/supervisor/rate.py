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

"""How many starts are taken: a token bucket that is told the time."""

from __future__ import annotations

#: A burst of as many seconds' worth is taken at once.
BURST = 4.0


class TokenBucket:
    """
    Lets so many through a second, after a quiet time a burst of more.

    :param rate: a second; 0: no limit.
    :param now: monotonic seconds.
    """

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._most = max(1.0, rate * BURST)
        self._tokens = self._most
        self._at = now

    def take(self, now: float) -> float:
        """
        Return 0 when one more may pass, which then counts, or else the seconds until it may.

        :param now: monotonic seconds.
        """
        if not self.rate:
            return 0.0
        self._tokens = min(self._most, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self.rate
        self._tokens -= 1.0
        return 0.0
