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

"""Values that no message can carry are refused in words."""

import pytest

from launch_service_node.client import checks
from launch_service_node.errors import InvalidRequest


@pytest.mark.parametrize(('value', 'bits', 'signed'), [
    (-1, 64, False), (1 << 64, 64, False), (1 << 32, 32, False), (1 << 63, 64, True)])
def test_a_number_out_of_range_is_refused(value: int, bits: int, signed: bool) -> None:
    with pytest.raises(InvalidRequest, match='uid is'):
        checks.number('uid', value, bits, signed=signed)


def test_the_ends_of_the_range_are_in_it() -> None:
    assert checks.number('uid', (1 << 64) - 1, 64) == (1 << 64) - 1
    assert checks.number('offset', -(1 << 63), 64, signed=True) == -(1 << 63)


@pytest.mark.parametrize('value', ['a\0b', '\udc80'])
def test_text_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest, match='name'):
        checks.text('name', value)


def test_ordinary_text_passes() -> None:
    assert checks.text('name', 'Löwe 🦁') == 'Löwe 🦁'


def test_no_seconds_are_negative_for_the_message() -> None:
    assert checks.seconds(None) == -1.0
    assert checks.seconds(0) == 0.0
