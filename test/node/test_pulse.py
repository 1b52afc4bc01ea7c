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

"""What happens at fixed times."""

import queue
import threading
import time

from harness import PATIENCE, wait_until
import pytest

from launch_service_node.node import pulse as pulse_module
from launch_service_node.node.pulse import next_due, Pulse


@pytest.fixture
def make():
    """Give a function that makes a Pulse, and stop it at the end."""
    made = []

    def build(turn=lambda call: call(), on_defect=None):
        made.append(Pulse(turn, on_defect))
        return made[-1]
    yield build
    for pulse in made:
        pulse.stop(PATIENCE)


@pytest.mark.parametrize('due, now, then', [
    (10.0, 10.0, 11.0), (10.0, 10.9, 11.0), (10.0, 11.0, 12.0), (10.0, 15.5, 16.0)])
def test_a_late_call_does_not_shift_the_next_and_missed_ones_are_left_out(due, now, then):
    assert next_due(due, 1.0, now) == then


def test_each_function_is_called_at_its_own_period(make):
    pulse = make()
    often, seldom = [], []
    pulse.every(0.01, lambda: often.append(1))
    pulse.every(0.1, lambda: seldom.append(1))
    pulse.start()
    wait_until(lambda: len(seldom) >= 3 and len(often) > 2 * len(seldom))


def test_nothing_is_called_after_the_stop(make):
    pulse = make()
    calls = []
    pulse.every(0.01, lambda: calls.append(1))
    pulse.start()
    wait_until(lambda: calls)
    pulse.stop(PATIENCE)
    count = len(calls)
    assert not threading.Event().wait(0.1) and len(calls) == count


def test_the_heart_stops_while_the_executor_hangs_and_goes_on_after(make, monkeypatch):
    monkeypatch.setattr(pulse_module, 'PROBE', 0.05)
    monkeypatch.setattr(pulse_module, 'PATIENCE', 0.2)
    hangs = threading.Event()
    pulse = make(lambda call: None if hangs.is_set() else call())
    calls = queue.Queue()
    pulse.every(0.02, lambda: calls.put(1))
    pulse.start()
    calls.get(timeout=PATIENCE)
    hangs.set()
    deadline = time.monotonic() + PATIENCE
    with pytest.raises(queue.Empty):
        while time.monotonic() < deadline:
            calls.get(timeout=1.0)
    hangs.clear()
    calls.get(timeout=PATIENCE)


def test_a_defect_is_passed_on(make):
    defects = queue.Queue()
    pulse = make(on_defect=defects.put)

    def broken():
        raise RuntimeError('broken')
    pulse.every(0.01, broken)
    pulse.start()
    assert str(defects.get(timeout=PATIENCE)) == 'broken'
