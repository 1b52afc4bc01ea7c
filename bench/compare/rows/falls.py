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

"""A supervisor that is killed: how long until the next one has all processes again."""

from __future__ import annotations

from collections.abc import Iterator
import shutil

from ..bench import Bench, timed
from ..figures import Line, Series
from ..ours import NAMESPACE, SLEEPER

COUNT = 100
RUNNING = 1


def adoption(bench: Bench) -> Iterator[Line]:
    """After kill -9 of the supervisor: the next one starts, and has adopted 100 processes."""
    running = bench.lab.supervisor(SLEEPER, namespace=NAMESPACE, max_start_rate=0,
                                   max_processes=2 * COUNT)
    for _ in range(COUNT):
        running.start('sleeper')
    before = identities(running.call('list')['processes'])
    took = []
    for _ in range(bench.times(8, 2)):
        running.kill()

        def adopt() -> None:
            nonlocal running
            running = bench.lab.supervisor(namespace=NAMESPACE)
            found = running.call('list')['processes']
            assert identities(found) == before
            assert all(process['process_status'] == RUNNING for process in found)
        took.append(timed(adopt))
    running.shut_down()
    shutil.rmtree(bench.lab.instance_dir(NAMESPACE))
    yield Line('adoption', f'a new supervisor adopts {COUNT}', Series('ours', tuple(took), 's'),
               None, 0.5, note='supervisord and circusd adopt nothing')


def identities(processes: list[dict[str, int]]) -> list[tuple[int, int]]:
    """Return who is who: process_id and pid."""
    return [(process['process_id'], process['os_pid']) for process in processes]
