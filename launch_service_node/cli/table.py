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

"""Aligned columns, cut to the width there is; nothing but text in and lines out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
import unicodedata

ELLIPSIS = '…'
GAP = '  '


class Column(NamedTuple):
    """
    A column.

    :param right: whether cells are aligned to the right.
    :param least: how narrow it may be made; None: it is never cut.
    """

    title: str
    right: bool = False
    least: int | None = None


class Cell(NamedTuple):
    """A text, and the terminal's number for its colour ('' for none)."""

    text: str
    colour: str = ''


def width_of(text: str) -> int:
    """Return how many places a text takes on a terminal."""
    return sum(0 if unicodedata.combining(char)
               else 2 if unicodedata.east_asian_width(char) in 'WF' else 1 for char in text)


def cut(text: str, width: int) -> str:
    """Return a text that takes at most `width` places, with an ellipsis where it was cut."""
    if width_of(text) <= width:
        return text
    if width <= 0:
        return ''
    left, length = width - 1, 0
    while (left := left - width_of(text[length])) >= 0:
        length += 1
    return text[:length] + ELLIPSIS


def fit(widths: Sequence[int], columns: Sequence[Column], total: int | None) -> list[int]:
    """Return the widths of columns, the last ones narrowed first until the total is kept."""
    result = list(widths)
    if total is None:
        return result
    for index in range(len(columns) - 1, -1, -1):
        excess = sum(result) + len(GAP) * (len(result) - 1) - total
        least = columns[index].least
        if excess > 0 and least is not None:
            result[index] = min(result[index], max(least, result[index] - excess))
    return result


def render(columns: Sequence[Column], rows: Sequence[Sequence[Cell]],
           width: int | None = None, colour: bool = False) -> list[str]:
    """
    Return a heading and a line for each row, without spaces at their ends.

    :param width: places of the terminal; None: as wide as it takes.
    """
    widths = [max([width_of(column.title), *(width_of(row[index].text) for row in rows)])
              for index, column in enumerate(columns)]
    widths = fit(widths, columns, width)
    heading = [Cell(column.title) for column in columns]
    return [_line(columns, row, widths, colour) for row in [heading, *rows]]


def _line(columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int],
          colour: bool) -> str:
    parts = []
    for column, cell, width in zip(columns, row, widths, strict=True):
        text = cut(cell.text, width)
        padding = ' ' * (width - width_of(text))
        if colour and cell.colour and text:
            text = f'\x1b[{cell.colour}m{text}\x1b[0m'
        parts.append(padding + text if column.right else text + padding)
    return GAP.join(parts).rstrip(' ')
