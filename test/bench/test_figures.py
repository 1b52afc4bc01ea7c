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

"""What the benchmark makes of figures: medians, ratios, spreads, verdicts, tables."""

from __future__ import annotations

import math
from typing import Any

from compare.figures import Line, Missing, p99, Series
from compare.result import document
from compare.table import markdown, number, text
from compare.verdict import exit_code, target, unsteady, verdict
import pytest


def series(*values: float, name: str = 'ours', unit: str = 'ms') -> Series:
    return Series(name, values, unit)


def line(ours: Series, theirs: Series | None = None, limit: float | None = None,
         **more: Any) -> Line:
    return Line('row', 'what', ours, theirs, limit, **more)


def test_the_ratio_is_that_of_the_medians() -> None:
    assert line(series(1, 2, 900), series(4, 4, 4)).ratio == 0.5


def test_p99_is_a_value_that_was_measured() -> None:
    assert p99([float(value) for value in range(1, 101)]) == 99
    assert p99([5.0]) == 5
    assert math.isnan(p99([]))


@pytest.mark.parametrize('ours, reached', [(5.0, True), (5.01, False)])
def test_a_ratio_that_is_just_the_target_has_reached_it(ours: float, reached: bool) -> None:
    assert line(series(ours), series(10.0), 0.5).reached is reached


def test_what_may_come_on_top_of_a_ratio_counts() -> None:
    one = line(series(2.4), series(1.0), 1.5, plus=1.0)
    assert (one.allowed, one.reached, target(one)) == (2.5, True, '≤ 1.5 × + 1 ms')


def test_ours_alone_is_held_against_the_target_itself() -> None:
    one = line(series(0.7, unit='%'), limit=0.6)
    assert (one.reached, target(one)) == (False, '≤ 0.6 %')
    assert math.isnan(one.ratio)


def test_without_a_target_there_is_no_verdict() -> None:
    one = line(series(9.0), series(1.0))
    assert (one.reached, target(one), verdict(one)) == (None, '', '')


def test_a_missed_target_says_by_how_much_and_what_stands_in_the_way() -> None:
    said = verdict(line(series(6.0), series(10.0), 0.5, note='the floor is 5.5 ms'))
    assert said == 'missed: 6 ms, allowed 5; the floor is 5.5 ms'


def test_halves_that_differ_by_more_than_a_fifth_are_unsteady() -> None:
    steady = line(series(10, 10, 11, 11), series(10, 10, 10, 10))
    shaky = line(series(10, 10, 13, 13), series(10, 10, 10, 10))
    assert unsteady([steady, shaky]) == [shaky]


def test_what_was_not_measured_in_turns_is_unsteady_whatever_its_halves_say() -> None:
    both = series(10, 10, 10, 10), series(10, 10, 10, 10)
    assert line(*both).steady and not line(*both, apart=True).steady


def test_what_disturbs_both_sides_alike_is_steady() -> None:
    assert line(series(1, 1, 5, 5), series(2, 2, 10, 10)).steady


def test_too_few_values_say_nothing_about_their_spread() -> None:
    few = line(series(1, 9, 1), series(1, 1, 1))
    assert few.steady and math.isnan(few.spread)


def test_the_exit_code_is_that_of_the_worst() -> None:
    good, bad = line(series(1), series(4), 0.5), line(series(3), series(4), 0.5)
    absent, broken = Missing('remote', 'no sshd'), Missing('remote', 'it broke', failed=True)
    assert exit_code([good, absent, line(series(1))]) == 0
    assert exit_code([good, bad]) == 1
    assert exit_code([good, broken]) == 1


@pytest.mark.parametrize('value, shown', [
    (0.1234, '0.123 ms'), (1.239, '1.24 ms'), (12.39, '12.4 ms'), (123.9, '124 ms'),
    (math.nan, '')])
def test_a_figure_has_three_digits(value: float, shown: str) -> None:
    assert number(value, 'ms') == shown


def test_the_columns_of_the_table_are_aligned() -> None:
    lines = text([line(series(1), series(4, name='theirs'), 0.5),
                  line(series(1000), series(4, name='theirs'), 0.5)]).splitlines()
    assert len({one.index('theirs') for one in lines[1:3]}) == 1
    assert lines[-1] == '1 of 2 targets reached'


def test_colours_are_only_there_when_they_are_asked_for() -> None:
    results = [line(series(1), series(4), 0.5), line(series(3), series(4), 0.5)]
    assert '\033' not in text(results)
    assert '\033[32mreached' in text(results, colour=True)
    assert '\033[31mmissed' in text(results, colour=True)


def test_an_unsteady_figure_is_marked_and_said() -> None:
    said = text([line(series(10, 10, 13, 13), series(10, 10, 10, 10))])
    assert '1.15~' in said and 'unsteady: 1 of 1 figures' in said


def test_what_was_not_measured_is_said() -> None:
    assert 'remote: not measured: no sshd' in text([Missing('remote', 'no sshd')])
    assert 'remote: failed: it broke' in text([Missing('remote', 'it broke', failed=True)])


def test_the_table_of_a_page_has_a_cell_for_each_column() -> None:
    rows = markdown([line(series(1), limit=2.0)]).splitlines()
    assert len({row.count('|') for row in rows}) == 1


def test_the_document_has_every_value_that_was_measured() -> None:
    found = document({'cores': 2}, [line(series(1, 2, 3), series(4, 5, 6), 0.5),
                                    Missing('remote', 'no sshd')], {}, 1.0)
    assert found['lines'][0]['ours']['values'] == [1, 2, 3]
    assert found['lines'][0]['reached'] is True
    assert found['missing'] == [{'row': 'remote', 'why': 'no sshd', 'failed': False}]
