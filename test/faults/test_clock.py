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

"""The wall clock may jump: nothing but what is shown to people goes by it."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import time

from faults.injection import patched
from harness import alive, Lab, wait_until
import pytest

from launch_service_node.supervisor.states import State

#: A supervisor whose wall clock goes as the file says, in seconds beside the true time.
STUB_CLOCK = """
    def shifted(real, unit):
        def now():
            try:
                with open(ARM) as file:
                    return real() + type(real())(float(file.read() or 0) * unit)
            except FileNotFoundError:
                return real()
        return now
    time.time_ns = shifted(time.time_ns, 10 ** 9)
    time.time = shifted(time.time, 1)
    """

YEAR = 365 * 86400.0


@pytest.mark.parametrize('jump', [YEAR, -YEAR, 3600.0, -1.4e9])
def test_a_jump_changes_nothing(lab: Lab, jump: float) -> None:
    clock = lab.folder / 'clock'
    running = lab.supervisor(
        {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
         'restart': {'policy': 'always', 'delay': 3, 'limit': '3 in 60 s'}},
        {'id': 'late', 'cmd': ['/bin/sleep', '1000'], 'ready': {'after': 0.3}},
        {'id': 'stubborn', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; sleep 1000"],
         'ready': {'output': 'up'}, 'stop': {'sigterm_timeout': 0.2, 'sigkill_timeout': 0.2}},
        wrap=patched(STUB_CLOCK, str(clock)), measure_period=0.05)

    def move(seconds: float) -> None:
        new = Path(f'{clock}.new')
        new.write_text(str(seconds))
        new.rename(clock)
    first = running.start('sleeper')
    running.call('start', cmd='stubborn', wait_ready=True)
    os.kill(first['os_pid'], signal.SIGKILL)
    running.wait_state('sleeper', State.BACKOFF)
    waiting = running.process('sleeper')['restart_in']
    move(jump)
    assert 0.0 <= running.process('sleeper')['restart_in'] <= waiting
    process = running.wait_state('sleeper', State.RUNNING)
    assert process['restart_count'] == 1
    # Only what is shown goes by the wall clock.
    assert abs(process['start_time_ns'] / 1e9 - (time.time() + jump)) < 60
    assert running.start('late')['process_status'] == State.STARTING
    move(-jump)
    running.wait_state('late', State.RUNNING)
    stopped = running.call('stop', name='stubborn')['processes'][0]
    assert stopped['term_signal'] == signal.SIGKILL
    with running.connect() as client:
        client.ask('subscribe', 30)
        event = client.next_event(30)  # measuring goes on
        assert event is not None and event['event'] == 'measured'
    assert all(one['processor_load'] >= 0 for one in running.call('list')['processes'])


def test_the_next_supervisor_knows_its_processes_whatever_the_wall_clock_says(lab: Lab) -> None:
    clock = lab.folder / 'clock'
    clock.write_text(str(YEAR))
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
                              'restart': {'policy': 'always', 'delay': 0.01}},
                             wrap=patched(STUB_CLOCK, str(clock)))
    first = running.start('sleeper')
    running.kill()
    clock.write_text(str(-YEAR))
    running = lab.supervisor(wrap=patched(STUB_CLOCK, str(clock)))
    assert running.process('sleeper')['os_pid'] == first['os_pid']
    assert alive(first['os_pid'])
    os.kill(first['os_pid'], signal.SIGKILL)

    def back() -> bool:
        process = running.process('sleeper')
        return process['process_status'] == State.RUNNING and process['restart_count'] == 1
    wait_until(back)


def test_restarts_of_another_boot_do_not_count_for_the_limit(lab: Lab) -> None:
    """The monotonic clock begins anew with each boot."""
    from faults.injection import edit_journal
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
                              'restart': {'policy': 'always', 'delay': 0.01,
                                          'limit': '2 in 60 s'}})
    pid = running.start('sleeper')['os_pid']
    running.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid))

    def of_another_boot(record: dict[str, object]) -> None:
        record.update(boot_id='another', restarts=[1e9, 1e9 + 1], in_a_row=50, ready_at=1e9)
    edit_journal(lab, of_another_boot)
    running = lab.supervisor()
    assert running.wait_state('sleeper', State.RUNNING)['restart_count'] == 1


def test_a_restart_that_another_boot_left_pending_does_not_wait_for_ever(lab: Lab) -> None:
    from faults.injection import edit_journal
    running = lab.supervisor({'id': 'false', 'cmd': ['/bin/sleep', '1000'], 'restart': {
        'policy': 'always', 'delay': 0.2, 'max_delay': 0.3}})
    pid = running.start('false')['os_pid']
    running.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid))
    edit_journal(lab, lambda record: record.update(
        boot_id='another', state=int(State.BACKOFF), pid=0, restart_at=1e12))
    running = lab.supervisor()
    running.wait_state('false', State.RUNNING)
