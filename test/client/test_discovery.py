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

"""When a search of the graph ends; a graph in memory that changes at set times."""

from __future__ import annotations

from typing import Any

import pytest

from launch_service_node.client import discovery

TYPE = 'launch_service_node/srv/ListProcesses'


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def Event(self) -> Clock:  # noqa: N802 - in place of threading.Event
        return self

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Graph:
    """A graph on which nodes appear at set times, and unrelated services all the time."""

    def __init__(self, clock: Clock, appear: dict[str, float], restless: bool = False) -> None:
        self._clock = clock
        self._appear = appear
        self._restless = restless

    def get_service_names_and_types(self) -> list[tuple[str, list[str]]]:
        found = [(f'{name}/list_processes', [TYPE]) for name, time in self._appear.items()
                 if time <= self._clock.now]
        if self._restless:
            found.append((f'/other_{self._clock.now}', ['std_srvs/srv/Trigger']))
        return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(discovery, 'time', clock)
    monkeypatch.setattr(discovery, 'threading', clock)
    return clock


def find(graph: Any, **options: Any) -> list[str]:
    """Search for at most 5 s, and 1 s beyond the last news."""
    return discovery.find_nodes(graph, within=5.0, settled=1.0, **options)


def test_nothing_found_takes_the_whole_time(clock: Clock) -> None:
    assert find(Graph(clock, {})) == []
    assert clock.now == pytest.approx(5.0, abs=0.1)


def test_it_ends_when_the_graph_has_been_quiet(clock: Clock) -> None:
    assert find(Graph(clock, {'/a/n': 0.5, '/b/n': 1.2})) == ['/a/n', '/b/n']
    assert clock.now == pytest.approx(2.2, abs=0.1)


def test_who_comes_after_the_quiet_is_missed(clock: Clock) -> None:
    assert find(Graph(clock, {'/a/n': 0.5, '/b/n': 1.8})) == ['/a/n']


def test_one_that_is_found_late_is_waited_beyond_as_well(clock: Clock) -> None:
    assert find(Graph(clock, {'/a/n': 4.9, '/b/n': 5.5})) == ['/a/n', '/b/n']
    assert clock.now <= 6.1


def test_a_restless_graph_is_not_searched_for_ever(clock: Clock) -> None:
    assert find(Graph(clock, {'/a/n': 0.5}, restless=True)) == ['/a/n']
    assert clock.now == pytest.approx(6.0, abs=0.1)


def test_what_is_looked_for_ends_it_at_once(clock: Clock) -> None:
    assert find(Graph(clock, {'/a/n': 0.5}), stop=lambda names: '/a/n' in names) == ['/a/n']
    assert clock.now == pytest.approx(0.5, abs=0.1)
