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

"""The table: aligned for a terminal, or as Markdown for a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
import math

from .figures import Line, Missing, Result
from .verdict import MISSED, REACHED, target, unsteady, verdict

HEAD = ('', 'ours', 'beside', 'theirs', 'ratio', 'target', 'verdict')

_RIGHT = (1, 3, 4)
_GREEN, _RED, _YELLOW, _BOLD, _PLAIN = '\033[32m', '\033[31m', '\033[33m', '\033[1m', '\033[0m'


def number(value: float, unit: str = '') -> str:
    """Return a figure with three digits and its unit; nothing for one that there is not."""
    if math.isnan(value):
        return ''
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f'{value:.{digits}f}' + (f' {unit}' if unit else '')


def cells(line: Line) -> tuple[str, ...]:
    """Return the cells of a line; `~` marks an unsteady ratio."""
    mark = '' if line.steady else '~'
    theirs = line.theirs
    return (line.what, number(line.our_figure, line.ours.unit) + (mark if not theirs else ''),
            theirs.name if theirs else '',
            number(line.their_figure, theirs.unit) if theirs else '',
            number(line.ratio) + (mark if theirs else ''), target(line), verdict(line))


def text(results: Sequence[Result], colour: bool = False) -> str:
    """Return the table, with what has to be said below it."""
    lines = [cells(one) for one in results if isinstance(one, Line)]
    rows = [HEAD, *lines]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    said = [_painted('  '.join(
        cell.rjust(widths[at]) if at in _RIGHT else cell.ljust(widths[at])
        for at, cell in enumerate(row)).rstrip(), row[-1] if row is not HEAD else HEAD[-1],
        colour) for row in rows]
    return '\n'.join([*said, *_below(results)])


def markdown(results: Sequence[Result]) -> str:
    """Return the table for a page."""
    lines = [one for one in results if isinstance(one, Line)]
    rows = [HEAD, ('---',) * len(HEAD), *(cells(one) for one in lines)]
    return '\n'.join(['| ' + ' | '.join(cell or ' ' for cell in row) + ' |' for row in rows])


def _below(results: Sequence[Result]) -> list[str]:
    said = [f'{one.row}: {verdict(one)}' for one in results if isinstance(one, Missing)]
    shaky = unsteady(results)
    if shaky:
        said.append(
            f'~ unsteady: {len(shaky)} of {sum(isinstance(one, Line) for one in results)} figures '
            'differ by more than 20 % between the halves of this run, or could not be measured in '
            'turns; a second run may differ as much')
    missed = [one for one in results if isinstance(one, Line) and one.reached is False]
    targets = [one for one in results if isinstance(one, Line) and one.reached is not None]
    said.append(f'{len(targets) - len(missed)} of {len(targets)} targets reached')
    return ['', *said]


def _painted(line: str, word: str, colour: bool) -> str:
    if not colour:
        return line
    if word == HEAD[-1]:
        return f'{_BOLD}{line}{_PLAIN}'
    for begin, code in ((REACHED, _GREEN), (MISSED, _RED)):
        if word.startswith(begin):
            at = line.rindex(word)
            return f'{line[:at]}{code}{word}{_PLAIN}'
    return line
