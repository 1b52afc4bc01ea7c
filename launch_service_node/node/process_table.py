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

"""The latest status of each listed process, and what of it is published when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..msg import ProcessStatus
from . import conversion
from .history import History

ALIVE = (ProcessStatus.STARTING, ProcessStatus.RUNNING, ProcessStatus.SUSPENDED,
         ProcessStatus.STOPPING)
TROUBLED = (ProcessStatus.BACKOFF, ProcessStatus.FAILED, ProcessStatus.UNKNOWN)


class ProcessTable:
    """
    Mirrors the supervisor's table, one message a process, and publishes its changes.

    All of it happens on one thread, the link's; only what returns something is for others.

    :param node_name: fully qualified.
    :param depth: how many messages the topic keeps for those who join late.
    :param publish: sends one message.
    """

    def __init__(self, node_name: str, depth: int,
                 publish: Callable[[ProcessStatus], None]) -> None:
        self._node_name = node_name
        self._history = History(depth)
        self._publish_message = publish
        self._statuses: dict[int, ProcessStatus] = {}
        self._counts = [0] * (max(*ALIVE, *TROUBLED, ProcessStatus.STOPPED) + 1)
        self._troubled: dict[int, ProcessStatus] = {}

    def count(self, *states: int) -> int:
        """Return the number of processes in these states."""
        return sum(self._counts[state] for state in states)

    def alive_names(self) -> list[str]:
        """Return the names of the processes that are alive."""
        return [status.process_name for status in list(self._statuses.values())
                if status.process_status in ALIVE]

    def troubled(self) -> list[ProcessStatus]:
        """
        Return the processes that a diagnostics monitor has to know of.

        These are the ones that do badly, and those that once did and are still listed,
        so that a monitor sees them recover.
        """
        return list(self._troubled.values())

    def snapshot(self, processes: Iterable[dict[str, Any]]) -> None:
        """Take the whole table, and publish what differs from what was known."""
        processes = list(processes)
        for process_id in self._statuses.keys() - {each['process_id'] for each in processes}:
            self.removed(process_id)
        for process in sorted(processes, key=lambda each: each['sequence_number']):
            known = self._statuses.get(process['process_id'])
            if known is None or _identity(known) != (process['sequence_number'],
                                                     process['process_status']):
                self.changed(process)

    def changed(self, process: dict[str, Any]) -> None:
        """Take a process that is new or has changed, and publish it."""
        status = conversion.process_status(process, self._node_name)
        known = self._statuses.get(status.process_id)
        if known is not None:
            self._counts[known.process_status] -= 1
        self._counts[status.process_status] += 1
        self._statuses[status.process_id] = status
        if status.process_status in TROUBLED or status.process_id in self._troubled:
            self._troubled[status.process_id] = status
        self._publish(status.process_id)

    def measured(self, rows: Iterable[dict[str, Any]], now_ns: int) -> None:
        """Take a round of measurements, and publish each process of it."""
        for row in rows:
            status = self._statuses.get(row['process_id'])
            if status is not None:
                conversion.measure(status, row, now_ns)
                self._publish(status.process_id)

    def removed(self, process_id: int) -> None:
        """Forget a process that is no longer listed."""
        status = self._statuses.pop(process_id, None)
        if status is not None:
            self._counts[status.process_status] -= 1
        self._troubled.pop(process_id, None)
        self._history.forget(process_id)

    def _publish(self, process_id: int) -> None:
        for each in self._history.publish(process_id):
            self._publish_message(self._statuses[each])


def _identity(status: ProcessStatus) -> tuple[int, int]:
    return status.sequence_number, status.process_status
