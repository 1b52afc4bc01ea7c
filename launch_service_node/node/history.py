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

"""What a late joiner gets of a topic that keeps its last messages for those who come late."""

from __future__ import annotations


class History:
    """
    Keeps the latest message about every process among the last `depth` of a topic.

    One topic carries the statuses of all processes, and the middleware keeps only
    its last `depth` messages for those who join late. A process that never changes
    would fall out of them while others are busy. So before a message is published,
    whatever is about to fall out is published once more.

    The promise holds for up to `depth` processes; beyond that nothing is repeated.

    :param depth: number of messages that the topic keeps.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._published = 0
        self._last: dict[int, int] = {}  # process_id: number of its last message, oldest first

    def publish(self, process_id: int) -> list[int]:
        """
        Return whose latest status to publish now, in this order: `process_id` comes last.

        The caller publishes all of them.
        """
        self._last.pop(process_id, None)
        order = []
        if len(self._last) < self.depth:
            while self._last:
                oldest = next(iter(self._last))
                if self._last[oldest] > self._published - self.depth:
                    break
                order.append(oldest)
                self._note(oldest)
        order.append(process_id)
        self._note(process_id)
        return order

    def forget(self, process_id: int) -> None:
        """Keep a process no longer; no error when it is not known."""
        self._last.pop(process_id, None)

    def _note(self, process_id: int) -> None:
        self._last.pop(process_id, None)
        self._last[process_id] = self._published
        self._published += 1
