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

"""Durations, sizes, percentages and limits, as written by people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from launch_service_node.allow_list import quantities


@pytest.mark.parametrize(('text', 'seconds'), [
    ('1 s', 1.0), ('500 ms', 0.5), ('2 min', 120.0), ('1 h', 3600.0), ('1 d', 86400.0),
    ('10', 10.0), ('0', 0.0), ('0.25', 0.25), ('1.5s', 1.5), (' 3  s ', 3.0),
])
def test_a_duration_is_in_seconds(text: str, seconds: float) -> None:
    """A number without a unit is in seconds too."""
    assert quantities.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize('text', [
    '', 's', '-1 s', '1 sec', '1 m', '1 S', '1 s 2', 'one s', '1e3', 'nan', 'inf', '1,5 s', '١ s',
    '1 min 30 s', '367 d', '9' * 30, '1\n2',
])
def test_what_is_no_duration_is_refused_with_the_text(text: str) -> None:
    """The message repeats what was written."""
    with pytest.raises(ValueError, match='duration|year'):
        quantities.duration(text)


@pytest.mark.parametrize(('text', 'number'), [
    ('1', 1), ('10 B', 10), ('1 kB', 1000), ('1 KiB', 1024), ('512 MiB', 512 * 1024 ** 2),
    ('10 MB', 10_000_000), ('1.5 GiB', 3 * 2 ** 29), ('2 TB', 2 * 10 ** 12),
])
def test_a_size_is_in_bytes(text: str, number: int) -> None:
    """Powers of 1000 and of 1024 are told apart."""
    assert quantities.size(text) == number


@pytest.mark.parametrize('text', ['', '512M', '1 mb', '-1', '1 K', '2000000 TiB', '1 s'])
def test_what_is_no_size_is_refused(text: str) -> None:
    """Letters that could mean two things are refused."""
    with pytest.raises(ValueError, match='size|machine'):
        quantities.size(text)


@pytest.mark.parametrize(('text', 'expected'), [
    ('5 in 60 s', (5, 60.0)), ('3 in 2 min', (3, 120.0)), ('7', (7, 99.0)),
    ('unlimited', (0, 99.0)), ('1  in  1', (1, 1.0)),
])
def test_a_limit_is_a_count_in_a_time(text: str, expected: tuple[int, float]) -> None:
    """Without a time it is the one that was given."""
    assert quantities.limit(text, 99.0) == expected


@pytest.mark.parametrize('text', ['0', '-1', '5 per 60 s', '5 in', '5 in 0 s', 'x', '5 in 1 y',
                                  '9999999 in 1 s', 'none'])
def test_what_is_no_limit_is_refused(text: str) -> None:
    """Zero is refused: whoever wants no limit says so."""
    with pytest.raises(ValueError):
        quantities.limit(text, 60.0)


@pytest.mark.parametrize(('text', 'number'), [('50', 50.0), ('150 %', 150.0), ('12.5%', 12.5)])
def test_a_percentage_may_leave_out_the_sign(text: str, number: float) -> None:
    """Both spellings are the same."""
    assert quantities.percent(text) == number


def test_a_whole_number_has_bounds() -> None:
    """Neither fractions nor numbers beyond the bounds are taken."""
    assert quantities.whole('-20', -20, 19) == -20
    for text in ('20', '1.0', '', '1 x', '٣'):
        with pytest.raises(ValueError, match='from -20 to 19'):
            quantities.whole(text, -20, 19)


@given(st.integers(0, 10 ** 6), st.sampled_from(sorted(quantities.SECONDS)))
def test_every_number_with_every_unit_is_that_many_seconds(number: int, unit: str) -> None:
    """The result is the number times the unit, or the refusal of a too long one."""
    seconds = number * quantities.SECONDS[unit]
    if seconds > quantities.MAX_SECONDS:
        with pytest.raises(ValueError, match='year'):
            quantities.duration(f'{number} {unit}')
    else:
        assert quantities.duration(f'{number} {unit}') == pytest.approx(seconds)


@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    """Nothing else comes out, and never a negative or an infinite number."""
    for read in (quantities.duration, quantities.size, quantities.percent):
        try:
            assert 0 <= read(text) < float('inf')
        except ValueError as error:
            assert '\n' not in str(error)
