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

"""Tables are aligned, cut to the terminal, and coloured only when asked."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from launch_service_node.cli import table
from launch_service_node.cli.table import Cell, Column, cut, fit, render, width_of

COLUMNS = (Column('NAME', least=4), Column('ID', right=True), Column('ERROR', least=5))


def _rows(*rows: tuple[str, ...]) -> list[list[Cell]]:
    return [[Cell(text) for text in row] for row in rows]


def test_columns_are_aligned_to_their_side() -> None:
    assert render(COLUMNS, _rows(('lidar', '3', ''), ('nav', '12', 'no map'))) == [
        'NAME   ID  ERROR',
        'lidar   3',
        'nav    12  no map',
    ]


def test_no_rows_leave_the_heading() -> None:
    assert render(COLUMNS, []) == ['NAME  ID  ERROR']


def test_the_last_column_is_cut_first() -> None:
    lines = render(COLUMNS, _rows(('a_long_name', '1', 'a long story')), width=24)
    assert lines[1] == 'a_long_name   1  a long…'


def test_other_columns_are_cut_when_that_is_not_enough() -> None:
    lines = render(COLUMNS, _rows(('a_long_name', '1', 'a long story')), width=15)
    assert lines[1] == 'a_l…   1  a lo…'


def test_a_column_is_never_narrower_than_its_least() -> None:
    assert fit([10, 2, 10], COLUMNS, 1) == [4, 2, 5]


def test_without_a_terminal_nothing_is_cut() -> None:
    story = 'x' * 500
    assert render(COLUMNS, _rows(('a', '1', story)))[1].endswith(story)


def test_colours_surround_the_text_alone_and_keep_the_alignment() -> None:
    rows = [[Cell('a', '32'), Cell('1'), Cell('', '31')], [Cell('bcdef'), Cell('2'), Cell('x')]]
    coloured = render(COLUMNS, rows, colour=True)
    assert coloured[1] == '\x1b[32ma\x1b[0m       1'
    plain = [line.replace('\x1b[32m', '').replace('\x1b[0m', '') for line in coloured]
    assert plain == render(COLUMNS, rows)
    assert not any('\x1b' in line for line in render(COLUMNS, rows))


def test_wide_characters_take_two_places() -> None:
    assert width_of('機器') == 4
    lines = render(COLUMNS, _rows(('機器', '1', 'x'), ('abcd', '1', 'x')))
    assert lines[1].index('1') == lines[2].index('1') - 2


@given(st.text(max_size=40), st.integers(0, 40))
def test_a_cut_text_fits(text: str, width: int) -> None:
    assert width_of(cut(text, width)) <= width or width_of(text) <= width


@given(st.lists(st.tuples(*[st.text(st.characters(codec='ascii', exclude_categories=['C']),
                                    max_size=30)] * 3), max_size=5), st.integers(20, 200))
def test_every_line_fits_a_terminal_that_is_wide_enough(rows: list[tuple[str, ...]],
                                                       width: int) -> None:
    flexible = (Column('A', least=2), Column('B', least=2), Column('C', least=2))
    assert all(width_of(line) <= width for line in render(flexible, _rows(*rows), width))


def test_a_long_text_is_looked_at_once_and_not_again_for_each_character(
        monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def width(text: str) -> int:
        looked_at.append(len(text))
        return width_of(text)
    monkeypatch.setattr(table, 'width_of', width)
    assert cut('x' * 2000, 20) == 'x' * 19 + '…'
    assert sum(looked_at) < 2 * 2000
