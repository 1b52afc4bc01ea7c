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

"""When a process is started again: every policy, the delays, the limit, the reset."""

from __future__ import annotations

import time

from hypothesis import given, settings, strategies
import pytest

from launch_service_node.allow_list.model import RestartSettings
from launch_service_node.supervisor.policy import decide, History, JITTER

NO_LIMIT = {'limit': 0, 'window': 60.0}


@pytest.mark.parametrize(('policy', 'success', 'again'), [
    ('never', True, False), ('never', False, False),
    ('on-failure', True, False), ('on-failure', False, True),
    ('always', True, True), ('always', False, True)])
def test_who_is_started_again(policy: str, success: bool, again: bool) -> None:
    decision = decide(RestartSettings(policy=policy), success, 0.0, History(), 100.0, 0.5)
    assert (decision.delay is not None) == again


@pytest.mark.parametrize(('in_a_row', 'expected'), [
    (0, 1.0), (1, 2.0), (2, 4.0), (5, 32.0), (6, 60.0), (1000, 60.0), (10 ** 9, 60.0)])
def test_the_delay_doubles_up_to_its_cap(in_a_row: int, expected: float) -> None:
    how = RestartSettings(policy='always', delay=1.0, max_delay=60.0, **NO_LIMIT)
    decision = decide(how, False, 0.0, History((), in_a_row), 100.0, 0.5)
    assert decision.delay == pytest.approx(expected)
    assert decision.history.in_a_row == in_a_row + 1


def test_also_at_the_cap_delays_differ_so_that_not_all_come_back_together() -> None:
    how = RestartSettings(policy='always', delay=1.0, max_delay=60.0, **NO_LIMIT)
    delays = [decide(how, False, 0.0, History((), 50), 100.0, chance).delay
              for chance in (0.0, 0.25, 0.9)]
    assert delays == [pytest.approx(54.0), pytest.approx(57.0), pytest.approx(60.0)]


def test_the_limit_ends_it_and_says_why() -> None:
    how = RestartSettings(policy='always', limit=3, window=60.0)
    history = History()
    for now in (100.0, 110.0, 120.0):
        decision = decide(how, False, 0.0, history, now, 0.5)
        assert decision.delay is not None
        history = decision.history
    decision = decide(how, False, 0.0, history, 130.0, 0.5)
    assert decision.delay is None
    assert '3 times in 60 s' in decision.reason


def test_what_is_older_than_the_window_counts_no_more() -> None:
    how = RestartSettings(policy='always', limit=3, window=60.0)
    history = History((100.0, 110.0, 120.0), 3)
    assert decide(how, False, 0.0, history, 159.9, 0.5).delay is None
    assert decide(how, False, 0.0, history, 160.0, 0.5).delay is not None


def test_a_stable_run_starts_the_count_and_the_delay_anew() -> None:
    how = RestartSettings(policy='always', delay=1.0, limit=3, window=1000.0, stable_after=10.0)
    history = History((100.0, 110.0, 120.0), 3)
    assert decide(how, False, 9.9, history, 130.0, 0.5).delay is None
    decision = decide(how, False, 10.0, history, 131.0, 0.5)
    assert decision.delay == pytest.approx(1.0)
    assert decision.history == History((131.0,), 1)


policies = strategies.builds(
    RestartSettings, policy=strategies.sampled_from(['never', 'on-failure', 'always']),
    delay=strategies.floats(0, 1e5), max_delay=strategies.floats(0, 1e5),
    limit=strategies.integers(0, 20), window=strategies.floats(0.001, 1e5),
    stable_after=strategies.floats(0, 1e5))
chances = strategies.floats(0, 1, exclude_max=True)


@given(policies, strategies.integers(0, 10 ** 6), chances)
def test_a_delay_is_within_its_jitter_and_its_cap(
        how: RestartSettings, in_a_row: int, chance: float) -> None:
    decision = decide(how, False, -1.0, History((), in_a_row), 1e6, chance)
    if decision.delay is None:
        assert how.policy == 'never'
        return
    nominal = min(how.max_delay, how.delay * 2.0 ** min(in_a_row, 60))
    assert 0.0 <= decision.delay <= how.max_delay
    assert nominal * (1 - JITTER) * 0.999 <= decision.delay <= nominal * (1 + JITTER) * 1.001


@given(policies, strategies.lists(
    strategies.tuples(strategies.booleans(), strategies.floats(0, 1e4), chances), max_size=60))
@settings(max_examples=200)
def test_a_whole_life_keeps_the_limit(
        how: RestartSettings, ends: list[tuple[bool, float, float]]) -> None:
    """Whatever happens: never more than `limit` restarts in a window without a stable run."""
    now, history = 1000.0, History()
    counted: list[float] = []
    for success, uptime, chance in ends:
        now += uptime
        if uptime >= how.stable_after:
            counted = []
        decision = decide(how, success, uptime, history, now, chance)
        if decision.delay is None:
            break
        counted.append(now)
        within = [at for at in counted if now - at < how.window]
        assert not how.limit or len(within) <= how.limit
        assert len(decision.history.restarts) <= max(len(within), 1)
        history = decision.history
        now += decision.delay


@given(policies, strategies.lists(strategies.floats(0, 1e5), max_size=10), chances,
       strategies.floats(-1e9, 1e9))
def test_only_differences_of_the_time_count(
        how: RestartSettings, ages: list[float], chance: float, shift: float) -> None:
    """The same story told by another clock has the same end: no wall clock is asked."""
    def told(now: float) -> tuple[bool, float | None]:
        restarts = tuple(sorted(now - round(age) - 0.5 for age in ages))
        decision = decide(how, False, 0.0, History(restarts, len(ages)), now, chance)
        return decision.failed, decision.delay
    how = RestartSettings(policy=how.policy, limit=how.limit, window=float(round(how.window) + 1),
                          delay=1.0, max_delay=8.0)
    assert told(1e6) == told(1e6 + round(shift))


def test_no_clock_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden() -> float:
        raise AssertionError('a decision is told the time')
    for name in ('time', 'time_ns', 'monotonic', 'monotonic_ns', 'perf_counter'):
        monkeypatch.setattr(time, name, forbidden)
    decide(RestartSettings(policy='always'), False, 0.0, History(), 1.0, 0.5)
