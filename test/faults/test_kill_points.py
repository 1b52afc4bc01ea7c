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

"""At most once: wherever the supervisor falls, a request that is repeated starts no second one."""

from __future__ import annotations

import os
from pathlib import Path
import signal
from typing import Any

from faults.injection import KILL_POINTS, patched, SLOW_EXEC, SLOW_START
from harness import alive, Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.protocol import encode
from launch_service_node.supervisor.states import ALIVE, State

#: Points at which the journal has nothing yet of the process: the repeated request starts it.
BEFORE_THE_JOURNAL = list(KILL_POINTS)[:3]

#: The point at which it is recorded but was never told to run, and that nobody can know later.
NOT_TOLD_TO_RUN = 'after the journal, before go'


def entry(lab: Lab, **more: Any) -> dict[str, Any]:
    """Return an executable that notes the pid of each of its runs."""
    return {'id': 'once', 'cmd': ['/bin/sh', '-c', f'echo $$ >>{lab.folder}/runs; '
                                                   'exec /bin/sleep 1000'], **more}


def runs(lab: Lab) -> list[int]:
    path = lab.folder / 'runs'
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def run_pids(lab: Lab, running: Running) -> list[int]:
    """Return who runs besides the supervisor; for a moment that is a reader of the allow-list."""
    return [pid for pid in lab.leftovers() if pid != running.popen.pid]


def fall(running: Running, **request: Any) -> None:
    """Ask for something, and wait until the supervisor has fallen over it."""
    running.client._socket.sendall(encode({'id': 1, **request}))
    assert running.popen.wait(PATIENCE) == -signal.SIGKILL


@pytest.mark.parametrize('point', KILL_POINTS)
def test_a_repeated_request_finds_or_starts_exactly_one(lab: Lab, point: str) -> None:
    request = {'op': 'start', 'cmd': 'once', 'uid': 2 ** 64 - 1}
    running = lab.supervisor(entry(lab), wrap=patched(KILL_POINTS[point]))
    fall(running, **request)
    running = lab.supervisor()
    first = running.ask(**request)
    second = running.ask(**request)
    assert second['process']['process_id'] == first['process']['process_id']
    assert len(running.call('list')['processes']) == 1
    if point == NOT_TOLD_TO_RUN:
        assert not first['ok']
        assert first['process']['process_status'] in (State.UNKNOWN, State.FAILED)
        assert 'not' in first['message']
        assert runs(lab) == []
        wait_until(lambda: not run_pids(lab, running))
    else:
        assert first['ok'], first
        wait_until(lambda: runs(lab) == [first['process']['os_pid']])
        wait_until(lambda: run_pids(lab, running) == runs(lab))
    running.shut_down()
    assert len(runs(lab)) <= 1


@pytest.mark.parametrize('point', list(KILL_POINTS)[:-1])
def test_a_restart_by_policy_is_not_done_twice(lab: Lab, point: str) -> None:
    gun = str(lab.folder / 'gun')
    running = lab.supervisor(entry(lab, restart={'policy': 'always', 'delay': 0.01}),
                             wrap=patched(KILL_POINTS[point], arm=gun))
    first = running.start('once')
    wait_until(lambda: len(runs(lab)) == 1)
    Path(gun).touch()
    os.kill(first['os_pid'], signal.SIGKILL)
    assert running.popen.wait(PATIENCE) == -signal.SIGKILL
    running = lab.supervisor()

    def settled() -> bool:
        process = running.process('once')
        return (process['process_status'] == State.RUNNING and len(runs(lab)) >= 2
                and run_pids(lab, running) == [process['os_pid']])
    wait_until(settled)
    assert len(runs(lab)) == 2
    assert running.process('once')['process_id'] == first['process_id']
    assert [pid for pid in runs(lab) if alive(pid)] == [running.process('once')['os_pid']]


@pytest.mark.parametrize('where', [SLOW_EXEC, SLOW_START], ids=['at exec', 'right after go'])
def test_a_child_that_has_not_executed_yet_is_found_by_the_next_supervisor(
        lab: Lab, where: str) -> None:
    gate = str(lab.folder / 'gate')
    running = lab.supervisor(entry(lab, environment={'GATE': gate}), wrap=patched(where))
    request = {'op': 'start', 'cmd': 'once', 'uid': 7}
    running.client._socket.sendall(encode({'id': 1, **request}))
    with running.connect() as other:
        wait_until(lambda: other.call('list')['processes'])
        before = other.call('list')['processes'][0]
    assert before['process_status'] == State.STARTING
    running.kill()
    running = lab.supervisor()
    assert running.process('once')['process_status'] == State.STARTING
    assert running.process('once')['os_pid'] == before['os_pid']
    Path(gate).touch()
    assert running.wait_state('once', State.RUNNING)['os_pid'] == before['os_pid']
    assert running.start('once', uid=7)['os_pid'] == before['os_pid']
    wait_until(lambda: runs(lab) == [before['os_pid']])


@pytest.mark.parametrize('point', [
    "die_after('supervisor.stopping:Stopper._send')",
    "die_before('supervisor.process:Process.exited')",
    "die_before('supervisor.process:Process._end')",
    "die_before('supervisor.server:Connection.answer', "
    "unless=lambda connection, request: request.get('op') != 'stop')"])
def test_a_stop_is_finished_by_the_next_supervisor(lab: Lab, point: str) -> None:
    running = lab.supervisor(entry(lab, restart={'policy': 'always', 'delay': 0.01}),
                             wrap=patched(point))
    running.start('once')
    wait_until(lambda: len(runs(lab)) == 1)
    fall(running, op='stop', name='once')
    running = lab.supervisor()
    wait_until(lambda: running.process('once')['process_status'] not in (*ALIVE, State.BACKOFF))
    assert running.process('once')['process_status'] in (State.STOPPED, State.UNKNOWN)
    assert len(runs(lab)) == 1
    wait_until(lambda: not run_pids(lab, running))


def test_what_was_dropped_from_the_list_does_not_come_back(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'true', 'cmd': '/bin/true'}, keep_ended=0,
        wrap=patched("die_after('supervisor.records.history:History.drop')",
                     str(lab.folder / 'gun')))
    first = running.start('true', uid=3)
    wait_until(lambda: not running.call('list')['processes'])
    (lab.folder / 'gun').touch()
    fall(running, op='start', cmd='true')
    running = lab.supervisor()
    wait_until(lambda: not running.call('list')['processes'])
    assert running.start('true', uid=3)['process_id'] == first['process_id']
