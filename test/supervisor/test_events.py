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

"""What subscribers are told: every change, in order, without a gap."""

from __future__ import annotations

from typing import Any

from harness import Lab, PATIENCE, Running
import pytest

from launch_service_node.protocol import decode, encode, SupervisorClient
from launch_service_node.supervisor.states import ALIVE, ENDED, may_follow, State

CRASHER = {'id': 'crasher', 'cmd': '/bin/false',
           'restart': {'policy': 'always', 'delay': 0.001, 'max_delay': 0.01,
                       'limit': '20 in 60 s'}}
SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}


def told(client: SupervisorClient, until: int) -> list[dict[str, Any]]:
    """Return the processes of all events up to a sequence number."""
    found = []
    while not found or found[-1]['sequence_number'] < until:
        event = client.next_event(PATIENCE)
        assert event is not None, 'no event comes any more'
        if event['event'] == 'process':
            found.append(event['process'])
    return found


def last_number(running: Running) -> int:
    return int(running.call('subscribe')['sequence_number'])


def test_the_numbers_have_no_gap_and_no_exit_comes_before_its_start(lab: Lab) -> None:
    running = lab.supervisor(CRASHER, SLEEPER, keep_ended=2)
    with running.connect() as client:
        assert client.ask('subscribe', PATIENCE)['sequence_number'] == 0
        for number in range(4):
            running.start('crasher', name=f'c{number}')
            running.start('sleeper', name=f's{number}')
            running.call('restart', name=f's{number}')
            running.call('stop', name=f's{number}')
        for number in range(4):
            running.ask('stop', name=f'c{number}')
        found = told(client, last_number(running))
    assert [process['sequence_number'] for process in found] == list(range(1, len(found) + 1))
    states: dict[int, State] = {}
    for process in found:
        state = State(process['process_status'])
        before = states.get(process['process_id'])
        assert before is not None or state == State.STARTING
        assert before is None or may_follow(before, state)
        if state in ENDED:
            assert before in ALIVE | {State.BACKOFF} | ENDED
            assert process['os_pid'] == 0
        states[process['process_id']] = state


def test_the_numbers_go_on_after_the_supervisors_death(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    before = last_number(running)
    running.kill()
    running = lab.supervisor()
    with running.connect() as client:
        answer = client.ask('subscribe', PATIENCE)
        assert answer['sequence_number'] == before
        running.call('stop', name='sleeper')
        assert told(client, before + 1)[0]['sequence_number'] == before + 1


def test_who_comes_late_gets_a_snapshot_and_then_what_follows_it(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER, CRASHER)
    for number in range(3):
        running.start('sleeper', name=f's{number}')
    running.call('stop', name='s0')
    with running.connect() as client:
        answer = client.ask('subscribe', PATIENCE)
        snapshot = {process['process_name']: process['process_status']
                    for process in answer['processes']}
        assert snapshot == {'s0': State.STOPPED, 's1': State.RUNNING, 's2': State.RUNNING}
        newest = max(process['sequence_number'] for process in answer['processes'])
        assert newest == answer['sequence_number']
        running.call('stop', name='s1')
        following = told(client, last_number(running))
    assert following[0]['sequence_number'] == newest + 1
    assert [State(process['process_status']) for process in following] == [
        State.STOPPING, State.STOPPED]


def test_snapshots_in_the_middle_of_changes_fit_what_follows(lab: Lab) -> None:
    running = lab.supervisor(CRASHER)
    for number in range(3):
        running.start('crasher', name=f'c{number}')
    for _ in range(10):
        with running.connect() as client:
            number = client.ask('subscribe', PATIENCE)['sequence_number']
            event = client.next_event(0.2)
            while event is not None and event['event'] != 'process':
                event = client.next_event(0.2)
            if event is None:
                break  # they have all failed by now
            assert event['process']['sequence_number'] == number + 1


def test_nothing_older_than_an_own_answer_comes_after_it(lab: Lab) -> None:
    """Who waits for an answer can show every event that follows as news."""
    running = lab.supervisor({**SLEEPER, 'stop': {'sigterm_timeout': 0, 'sigkill_timeout': 0}})
    with running.connect() as client:
        client.ask('subscribe', PATIENCE)
        connection = client._socket
        for number in range(100, 130):
            op = {'op': 'stop', 'name': 's'} if number % 2 else {
                'op': 'start', 'cmd': 'sleeper', 'name': 's'}
            connection.sendall(encode({'id': number, **op}))
        lines, newest, answered = b'', 0, 0
        while answered < 30:
            lines += connection.recv(65536)
            *whole, lines = lines.split(b'\n')
            for message in map(decode, whole):
                process = message.get('process') or (message.get('processes') or [{}])[0]
                if message.get('event') == 'process':
                    assert process['sequence_number'] == newest + 1
                    newest = process['sequence_number']
                elif 'id' in message:
                    answered += 1
                    assert process.get('sequence_number', 0) <= newest  # a refusal has none


@pytest.mark.parametrize(('op', 'fields', 'event'), [
    ('set_mode', {'mode': 'hold'}, {'event': 'mode', 'mode': 'hold'}),
    ('reload', {}, {'event': 'allow_list', 'num_executables': 1, 'errors': []})])
def test_other_changes_are_told_too(
        lab: Lab, op: str, fields: dict[str, Any], event: dict[str, Any]) -> None:
    running = lab.supervisor(SLEEPER, measure_period=0)
    with running.connect() as client:
        client.ask('subscribe', PATIENCE)
        running.call(op, **fields)
        assert client.next_event(PATIENCE) == event


def test_measurements_are_told_once_a_period(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER, measure_period=0.05)
    process_id = running.start('sleeper')['process_id']
    with running.connect() as client:
        client.ask('subscribe', PATIENCE)
        for _ in range(3):
            event = client.next_event(PATIENCE)
            assert event is not None and event['event'] == 'measured'
        assert [one['process_id'] for one in event['processes']] == [process_id]
        assert event['processes'][0]['resident_bytes'] > 0
        assert event['processes'][0]['num_tree_procs'] == 1


def test_a_process_that_is_no_longer_listed_is_told(lab: Lab) -> None:
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true'}, keep_ended=0)
    with running.connect() as client:
        client.ask('subscribe', PATIENCE)
        process_id = running.start('true')['process_id']
        events = []
        while not events or events[-1]['event'] != 'removed':
            event = client.next_event(PATIENCE)
            assert event is not None
            events.append(event)
    assert events[-1] == {'event': 'removed', 'process_id': process_id}
