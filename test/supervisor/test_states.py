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

"""The states are the same in the message, in the code and in the drawing."""

from __future__ import annotations

from pathlib import Path
import re

import pytest

from launch_service_node.supervisor.states import ALIVE, ENDED, FOLLOWERS, may_follow, State

ROOT = Path(__file__).parents[2]


def constants_of_the_message() -> dict[str, int]:
    text = (ROOT / 'msg' / 'ProcessStatus.msg').read_text()
    return {name: int(number) for name, number in
            re.findall(r'^uint8 ([A-Z]+)=([0-9]+)', text, re.MULTILINE)}


def drawn() -> dict[str, set[str]]:
    text = (ROOT / 'docs' / 'states.md').read_text()
    graph: dict[str, set[str]] = {}
    for before, after in re.findall(r'^ +(\S+) --> (\S+)$', text, re.MULTILINE):
        graph.setdefault(before, set()).add(after)
    return graph


def test_the_states_are_those_of_the_message() -> None:
    assert {state.name: state.value for state in State} == constants_of_the_message()


def test_the_drawing_is_what_the_code_allows() -> None:
    graph = drawn()
    assert graph.pop('[*]') == {'STARTING', 'FAILED', 'BACKOFF'}
    assert graph == {before.name: {after.name for after in followers}
                     for before, followers in FOLLOWERS.items()}


def test_the_page_explains_every_state() -> None:
    text = (ROOT / 'docs' / 'states.md').read_text()
    assert set(re.findall(r'^\| ([A-Z]+) \|', text, re.MULTILINE)) == set(State.__members__)


def test_a_state_is_alive_or_an_end_or_a_wait_for_a_restart() -> None:
    assert ALIVE | ENDED | {State.BACKOFF} == set(State)
    assert not ALIVE & ENDED


def test_from_every_state_there_is_a_way_to_a_start_and_to_an_end() -> None:
    def reachable(state: State) -> set[State]:
        seen, queue = set(), [state]
        while queue:
            for after in FOLLOWERS[queue.pop()] - seen:
                seen.add(after)
                queue.append(after)
        return seen
    for state in State:
        assert {State.STARTING, State.STOPPED, State.FAILED} <= reachable(state), state


@pytest.mark.parametrize(('before', 'after'), [
    (State.STOPPED, State.RUNNING), (State.BACKOFF, State.RUNNING),
    (State.STOPPING, State.RUNNING), (State.FAILED, State.STOPPING),
    (State.UNKNOWN, State.RUNNING), (State.RUNNING, State.STARTING)])
def test_what_can_not_follow(before: State, after: State) -> None:
    assert not may_follow(before, after)
    assert may_follow(before, before)
