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

"""A process from start to end, with a real supervisor and real children."""

from __future__ import annotations

import os
import signal
import time

from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.states import State

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}


def shell(script: str, id: str = 'sh', **more: object) -> dict[str, object]:
    return {'id': id, 'cmd': ['/bin/sh', '-c', script], **more}


def test_a_started_process_runs_in_its_own_session_with_its_output_in_a_file(lab: Lab) -> None:
    running = lab.supervisor(shell('echo out; echo err >&2; exec sleep 1000'))
    process = running.start('sh')
    assert process['process_status'] == State.RUNNING
    assert os.getsid(process['os_pid']) == process['os_pid']

    def printed() -> bool:
        return len((lab.instance_dir() / 'output' / '1').read_bytes()) == 8
    wait_until(printed)
    running.shut_down()
    assert not alive(process['os_pid'])


def test_the_environment_of_a_process_is_clean(lab: Lab) -> None:
    lab.environment['SECRET_OF_THE_SHELL'] = 'x'
    running = lab.supervisor(shell('exec env', environment={'MINE': '$(namespace)/$(name)'}))
    running.start('sh')
    running.wait_state('sh', State.STOPPED)
    import base64
    text = base64.b64decode(running.call('read', name='sh', lines=1000)['data']).decode()
    variables = dict(line.split('=', 1) for line in text.splitlines())
    assert variables['MINE'] == '/robot1/sh'
    assert variables['LAUNCH_SERVICE_NAME'] == 'sh'
    assert 'SECRET_OF_THE_SHELL' not in variables
    assert '_ROS_WHEELS_BOOTSTRAP_COMPLETE' not in variables
    assert 'LAUNCH_SERVICE_STATE_DIR' not in variables


