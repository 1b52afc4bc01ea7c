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

"""Figures: what was measured, and what is made of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math
import statistics

#: A ratio whose halves differ by more than this share of it is called unsteady.
STEADY = 0.2

Statistic = Callable[[Sequence[float]], float]


def median(values: Sequence[float]) -> float:
    """Return the median; NaN of nothing."""
    return statistics.median(values) if values else math.nan


def p99(values: Sequence[float]) -> float:
    """Return the smallest value that 99 of 100 do not exceed; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


@dataclass(frozen=True)
class Series:
    """
    What was measured of one thing, in the order in which it was.

    :ivar name: of the thing: 'ours', 'supervisord'.
    :ivar unit: of the values: 'ms', 's', 'MiB', '%'.
    """

    name: str
    values: tuple[float, ...]
    unit: str = 'ms'

    @property
    def middle(self) -> float:
        """Return the median."""
        return median(self.values)

    @classmethod
    def milliseconds(cls, name: str, seconds: Sequence[float]) -> Series:
        """Return a series of times, which are in seconds."""
        return cls(name, tuple(1000.0 * value for value in seconds))


@dataclass(frozen=True)
class Line:
    """
    One comparison: a line of the table.

    :ivar row: name of the row it comes from.
    :ivar theirs: what ours is divided by; None: ours stands alone.
    :ivar limit: the most that the ratio may be, or ours where it stands alone; None: there
        is no target, the line is there to be known.
    :ivar plus: what ours may be above limit × theirs, in their unit.
    :ivar note: one line that is told with it.
    :ivar apart: whether its sides were measured one after the other, and not in turns: what
        changes in between counts for one side only.
    """

    row: str
    what: str
    ours: Series
    theirs: Series | None = None
    limit: float | None = None
    plus: float = 0.0
    statistic: Statistic = median
    note: str = ''
    apart: bool = False

    @property
    def our_figure(self) -> float:
        """Return what our values come to."""
        return self.statistic(self.ours.values)

    @property
    def their_figure(self) -> float:
        """Return what their values come to; NaN when ours stands alone."""
        return self.statistic(self.theirs.values) if self.theirs else math.nan

    @property
    def ratio(self) -> float:
        """Return ours ÷ theirs; NaN when ours stands alone."""
        return self._ratio(self.ours.values, self.theirs.values) if self.theirs else math.nan

    @property
    def allowed(self) -> float:
        """Return the most that ours may be, in its unit; infinite without a target."""
        if self.limit is None:
            return math.inf
        return self.limit * (self.their_figure if self.theirs else 1.0) + self.plus

    @property
    def reached(self) -> bool | None:
        """Say whether the target is reached; None: there is none."""
        return None if self.limit is None else self.our_figure <= self.allowed

    @property
    def spread(self) -> float:
        """
        Return by how much the two halves of the run differ, as a share of the whole.

        Halves in time: what changes in the course of a run shows. NaN for too few values.
        """
        whole = self.ratio if self.theirs else self.our_figure
        halves = [self._ratio(*part) for part in self._halves()]
        if len(halves) < 2 or not whole:
            return math.nan
        return abs(halves[0] - halves[1]) / whole

    @property
    def steady(self) -> bool:
        """Say whether a second run may be expected to give the same."""
        return not self.apart and not self.spread > STEADY

    def _halves(self) -> list[tuple[Sequence[float], Sequence[float]]]:
        ours = self.ours.values
        theirs = self.theirs.values if self.theirs else ()
        if len(ours) < 4 or (self.theirs and len(theirs) < 4):
            return []
        middle, other = len(ours) // 2, len(theirs) // 2
        return [(ours[:middle], theirs[:other]), (ours[middle:], theirs[other:])]

    def _ratio(self, ours: Sequence[float], theirs: Sequence[float]) -> float:
        if not self.theirs:
            return self.statistic(ours)
        below = self.statistic(theirs)
        return self.statistic(ours) / below if below else math.nan


@dataclass(frozen=True)
class Missing:
    """
    A row, or a part of it, that could not be measured.

    :ivar failed: whether something broke; otherwise it can't be measured on this machine.
    """

    row: str
    why: str
    failed: bool = False


Result = Line | Missing
