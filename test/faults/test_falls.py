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

"""A supervisor that falls again and again: its processes do not notice."""

from __future__ import annotations

import os
import signal
from typing import Any

from faults.injection import patched
from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import Unreachable
from launch_service_node.supervisor.states import State

#: How often the supervisor falls, and over how many processes. CI takes fewer rounds.
ROUNDS = int(os.environ.get('LAUNCH_SERVICE_TEST_FALLS', '10'))
PROCESSES = 50

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
           'restart': {'policy': 'on-failure', 'delay': 0.01, 'limit': 'unlimited'}}

SAME = ('process_id', 'process_name', 'os_pid', 'restart_count', 'start_time_ns', 'launch_id')


def identities(processes: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [tuple(process[key] for key in SAME) for process in processes]


def test_fifty_processes_live_through_every_fall(lab: Lab) -> None:
    """And what falls meanwhile is restarted by its policy: the next one looks after it."""
    running = lab.supervisor(SLEEPER, max_start_rate=0)
    for number in range(PROCESSES):
        running.start('sleeper', name=f'p{number}', launch_id='l', uid=number + 1)
    for turn in range(ROUNDS):
        before = identities(running.call('list')['processes'])
        running.kill()
        running = lab.supervisor()
        processes = running.call('list')['processes']
        assert identities(processes) == before
        assert {process['process_status'] for process in processes} == {State.RUNNING}
        assert running.start('sleeper', name='p7', launch_id='l', uid=8)['process_id'] == 8
        if turn % 5:
            continue
        victim = processes[turn % PROCESSES]
        os.kill(victim['os_pid'], signal.SIGKILL)

        def back() -> bool:
            process = running.process(victim['process_name'])  # noqa: B023 - called in its turn
            return (process['restart_count'] == victim['restart_count'] + 1  # noqa: B023
                    and process['process_status'] == State.RUNNING)
        wait_until(back)
    pids = [process['os_pid'] for process in running.call('list')['processes']]
    assert len(set(pids)) == PROCESSES
    assert all(map(alive, pids))
    wait_until(lambda: len(lab.leftovers()) == PROCESSES + 1)
    running.call('stop', name='*', sigterm_timeout=0, sigkill_timeout=0)
    running.shut_down()
    assert lab.leftovers() == []


def test_a_hundred_processes_are_adopted(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER, max_start_rate=0)
    for number in range(100):
        running.start('sleeper', name=f'p{number}')
    before = identities(running.call('list')['processes'])
    running.kill()
    running = lab.supervisor()
    assert identities(running.call('list')['processes']) == before
    stopped = running.call('stop', name='*', sigterm_timeout=0, sigkill_timeout=0)['processes']
    assert {process['process_status'] for process in stopped} == {State.STOPPED}
    running.shut_down()
    assert lab.leftovers() == []


@pytest.mark.parametrize('point', ["die_before('supervisor.records.journal:os.replace')",
                                   "die_after('supervisor.records.journal:os.replace')"])
def test_a_fall_during_the_rewriting_of_the_journal_loses_nothing(lab: Lab, point: str) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(
        SLEEPER, {'id': 'true', 'cmd': '/bin/true'}, max_start_rate=0, keep_ended=3,
        wrap=patched('import launch_service_node.supervisor.records.journal as journal\n'
                     f'journal._REWRITE_FROM = 20000\n{point}', str(gun)))
    running.start('sleeper', uid=1)
    before = identities([running.process('sleeper')])
    gun.touch()
    answered = [0]
    with pytest.raises(Unreachable):
        while True:
            answered.append(running.start('true')['process_id'])
    assert running.popen.wait(PATIENCE) == -signal.SIGKILL
    assert len(answered) > 3
    running = lab.supervisor()
    assert identities([running.process('sleeper')]) == before
    assert running.start('true')['process_id'] > max(answered)
    assert 'damaged' not in lab.log()
