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

"""What a run comes to: a verdict for each line, an exit code for all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .figures import Line, Missing, Result

REACHED = 'reached'
MISSED = 'missed'

#: Exit codes.
ALL_REACHED, SOME_MISSED = 0, 1


def target(line: Line) -> str:
    """Return the target in words; empty when there is none."""
    if line.limit is None:
        return ''
    if line.theirs is None:
        return f'≤ {line.limit:g} {line.ours.unit}'
    plus = f' + {line.plus:g} {line.ours.unit}' if line.plus else ''
    return f'≤ {line.limit:g} ×{plus}'


def verdict(result: Result) -> str:
    """Return the verdict of a line."""
    if isinstance(result, Missing):
        return f'{"failed" if result.failed else "not measured"}: {result.why}'
    if result.reached is None:
        return ''
    if result.reached:
        return REACHED
    over = f'{result.our_figure:.3g} {result.ours.unit}, allowed {result.allowed:.3g}'
    return f'{MISSED}: {over}' + (f'; {result.note}' if result.note else '')


def unsteady(results: Iterable[Result]) -> list[Line]:
    """Return the lines whose figures a second run can't be expected to give again."""
    return [result for result in results if isinstance(result, Line) and not result.steady]


def exit_code(results: Iterable[Result]) -> int:
    """Return 1 when a target is missed or a row broke, else 0."""
    for result in results:
        if isinstance(result, Missing):
            if result.failed:
                return SOME_MISSED
        elif result.reached is False:
            return SOME_MISSED
    return ALL_REACHED
