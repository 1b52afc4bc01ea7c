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

"""Looking at who is left of a tree, also when it is hard to see."""

from __future__ import annotations

import signal
import subprocess

from harness import PATIENCE
import pytest

from launch_service_node.supervisor.kernel.identity import open_handle
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.ladder import Rung
from launch_service_node.supervisor.stopping import Stopper


@pytest.mark.parametrize('ticks', [0, 1], ids=['somebody unseen', 'another of its pid'])
def test_a_pid_that_was_the_leaders_is_not_the_leader(ticks: int) -> None:
    """Else nobody would look again before the next rung, which may be a thousand seconds away."""
    with subprocess.Popen(['/bin/sleep', '1000']) as gone:
        leader = open_handle(gone.pid)
        assert leader is not None
        gone.kill()
        gone.wait(PATIENCE)
    looks = 0
    loop = Loop()

    def find() -> dict[int, int]:
        nonlocal looks
        looks += 1
        return {leader.pid: ticks} if looks < 3 else {}
    told: list[str] = []

    def on_gone() -> None:
        told.append('gone')
        loop.stop()
    stopper = Stopper(loop, (Rung(signal.SIGTERM, 2 * PATIENCE),), find, leader, on_gone,
                      lambda pids: loop.stop(), lambda: None)
    stopper.begin()
    loop.after(PATIENCE, loop.stop)
    loop.run()
    stopper.cancel()
    leader.close()
    assert told == ['gone']
