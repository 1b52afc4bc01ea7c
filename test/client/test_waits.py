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

"""How long an answer is waited for."""

from launch_service_node.client.waits import ANSWER, answer_within, MARGIN, PROCESS_ANSWER


def test_what_the_caller_says_wins() -> None:
    assert answer_within(2.5, waits_for_process=True, ladder=(100.0, 100.0)) == 2.5


def test_a_question_waits_shorter_than_a_process() -> None:
    assert answer_within(None) == ANSWER
    assert answer_within(None, waits_for_process=True) == PROCESS_ANSWER > ANSWER


def test_a_long_stop_ladder_is_waited_for() -> None:
    assert answer_within(None, waits_for_process=True, ladder=(90.0, 30.0)) == 120.0 + MARGIN


def test_times_as_the_entry_says_count_as_none() -> None:
    assert answer_within(None, waits_for_process=True, ladder=(None, None)) == PROCESS_ANSWER
