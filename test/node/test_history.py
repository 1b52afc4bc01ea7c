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

"""What a late joiner of a topic gets."""

from collections import deque

from hypothesis import given, strategies

from launch_service_node.node.history import History


def play(depth, steps):
    """Publish and forget; return what the topic keeps, the listed ones, and all messages."""
    history, kept, listed, messages = History(depth), deque(maxlen=depth), {}, []
    for step, (process_id, gone) in enumerate(steps):
        if gone:
            history.forget(process_id)
            listed.pop(process_id, None)
            continue
        listed[process_id] = step
        for each in history.publish(process_id):
            kept.append((each, listed[each]))
            messages.append(each)
        yield kept, listed, messages


steps = strategies.lists(strategies.tuples(strategies.integers(1, 8),
                                           strategies.integers(0, 9).map(lambda n: n == 0)),
                         max_size=200)


@given(strategies.integers(8, 12), steps)
def test_the_latest_status_of_every_listed_process_is_always_kept(depth, steps):
    for kept, listed, _ in play(depth, steps):
        latest = dict(kept)
        assert {each: latest.get(each) for each in listed} == listed


@given(strategies.integers(8, 12), steps)
def test_what_is_published_last_is_what_was_asked_for(depth, steps):
    history = History(depth)
    for process_id, _ in steps:
        order = history.publish(process_id)
        assert order[-1] == process_id
        assert order.count(process_id) == 1


@given(strategies.integers(1, 4), steps)
def test_more_processes_than_depth_are_published_all_the_same(depth, steps):
    for _, _, messages in play(depth, steps):
        assert len(messages) <= (depth + 1) * len(steps)


def test_nothing_is_repeated_while_all_of_it_fits():
    history = History(100)
    assert [history.publish(number) for number in range(100)] == [[n] for n in range(100)]


def test_a_quiet_process_is_repeated_once_in_a_while_only():
    history = History(100)
    history.publish(1)
    repeated = sum(len(history.publish(2)) - 1 for _ in range(1000))
    assert repeated == 10


def test_a_forgotten_process_is_not_repeated():
    history = History(3)
    history.publish(1)
    history.forget(1)
    assert [history.publish(2) for _ in range(5)] == [[2]] * 5
