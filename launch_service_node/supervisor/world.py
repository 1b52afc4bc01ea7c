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

"""What a process needs of the supervisor around it."""

from __future__ import annotations

from collections.abc import Container
from typing import Protocol, TYPE_CHECKING

from .kernel.cgroups import Cgroups
from .kernel.loop import Loop
from .kernel.spawn import Plan
from .output import Output
from .records.record import Record

if TYPE_CHECKING:
    from .process import Process


class World(Protocol):
    """Everything that is shared by the processes of an instance."""

    loop: Loop
    boot_id: str
    namespace: str
    cgroups: Cgroups

    def plan(self, record: Record, notify_socket: str) -> Plan:
        """
        Return what a child has to do to become the process.

        :param notify_socket: address for sd_notify(3); empty: none.
        :raises ProcessError: when its executable can't be used (any more).
        """

    def commit(self, process: Process) -> bool:
        """
        Journal the record of a process under the next sequence number, and tell.

        :return: whether the journal has it.
        """

    def note(self, process: Process) -> bool:
        """Journal the record of a process without telling; return whether the journal has it."""

    def journal_trouble(self) -> str:
        """Say in one line why the last `commit` was not journaled."""

    def restarts_allowed(self) -> bool:
        """Say whether restart policies are in force (not while draining or stopping)."""

    def register(self, process: Process) -> None:
        """Take note of the process that it runs as, and tell it when that has ended."""

    def leaders(self) -> Container[int]:
        """Return the pids of all children that were started on purpose."""

    def orphans(self) -> list[int]:
        """Return the pids of all other children: descendants whose own parent has ended."""

    def mark(self, record: Record) -> str:
        """Return the mark that the tree of a process carries in its environment."""

    def output(self, record: Record) -> Output:
        """Return the output of a process."""

    def watch_output(self, process: Process) -> None:
        """Bound the output of a process from now on, and tell it when it grew."""

    def unwatch_output(self, process: Process) -> None:
        """Stop that."""

    def wanted_nodes_changed(self) -> None:
        """Take note that a readiness waits, or no longer waits, for a ROS node."""

    def random(self) -> float:
        """Return a number drawn evenly from [0, 1)."""

    def wall_ns(self) -> int:
        """Return the wall-clock time, in nanoseconds since the epoch."""
