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

"""Who waits for a process to start, to be ready, or to be gone."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import LaunchServiceError

#: Called with None on success, or with what went wrong.
Waiter = Callable[[LaunchServiceError | None], object]


class Waiters:
    """The waiters of one process; each is told once."""

    def __init__(self) -> None:
        self._started: list[Waiter] = []
        self._ready: list[Waiter] = []
        self._gone: list[Waiter] = []

    @property
    def for_start(self) -> bool:
        """Whether anybody waits for a start."""
        return bool(self._started or self._ready)

    def add_start(self, waiter: Waiter, wait_ready: bool) -> None:
        """Tell of exec or, with `wait_ready`, of readiness."""
        (self._ready if wait_ready else self._started).append(waiter)

    def add_gone(self, waiter: Waiter) -> None:
        """Tell when nothing is left of the tree."""
        self._gone.append(waiter)

    def started(self) -> None:
        """Tell that exec has succeeded."""
        due, self._started = self._started, []
        _tell(due, None)

    def ready(self) -> None:
        """Tell that it is ready."""
        due, self._ready = self._ready, []
        self.started()
        _tell(due, None)

    def start_failed(self, error: LaunchServiceError) -> None:
        """Tell that it did not start, or ended before it was ready."""
        due = self._started + self._ready
        self._started, self._ready = [], []
        _tell(due, error)

    def gone(self, error: LaunchServiceError | None = None) -> None:
        """Tell that nothing is left, or what is."""
        due, self._gone = self._gone, []
        _tell(due, error)


def _tell(waiters: list[Waiter], error: LaunchServiceError | None) -> None:
    for waiter in waiters:
        waiter(error)
