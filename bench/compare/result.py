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

"""The result of a run as JSON: everything that was measured, so that others can judge."""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import Any

from .figures import Line, Missing, Result, Series
from .verdict import target, verdict


def document(machine: dict[str, Any], results: Iterable[Result],
             scaling: dict[str, Any], seconds: float) -> dict[str, Any]:
    """
    Return the result.

    :param scaling: the curves of the row `scaling`.
    :param seconds: that the run took.
    """
    results = list(results)
    return {'machine': machine, 'seconds': round(seconds, 1),
            'lines': [_line(one) for one in results if isinstance(one, Line)],
            'missing': [{'row': one.row, 'why': one.why, 'failed': one.failed}
                        for one in results if isinstance(one, Missing)],
            'scaling': scaling}


def _line(line: Line) -> dict[str, Any]:
    return {'row': line.row, 'what': line.what, 'ours': _series(line.ours, line.our_figure),
            'theirs': _series(line.theirs, line.their_figure) if line.theirs else None,
            'ratio': _number(line.ratio), 'limit': line.limit, 'plus': line.plus,
            'target': target(line), 'verdict': verdict(line), 'reached': line.reached,
            'spread': _number(line.spread), 'steady': line.steady, 'note': line.note}


def _series(series: Series, figure: float) -> dict[str, Any]:
    return {'name': series.name, 'unit': series.unit, 'figure': _number(figure),
            'values': [round(value, 6) for value in series.values]}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
