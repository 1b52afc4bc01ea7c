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

"""Tells the supervisor which nodes are on the graph, while somebody's readiness asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

PERIOD = 0.2  # seconds between two looks; rclpy hands no event of the graph to Python


class GraphWatch:
    """
    Looks at the graph only while nodes are wanted.

    :param tell: takes the names that are wanted and present, when they have changed.
    """

    def __init__(self, node: Node, tell: Callable[[list[str]], None]) -> None:
        self._node = node
        self._tell = tell
        self._search = _Search(frozenset())
        self._timer: Any = node.create_timer(PERIOD, self._look, autostart=False,
                                             clock=Clock(clock_type=ClockType.STEADY_TIME))

    def want(self, names: Iterable[str]) -> None:
        """Look for these fully qualified names from now on; none: look no more."""
        self._search = _Search(frozenset(names))
        if self._search.wanted:
            self._timer.reset()
            if self._node.executor is not None:
                self._node.executor.wake()  # it sleeps until the next timer that it knows of
        else:
            self._timer.cancel()

    def _look(self) -> None:
        search = self._search
        if not search.wanted:
            return
        names = (f'{namespace.rstrip("/")}/{name}'
                 for name, namespace in self._node.get_node_names_and_namespaces())
        present = sorted(search.wanted.intersection(names))
        if present != search.told:
            search.told = present
            self._tell(present)


class _Search:

    def __init__(self, wanted: frozenset[str]) -> None:
        self.wanted = wanted
        self.told: list[str] | None = None
