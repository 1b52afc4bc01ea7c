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

"""Work on several things gives an outcome for each."""

import signal
import threading

import pytest

from launch_service_node.cli.several import code_of_all, each
from launch_service_node.errors import InvalidRequest, ResultCode


def test_outcomes_are_in_the_order_of_the_things() -> None:
    assert [outcome.value for outcome in each([3, 1, 2], lambda one: one * 10)] == [30, 10, 20]


def test_one_failure_hides_none() -> None:
    def act(thing: int) -> int:
        if thing == 2:
            raise InvalidRequest('not two', ResultCode.NOT_FOUND)
        return thing
    outcomes = each([1, 2, 3], act)
    assert [outcome.value for outcome in outcomes] == [1, None, 3]
    assert code_of_all(outcomes) == ResultCode.NOT_FOUND


def test_they_are_done_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=20)
    each(range(4), lambda _: together.wait())


def test_a_defect_is_not_taken_for_an_outcome() -> None:
    with pytest.raises(ZeroDivisionError):
        each([1, 2], lambda one: 1 / 0)


def test_of_nothing_there_is_no_outcome() -> None:
    assert each([], lambda one: one) == []
    assert code_of_all([]) == ResultCode.OK


def test_a_ctrl_c_that_is_to_be_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `&` in a script does
    try:
        seen = {outcome.value for outcome in each(
            [1, 2], lambda _: signal.getsignal(signal.SIGINT))}
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == {signal.SIG_IGN}
