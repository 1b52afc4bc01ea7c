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

"""How many starts are taken: the bucket by itself, told the time."""

from __future__ import annotations

from hypothesis import given, strategies
import pytest

from launch_service_node.supervisor.rate import BURST, TokenBucket


def test_a_burst_passes_and_then_so_many_a_second() -> None:
    bucket = TokenBucket(10.0, 100.0)
    assert [bucket.take(100.0) for _ in range(int(10 * BURST))] == [0.0] * 40
    assert bucket.take(100.0) == pytest.approx(0.1)
    assert bucket.take(100.05) == pytest.approx(0.05)
    assert bucket.take(100.11) == 0.0
    assert bucket.take(100.11) > 0.0


def test_what_is_refused_costs_nothing() -> None:
    bucket = TokenBucket(10.0, 0.0)
    while not bucket.take(0.0):
        pass
    for _ in range(1000):
        assert bucket.take(0.0) == pytest.approx(0.1)
    assert bucket.take(0.11) == 0.0


def test_a_rate_of_0_is_no_limit() -> None:
    bucket = TokenBucket(0.0, 0.0)
    assert not any(bucket.take(0.0) for _ in range(10000))


def test_a_slow_rate_lets_one_through() -> None:
    bucket = TokenBucket(0.01, 0.0)
    assert bucket.take(0.0) == 0.0
    assert bucket.take(0.0) == pytest.approx(100.0)


@given(strategies.floats(0.01, 1000), strategies.lists(strategies.floats(0, 10), max_size=200))
def test_never_more_than_the_burst_and_the_rate_together(
        rate: float, gaps: list[float]) -> None:
    now, passed = 50.0, 0
    bucket = TokenBucket(rate, now)
    for gap in gaps:
        now += gap
        wait = bucket.take(now)
        assert 0.0 <= wait <= 1.0 / rate * 1.001
        passed += not wait
    assert passed <= max(1.0, rate * BURST) + (now - 50.0) * rate + 1e-3
    while not (wait := bucket.take(now)):
        pass
    assert bucket.take(now + wait + 1e-6) == 0.0
