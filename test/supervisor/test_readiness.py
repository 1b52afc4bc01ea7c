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

"""When a process is ready: each condition, several, none in time, and an end before."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import time
from typing import Any

from harness import Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.allow_list.model import ReadySettings
from launch_service_node.errors import ResultCode
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.output import Output, Piece
from launch_service_node.supervisor.readiness import Readiness
from launch_service_node.supervisor.states import State

NOTIFIER = """
    import os, socket, sys, time
    address = os.environ['NOTIFY_SOCKET'].replace('@', '\\0', 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(address)
        for word in sys.argv[1:]:
            notify.send(word.encode())
    time.sleep(1000)
    """


LIMIT = 16 * 2 ** 20

#: Prints short lines, quicker than they can be looked at, until a file is there.
FLOOD = """
    import os, sys, time
    piece, left = b'y\\n' * 65536, 4096
    while left and not os.path.exists(sys.argv[1]):
        os.write(1, piece)
        left -= 1
        time.sleep(0.002)
    os.write(1, b'up\\n')
    time.sleep(1000)
    """


def shell(script: str, **ready: Any) -> dict[str, Any]:
    return {'id': 'sh', 'cmd': ['/bin/sh', '-c', script], 'ready': ready,
            'stop': {'sigterm_timeout': 0.2}}


def states(running: Running, client: Any, *until: State) -> list[State]:
    found: list[State] = []
    while not found or found[-1] not in until:
        event = client.next_event(PATIENCE)
        assert event is not None, found
        if event['event'] == 'process':
            found.append(State(event['process']['process_status']))
    return found


def test_without_a_condition_it_is_ready_with_exec(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    assert running.start('sleeper')['process_status'] == State.RUNNING


def test_it_has_to_survive_its_settling_time(lab: Lab) -> None:
    running = lab.supervisor(shell('exec sleep 1000', after=0.3))
    assert running.start('sh')['process_status'] == State.STARTING
    ready = running.call('start', cmd='sh', wait_ready=True)['process']
    assert ready['process_status'] == State.RUNNING
    running.wait_state('sh', State.RUNNING)


def test_an_end_within_the_settling_time_is_a_failed_start(lab: Lab) -> None:
    running = lab.supervisor(shell('sleep 0.1; exit 3', after=20))
    answer = running.ask('start', cmd='sh', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert '3' in answer['message']
    assert answer['process']['process_status'] == State.FAILED


def test_a_good_end_before_it_was_ready_is_told_to_who_waited(lab: Lab) -> None:
    running = lab.supervisor(shell('exit 0', output='never'))
    answer = running.ask('start', cmd='sh', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'ready' in answer['message']


@pytest.mark.parametrize('script', [
    'echo up', 'printf up', 'echo noise; echo up >&2', "printf 'u'; sleep 0.1; printf 'p'",
    'head -c 300000 /dev/zero; echo; echo up', 'seq 100000; echo up'])
def test_a_line_of_output_wherever_it_stands(lab: Lab, script: str) -> None:
    running = lab.supervisor(shell(f'{script}; exec sleep 1000', output='^up$'))
    running.call('start', cmd='sh', wait_ready=True)


def test_a_line_of_an_earlier_run_does_not_count(lab: Lab) -> None:
    flag = lab.folder / 'flag'
    running = lab.supervisor(shell(
        f'test -e {flag} || echo up; exec sleep 1000', output='^up$', timeout=3))
    running.call('start', cmd='sh', wait_ready=True)
    flag.touch()
    answer = running.ask('restart', name='sh', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    running.wait_state('sh', State.FAILED)


def test_a_line_of_an_earlier_run_does_not_count_for_the_next_supervisor(lab: Lab) -> None:
    flag = lab.folder / 'flag'
    running = lab.supervisor(shell(
        f'test -e {flag} || echo up; exec sleep 1000', output='^up$', timeout=1000))
    running.call('start', cmd='sh', wait_ready=True)
    flag.touch()
    running.call('restart', name='sh')
    running.kill()
    running = lab.supervisor()
    assert running.process('sh')['process_status'] == State.STARTING
    with open(running.process('sh')['output_path'], 'a') as file:
        file.write('up\n')
    running.wait_state('sh', State.RUNNING)


def test_a_flood_of_output_that_is_looked_at_keeps_nobody_waiting(lab: Lab) -> None:
    gate = lab.folder / 'gate'
    running = lab.supervisor(
        {'id': 'flood', 'cmd': [lab.script('flood', FLOOD), str(gate)],
         'ready': {'output': '^up$', 'timeout': 1000}}, output_limit=LIMIT)
    output = Path(running.start('flood')['output_path'])
    wait_until(lambda: output.stat().st_size > 2 * LIMIT)
    assert running.process('flood')['process_status'] == State.STARTING
    wait_until(lambda: output.stat().st_blocks * 512 <= LIMIT)
    gate.touch()
    running.wait_state('flood', State.RUNNING)


def test_who_is_late_in_a_flood_of_output_is_stopped_and_it_is_told_that_not_all_was_looked_at(
        lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'flood', 'cmd': [lab.script('flood', FLOOD), str(lab.folder / 'gate')],
         'ready': {'output': '^up$', 'timeout': 3}}, output_limit=LIMIT)
    answer = running.ask('start', cmd='flood', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'more than could be looked at' in answer['message']


def watch_for_up(output: Output) -> tuple[Readiness, Loop, list[str]]:
    """Watch an output, which the test writes itself, for a line `up`."""
    loop = Loop()
    told: list[str] = []

    def ready() -> None:
        told.append('ready')
        loop.stop()
    readiness = Readiness(loop, ReadySettings(output='^up$', timeout=1000), output, 0, '',
                          ready, told.append)
    readiness.begin()
    return readiness, loop, told


def append(output: Output, data: bytes) -> None:
    with open(output.path, 'ab') as file:
        file.write(data)


@pytest.mark.parametrize(('seen', 'rest'), [(b'', b'up\n'), (b'u', b'p\n')])
def test_the_rest_of_a_line_whose_beginning_was_dropped_is_no_line(
        tmp_path: Path, seen: bytes, rest: bytes) -> None:
    output = Output(str(tmp_path / '1'), 16384)
    append(output, seen)
    readiness, _, told = watch_for_up(output)
    append(output, b's' * (16384 - len(seen)) + rest + b'y' * (8192 - len(rest)))
    output.bound()
    readiness.output_grew()
    assert told == []
    append(output, b'\nup\n')
    readiness.output_grew()
    assert told == ['ready']


def test_output_that_could_not_be_looked_at_is_looked_at_again(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(str(tmp_path / '1'), 16384)
    append(output, b'up\n')
    real, failures = Output.read, 2

    def read(which: Output, offset: int, lines: int, max_bytes: int) -> Piece:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError(24, 'Too many open files')
        return real(which, offset, lines, max_bytes)
    monkeypatch.setattr(Output, 'read', read)
    _, loop, told = watch_for_up(output)
    loop.after(PATIENCE, loop.stop)
    loop.run()
    assert told == ['ready']


def test_a_notification(lab: Lab) -> None:
    running = lab.supervisor({'id': 'notifier', 'cmd': [
        lab.script('notifier', NOTIFIER), 'READY=0', 'NOTREADY=1', 'STATUS=x\nREADY=1'],
        'ready': {'notify': True}})
    running.call('start', cmd='notifier', wait_ready=True)


def test_a_notification_that_says_something_else_is_none(lab: Lab) -> None:
    running = lab.supervisor({'id': 'notifier', 'cmd': [
        lab.script('notifier', NOTIFIER), 'READY=0', 'XREADY=1', 'READY=1x'],
        'ready': {'notify': True, 'timeout': 0.5}, 'stop': {'sigterm_timeout': 0.2}})
    answer = running.ask('start', cmd='notifier', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'READY=1' in answer['message']


def test_a_node_on_the_graph(lab: Lab) -> None:
    running = lab.supervisor(shell('exec sleep 1000', node='/robot1/lidar'))
    with running.connect() as node:
        node.ask('attach', PATIENCE, node_name='/robot1/launch_service')
        assert running.start('sh')['process_status'] == State.STARTING
        wanted = None
        while wanted is None or not wanted['nodes']:
            wanted = node.next_event(PATIENCE)
            assert wanted is not None
            wanted = wanted if wanted['event'] == 'want_graph' else None
        assert wanted['nodes'] == ['/robot1/lidar']
        node.ask('graph', PATIENCE, nodes=['/robot1/other', '/lidar'])
        assert running.process('sh')['process_status'] == State.STARTING
        node.ask('graph', PATIENCE, nodes=['/robot1/other', '/robot1/lidar'])
        assert running.process('sh')['process_status'] == State.RUNNING
        wanted = None
        while wanted is None:
            event = node.next_event(PATIENCE)
            assert event is not None
            wanted = event['nodes'] if event['event'] == 'want_graph' else None
        assert wanted == []


def test_all_of_several_conditions_have_to_hold(lab: Lab) -> None:
    gate = lab.folder / 'gate'
    running = lab.supervisor(shell(
        f'echo up; while test ! -e {gate}; do sleep 0.01; done; echo really; exec sleep 1000',
        after=0.05, output='^really$'))
    running.start('sh')
    wait_until(lambda: Path(running.process('sh')['output_path']).read_text() == 'up\n')
    time.sleep(0.3)  # the settling time is over: one condition holds
    with running.connect() as client:
        client.ask('subscribe', PATIENCE)
        assert running.process('sh')['process_status'] == State.STARTING
        gate.touch()
        assert states(running, client, State.RUNNING) == [State.RUNNING]


def test_who_is_late_is_stopped_with_its_tree_and_restarted_by_its_policy(lab: Lab) -> None:
    running = lab.supervisor({
        **shell('sleep 1000 & exec sleep 1000', output='never', timeout=0.1),
        'restart': {'policy': 'on-failure', 'delay': 0.01, 'limit': '2 in 60 s'}})
    with running.connect() as client:
        client.ask('subscribe', PATIENCE)
        assert running.ask('start', cmd='sh', wait_ready=True)['code'] == ResultCode.START_FAILED
        once = [State.STARTING, State.STARTING, State.STOPPING]
        assert states(running, client, State.FAILED) == [
            *once, State.BACKOFF, *once, State.BACKOFF, *once, State.FAILED]
    process = running.process('sh')
    assert 'never' in process['err_msg']
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


@pytest.mark.parametrize('condition', [
    {'output': 'never'}, {'notify': True}, {'node': '/never'}], ids=lambda one: next(iter(one)))
def test_one_that_never_gets_ready_is_given_up_whatever_is_waited_for(
        lab: Lab, condition: dict[str, Any]) -> None:
    running = lab.supervisor(shell('exec sleep 1000', **condition, timeout=0.2))
    answer = running.ask('start', cmd='sh', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'was not ready after 0.2 s' in answer['message']
    running.wait_state('sh', State.FAILED)
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


@pytest.mark.parametrize('condition', [
    {'output': 'never'}, {'notify': True}, {'node': '/never'}, {'after': 1000.0}],
    ids=lambda one: next(iter(one)))
def test_a_death_before_it_is_ready_is_told_whatever_is_waited_for(
        lab: Lab, condition: dict[str, Any]) -> None:
    running = lab.supervisor(shell('exit 5', **condition, timeout=2000))
    answer = running.ask('start', cmd='sh', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'exited with code 5' in answer['message']
    assert answer['process']['process_status'] == State.FAILED


def test_a_stop_while_it_is_not_ready_yet_is_a_stop(lab: Lab) -> None:
    running = lab.supervisor(shell('exec sleep 1000', output='never', timeout=1000))
    running.start('sh')
    assert running.call('stop', name='sh')['processes'][0]['process_status'] == State.STOPPED


def test_one_that_is_suspended_before_it_is_ready_goes_on_starting(lab: Lab) -> None:
    gate = lab.folder / 'gate'
    os.mkfifo(gate)
    running = lab.supervisor(shell(f'read x <{gate}; echo up; exec sleep 1000', output='up'))
    running.start('sh')
    running.call('signal', name='sh', signal='STOP')
    running.wait_state('sh', State.SUSPENDED)
    running.kill()
    running = lab.supervisor()
    running.call('signal', name='sh', signal='CONT')
    running.wait_state('sh', State.STARTING)
    gate.write_text('\n')
    running.wait_state('sh', State.RUNNING)


def test_one_that_is_ready_while_it_is_suspended_is_so_to_the_next_supervisor(lab: Lab) -> None:
    running = lab.supervisor(shell('exec sleep 1000', node='lidar', timeout=1000))
    running.start('sh')
    running.call('signal', name='sh', signal='STOP')
    running.wait_state('sh', State.SUSPENDED)
    running.call('graph', nodes=['/robot1/lidar'])
    running.kill()
    running = lab.supervisor()
    running.call('signal', name='sh', signal='CONT')
    running.wait_state('sh', State.RUNNING)


def test_the_death_of_one_that_is_not_ready_is_told_with_its_signal(lab: Lab) -> None:
    running = lab.supervisor(shell('kill -SEGV $$', output='never'))
    answer = running.ask('start', cmd='sh', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'SIGSEGV' in answer['message']
    assert answer['process']['term_signal'] == signal.SIGSEGV
