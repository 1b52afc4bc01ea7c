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

"""A thousand starts and stops: nothing is left over, nothing grows."""

from __future__ import annotations

import os
import re
import time

from faults.injection import descriptors, resident_bytes, zombies
from harness import Lab, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.supervisor.states import ENDED, State

TIMES = int(os.environ.get('LAUNCH_SERVICE_TEST_STARTS', '1000'))

#: What the supervisor's memory may grow by: caches of the interpreter, the list of uids.
MARGIN = 6 * 2 ** 20


def test_a_thousand_starts_and_stops_in_a_row(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']},
                             {'id': 'true', 'cmd': '/bin/true'}, max_start_rate=0, keep_ended=20)
    supervisor = running.popen.pid

    def turn(number: int) -> None:
        process = running.start('sleeper', name='s', uid=number + 1)
        assert process['process_status'] == State.RUNNING
        stopped = running.call('stop', name='s')['processes'][0]
        assert stopped['process_status'] == State.STOPPED
        running.start('true')
    for number in range(100):
        turn(number)
    wait_until(lambda: not any(process['os_pid'] for process in running.call('list')['processes']))
    before, memory = descriptors(supervisor), resident_bytes(supervisor)
    for number in range(100, TIMES):
        turn(number)
    wait_until(lambda: not any(process['os_pid'] for process in running.call('list')['processes']))
    wait_until(lambda: descriptors(supervisor) == before)
    wait_until(lambda: zombies(supervisor) == [])
    assert lab.leftovers() == [supervisor]
    assert resident_bytes(supervisor) - memory < MARGIN
    # The journal is rewritten once most of it is outdated, so it is bounded by what is known.
    assert (lab.instance_dir() / 'journal').stat().st_size < 4 * 2 ** 20
    assert len(os.listdir(lab.instance_dir() / 'output')) <= 20 + 20
    processes = running.call('list')['processes']
    assert len(processes) <= 20
    assert {process['process_status'] for process in processes} <= ENDED
    # The first request of all is still known.
    assert running.ask('start', cmd='true', uid=1)['code'] == ResultCode.UID_CONFLICT
    assert 'defect' not in lab.log()
    running.shut_down()


@pytest.mark.parametrize(('op', 'field'), [('list', 'name'), ('executables', 'executable_id')])
def test_globs_are_not_remembered(lab: Lab, op: str, field: str) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    running.start('sleeper')

    def ask(numbers: range) -> None:
        for number in numbers:
            assert running.call(op, **{field: f'{number:05}' + '[a-z]?' * 41})
    ask(range(1000))
    memory = resident_bytes(running.popen.pid)
    ask(range(1000, 4000))
    # Each took some 2.7 kB.
    assert resident_bytes(running.popen.pid) - memory < 2 * 2 ** 20


def test_who_waits_as_long_as_the_refusal_says_gets_through(lab: Lab) -> None:
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true'}, max_start_rate=2)
    waited = 0
    for _ in range(18):  # 8 at once, and then 2 a second
        answer = running.ask('start', cmd='true')
        if answer['code'] == ResultCode.RATE_LIMITED:
            waited += 1
            said = re.search(r'try again in ([0-9.]+) s', answer['message'])
            assert said is not None
            time.sleep(float(said[1]) + 0.01)  # told to two digits
            answer = running.ask('start', cmd='true')
        assert answer['ok'], answer
    assert waited > 0
