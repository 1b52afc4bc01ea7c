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

"""The stop ladder: which signals, in which order, and when it is over."""

from __future__ import annotations

import signal

from hypothesis import given, strategies
import pytest

from launch_service_node.allow_list.model import StopSettings
from launch_service_node.supervisor.ladder import LAST_WAIT, longest, of, rungs

INT, TERM, KILL = signal.SIGINT, signal.SIGTERM, signal.SIGKILL


@pytest.mark.parametrize(('sigterm', 'sigkill', 'signals'), [
    (5.0, 5.0, [INT, TERM, KILL]), (0.0, 5.0, [TERM, KILL]),
    (5.0, 0.0, [INT, KILL]), (0.0, 0.0, [KILL])])
def test_a_timeout_of_0_leaves_its_signal_out(
        sigterm: float, sigkill: float, signals: list[int]) -> None:
    assert [rung.signal for rung in rungs(sigterm, sigkill)] == signals


@given(strategies.floats(0, 86400), strategies.floats(0, 86400))
def test_every_ladder_ends_with_sigkill_in_bounded_time(sigterm: float, sigkill: float) -> None:
    ladder = rungs(sigterm, sigkill)
    assert ladder[-1].signal == KILL
    assert [rung.signal for rung in ladder] == sorted(
        {rung.signal for rung in ladder}, key=[INT, TERM, KILL].index)
    assert sum(rung.wait for rung in ladder) == pytest.approx(sigterm + sigkill + LAST_WAIT)
    assert longest(sigterm, sigkill) == pytest.approx(sigterm + sigkill + LAST_WAIT)


def test_the_ladder_of_an_entry_has_its_times_where_none_is_given() -> None:
    settings = StopSettings(3.0, 4.0)
    assert of(settings) == rungs(3.0, 4.0)
    assert of(settings, sigterm_timeout=0.0) == rungs(0.0, 4.0)
    assert of(settings, sigkill_timeout=0.0) == rungs(3.0, 0.0)
