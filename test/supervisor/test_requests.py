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

"""What a request may hold: every field of the wrong type, too long, or no text at all."""

from __future__ import annotations

import math
import signal
from typing import Any

from hypothesis import given, strategies
import pytest

from launch_service_node.errors import InvalidRequest, NotAllowed, RequestError, ResultCode
from launch_service_node.supervisor.requests import (
    FIELDS,
    MAX_ITEMS,
    MAX_NAME_TEXT,
    MAX_TEXT,
    parse,
    seconds,
    signal_number,
)

json_values = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats()
    | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=5)
    | strategies.dictionaries(strategies.text(), inner, max_size=5), max_leaves=20)

OF_TEXT = [(op, key) for op, fields in FIELDS.items() for key, default in fields.items()
           if isinstance(default, str) and op != 'attach']


def code_of(request: dict[str, Any]) -> int:
    with pytest.raises(InvalidRequest) as caught:
        parse(request)
    assert '\n' not in caught.value.message
    assert len(caught.value.message) < 300
    return caught.value.code


@pytest.mark.parametrize('op', FIELDS)
def test_the_defaults_of_every_operation_are_taken(op: str) -> None:
    assert parse({'id': 1, 'op': op, 'caller': 'me'}) == (op, FIELDS[op])
    assert parse({'op': op, **FIELDS[op]}) == (op, FIELDS[op])


@pytest.mark.parametrize('op', [None, 1, [], {}, '', 'STOP', 'no such', 'x' * 10 ** 6, '\0'])
def test_an_unknown_operation_is_refused(op: object) -> None:
    assert code_of({'op': op}) == ResultCode.INVALID_REQUEST


@pytest.mark.parametrize('op', FIELDS)
def test_an_unknown_field_is_refused(op: str) -> None:
    assert code_of({'op': op, 'x' * 10 ** 6: 1}) == ResultCode.INVALID_REQUEST


@pytest.mark.parametrize(('op', 'key'), [
    (op, key) for op, fields in FIELDS.items() for key in fields])
def test_every_field_of_a_wrong_type_is_refused(op: str, key: str) -> None:
    default = FIELDS[op][key]
    for value in (None, True, 1, 1.5, 'text', [1], ['a', None], {'a': 1}, [[]], object()):
        right = type(value) is type(default)
        if default is None:
            right = value is None or type(value) in (int, float)
        elif isinstance(default, float):
            right = type(value) in (int, float)
        if not right:
            assert code_of({'op': op, key: value}) == ResultCode.INVALID_REQUEST


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf, 1e300, 10 ** 400, -2 ** 70])
@pytest.mark.parametrize(('op', 'key'), [
    ('stop', 'sigterm_timeout'), ('wait_node', 'seconds')])
def test_a_number_that_is_none_or_no_time_is_refused(op: str, key: str, value: float) -> None:
    assert code_of({'op': op, key: value}) == ResultCode.INVALID_REQUEST


@pytest.mark.parametrize('value', [2 ** 64, -2 ** 63 - 1])
def test_an_integer_that_no_message_could_hold_is_refused(value: int) -> None:
    assert code_of({'op': 'start', 'uid': value}) == ResultCode.INVALID_REQUEST
    assert parse({'op': 'start', 'uid': 2 ** 64 - 1})[1]['uid'] == 2 ** 64 - 1


@pytest.mark.parametrize(('op', 'key'), OF_TEXT)
def test_a_megabyte_is_too_large(op: str, key: str) -> None:
    assert code_of({'op': op, key: 'x' * 2 ** 20}) == ResultCode.REQUEST_TOO_LARGE
    most = MAX_NAME_TEXT if key in ('name', 'executable_id') else MAX_TEXT
    assert parse({'op': op, key: 'x' * most})
    assert code_of({'op': op, key: 'x' * (most + 1)}) == ResultCode.REQUEST_TOO_LARGE


@pytest.mark.parametrize(('op', 'key'), OF_TEXT)
@pytest.mark.parametrize('value', ['a\0b', '\ud800', 'x\udfff'])
def test_what_no_program_could_be_given_is_refused(op: str, key: str, value: str) -> None:
    assert code_of({'op': op, key: value}) == ResultCode.INVALID_REQUEST


@pytest.mark.parametrize('value', ['a\0b', '\ud800', 'x' * 2 ** 20])
def test_items_are_looked_at_as_well(value: str) -> None:
    code_of({'op': 'start', 'args': ['good', value]})
    code_of({'op': 'start', 'env': {'GOOD': value}})
    code_of({'op': 'start', 'env': {value: 'good'}})


def test_too_many_items_are_too_large() -> None:
    many = [''] * (MAX_ITEMS + 1)
    assert code_of({'op': 'start', 'args': many}) == ResultCode.REQUEST_TOO_LARGE
    env = {str(number): '' for number in range(MAX_ITEMS + 1)}
    assert code_of({'op': 'start', 'env': env}) == ResultCode.REQUEST_TOO_LARGE


@given(strategies.dictionaries(strategies.text(), json_values), strategies.sampled_from(
    list(FIELDS)), strategies.dictionaries(strategies.sampled_from(sorted(
        {key for fields in FIELDS.values() for key in fields})), json_values))
def test_whatever_comes_it_is_taken_or_refused(
        junk: dict[str, Any], op: str, fields: dict[str, Any]) -> None:
    for request in (junk, {**junk, 'op': op}, {'op': op, **fields}):
        try:
            parse(request)
        except InvalidRequest as error:
            assert '\n' not in error.message


@pytest.mark.parametrize(('text', 'number'), [
    ('SIGHUP', 1), ('hup', 1), ('SIGKILL', 9), ('9', 9), (' SIGTERM ', 15), ('64', 64),
    ('SIGRTMIN', signal.SIGRTMIN), ('cont', signal.SIGCONT)])
def test_a_signal_by_name_and_by_number(text: str, number: int) -> None:
    assert signal_number(text) == number


@pytest.mark.parametrize('text', ['', 'SIGNOTHING', '-9', '65', '1e1', '9' * 4000, '٣', '²', '_'])
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        signal_number(text)


def test_signal_0_is_no_signal() -> None:
    with pytest.raises(NotAllowed) as caught:
        signal_number('0')
    assert caught.value.code == ResultCode.SIGNAL_NOT_ALLOWED


def test_a_timeout_may_be_left_out_and_lasts_a_day_at_most() -> None:
    assert seconds(None, 'x') is None
    assert seconds(-1, 'x') is None
    assert seconds(0, 'x') == 0.0
    assert seconds(86400, 'x') == 86400.0
    with pytest.raises(InvalidRequest):
        seconds(86401, 'x')