def test_a_process_starts_with_no_descriptor_and_no_ignored_signal_of_the_supervisor(
        lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    pid = running.start('sleeper')['os_pid']
    # The loader has libraries open for a moment after exec.
    wait_until(lambda: sorted(os.listdir(f'/proc/{pid}/fd')) == ['0', '1', '2'])
    with open(f'/proc/{pid}/status') as file:
        status = dict(line.split(':', 1) for line in file)
    assert int(status['SigIgn'], 16) == 0
    assert int(status['SigBlk'], 16) == 0


@pytest.mark.parametrize('code', [0, 1, 2, 3, 64, 125, 126, 127, 128, 137, 255])
def test_an_exit_code_is_told_exactly(lab: Lab, code: int) -> None:
    running = lab.supervisor(shell(f'exit {code}'))
    running.start('sh')
    process = running.wait_state('sh', State.STOPPED, State.FAILED)
    assert (process['exit_known'], process['exit_code'], process['term_signal']) == (
        True, code, 0)
    assert process['process_status'] == (State.FAILED if code else State.STOPPED)
    assert (str(code) in process['err_msg']) == bool(code)


@pytest.mark.parametrize('number', [1, 2, 3, 6, 8, 9, 11, 13, 14, 15, 34, 64])
def test_a_signal_that_ends_a_process_is_told_exactly(lab: Lab, number: int) -> None:
    running = lab.supervisor(SLEEPER)
    pid = running.start('sleeper')['os_pid']
    os.kill(pid, number)
    process = running.wait_state('sleeper', State.FAILED)
    assert (process['exit_known'], process['term_signal']) == (True, number)


def test_a_missing_executable_is_refused_and_changes_nothing(lab: Lab) -> None:
    running = lab.supervisor({'id': 'gone', 'cmd': '/nowhere/gone'})
    answer = running.ask('start', cmd='gone')
    assert answer['code'] == ResultCode.EXECUTABLE_UNUSABLE
    assert running.call('list')['processes'] == []


def test_a_failed_exec_is_told_apart_from_a_program_that_returns_127(lab: Lab) -> None:
    broken = lab.write('broken', 'neither a script nor a program', 0o755)
    running = lab.supervisor({'id': 'broken', 'cmd': broken}, shell('exit 127'))
    answer = running.ask('start', cmd='broken')
    assert answer['code'] in (ResultCode.START_FAILED, ResultCode.EXECUTABLE_UNUSABLE)
    running.start('sh')
    process = running.wait_state('sh', State.FAILED)
    assert process['exit_code'] == 127


def test_suspending_and_resuming_show_in_the_state(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    running.call('signal', name='sleeper', signal='SIGSTOP')
    running.wait_state('sleeper', State.SUSPENDED)
    running.call('signal', name='sleeper', signal='CONT')
    running.wait_state('sleeper', State.RUNNING)


def test_a_restart_keeps_name_and_id_and_changes_the_pid(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    before = running.start('sleeper', name='s')
    after = running.call('restart', name='s')['process']
    assert (after['process_id'], after['process_name']) == (before['process_id'], 's')
    assert after['os_pid'] not in (0, before['os_pid'])
    assert not alive(before['os_pid'])


def test_a_process_that_ended_can_be_restarted(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    running.call('stop', name='sleeper')
    assert running.call('restart', name='sleeper')['process']['process_status'] == State.RUNNING


def test_sixty_requests_with_one_uid_start_one_process(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    clients = [running.connect() for _ in range(60)]
    try:
        from launch_service_node.protocol import encode
        for client in clients:
            client._socket.sendall(encode({'id': 1, 'op': 'start', 'cmd': 'sleeper', 'uid': 77}))
        answers = [client._receive(time.monotonic() + PATIENCE) for client in clients]
    finally:
        for client in clients:
            client.close()
    assert {answer['process']['process_id'] for answer in answers} == {1}
    assert len(running.call('list')['processes']) == 1


def test_a_uid_is_known_also_when_its_process_is_no_longer_listed(lab: Lab) -> None:
    running = lab.supervisor(shell('exit 0'), keep_ended=0)
    first = running.start('sh', uid=5)
    wait_until(lambda: running.call('list')['processes'] == [])
    assert running.start('sh', uid=5)['process_id'] == first['process_id']
    assert running.ask('start', cmd='sh', uid=5, name='other')['code'] == ResultCode.UID_CONFLICT


def test_ended_processes_beyond_the_limit_are_no_longer_listed(lab: Lab) -> None:
    running = lab.supervisor(shell('exit 0'), keep_ended=3)
    for number in range(6):
        running.start('sh', name=f'p{number}')
        running.wait_state(f'p{number}', State.STOPPED)
    wait_until(lambda: [process['process_name'] for process in
                        running.call('list')['processes']] == ['p3', 'p4', 'p5'])


def test_a_process_that_never_gets_ready_is_stopped_and_says_so(lab: Lab) -> None:
    running = lab.supervisor(shell('exec sleep 1000', ready={'output': 'never', 'timeout': 0.2}))
    answer = running.ask('start', cmd='sh', wait_ready=True)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'never' in answer['message']
    running.wait_state('sh', State.FAILED)


def test_a_line_of_output_makes_a_process_ready(lab: Lab) -> None:
    gate = lab.folder / 'gate'
    running = lab.supervisor(shell(
        f'echo starting; until [ -e {gate} ]; do sleep 0.01; done; echo now up; exec sleep 1000',
        ready={'output': '^now up$'}))
    assert running.start('sh')['process_status'] == State.STARTING
    gate.touch()
    running.wait_state('sh', State.RUNNING)


def test_a_notification_makes_a_process_ready(lab: Lab) -> None:
    notifier = lab.script('notifier', """
        import os, socket, time
        address = os.environ['NOTIFY_SOCKET'].replace('@', '\\0', 1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b'STATUS=up\\nREADY=1', address)
        time.sleep(1000)
        """)
    running = lab.supervisor({'id': 'notifier', 'cmd': notifier, 'ready': {'notify': True}})
    process = running.call('start', cmd='notifier', wait_ready=True)['process']
    assert process['process_status'] == State.RUNNING


def test_a_restart_policy_brings_a_killed_process_back_and_counts(lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'restart': {'policy': 'on-failure', 'delay': 0.01}})
    first = running.start('sleeper')
    os.kill(first['os_pid'], signal.SIGKILL)

    def back() -> bool:
        process = running.process('sleeper')
        return process['process_status'] == State.RUNNING and process['restart_count'] == 1
    wait_until(back)
    assert running.process('sleeper')['process_id'] == first['process_id']


def test_the_time_it_takes_to_end_what_a_run_left_is_none_that_it_was_stable(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; sleep 1000 & exit 1"],
         'stop': {'sigterm_timeout': 0.5, 'sigkill_timeout': 0.5},
         'restart': {'policy': 'always', 'delay': 0.01, 'limit': '2 in 60 s',
                     'stable_after': 0.8}})
    running.start('sh')
    assert 'restarted 2 times in 60 s' in running.wait_state('sh', State.FAILED)['err_msg']


def test_a_stop_beats_a_pending_restart(lab: Lab) -> None:
    running = lab.supervisor(shell('exit 1', restart={'policy': 'always', 'delay': 1000,
                                                      'max_delay': 1000}))
    running.start('sh')
    running.wait_state('sh', State.BACKOFF)
    running.call('stop', name='sh')
    assert running.process('sh')['process_status'] == State.STOPPED


def test_a_stop_beats_a_restart_that_was_asked_for(lab: Lab) -> None:
    running = lab.supervisor(
        shell("trap '' INT TERM; echo up; sleep 1000", ready={'output': 'up'},
              stop={'sigterm_timeout': 1000, 'sigkill_timeout': 1000}))
    running.call('start', cmd='sh', wait_ready=True)
    with running.connect() as other:
        other._socket.sendall(encode({'id': 1, 'op': 'restart', 'name': 'sh'}))
        running.wait_state('sh', State.STOPPING)
        running.call('stop', name='sh', sigterm_timeout=0, sigkill_timeout=0)
        assert running.process('sh')['process_status'] == State.STOPPED
        assert running.process('sh')['restart_count'] == 0
    running.shut_down()


def test_autostart_starts_once_for_an_instance(lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'autostart': True})
    first = running.wait_state('sleeper', State.RUNNING)
    running.call('reload')
    assert [process['process_id'] for process in running.call('list')['processes']] == [
        first['process_id']]


@pytest.mark.parametrize('name', ['$(namespace)/$(name)', '$(name)'])
def test_a_node_on_the_graph_makes_a_process_ready(lab: Lab, name: str) -> None:
    running = lab.supervisor({**SLEEPER, 'ready': {'node': name}})
    with running.connect() as node:
        attached = node.call('attach', node_name='/robot1/launch_service', settings={})
        assert attached['instance']['node']['name'] == '/robot1/launch_service'
        running.start('sleeper', name='lidar')

        def asked() -> bool:
            event = node.next_event(PATIENCE)
            return event is not None and event.get('nodes') == ['/robot1/lidar']
        wait_until(asked)
        node.call('graph', nodes=['/robot1/other'])
        assert running.process('lidar')['process_status'] == State.STARTING
        node.call('graph', nodes=['/robot1/lidar'])
        running.wait_state('lidar', State.RUNNING)
