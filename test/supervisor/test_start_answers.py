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

"""What a start is answered: never that it was executed, or is ready, when that is not so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import time
from typing import Any

from faults.injection import patched, SLOW_EXEC
from harness import alive, freeze, Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import decode, encode
from launch_service_node.supervisor.kernel.tree import children
from launch_service_node.supervisor.states import State

SLEEPER: dict[str, Any] = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}

NEVER = {'output': 'never said'}


@contextmanager
def begun(running: Running, **fields: Any) -> Iterator[Future[dict[str, Any]]]:
    """Ask for a start over a connection of its own; gives the answer to come."""
    with running.connect() as client, ThreadPoolExecutor(1) as pool:
        yield pool.submit(client.ask, 'start', PATIENCE, **fields)


def pid_of(running: Running, name: str) -> int:
    """Return the pid of a process as soon as it has one."""
    return wait_until(lambda: sum(
        process['os_pid'] for process in running.call('list', name=name)['processes']))


# -- executed --------------------------------------------------------------------------------


@pytest.mark.parametrize('shift', range(2))
def test_a_reason_that_is_cut_inside_a_character_is_a_reason(lab: Lab, shift: int) -> None:
    running = lab.supervisor({**SLEEPER, 'cwd_from_caller': True})
    answer = running.ask('start', cmd='sleeper', cwd='/' + 'x' * shift + 'é' * 400)
    assert answer['code'] == ResultCode.START_FAILED, answer
    assert 'cannot enter the working directory /' in answer['message']
    assert answer['process']['process_status'] == State.FAILED
    assert 'defect' not in lab.log()


@pytest.mark.parametrize('fault', ["RuntimeError('no idea')", r"OSError('no \udcff idea')"])
def test_a_fault_that_nobody_thought_of_is_a_reason(lab: Lab, fault: str) -> None:
    running = lab.supervisor(SLEEPER, wrap=patched(f"""
        def fail(*arguments):
            raise {fault}
        os.execve = fail
        """))
    answer = running.ask('start', cmd='sleeper')
    assert answer['code'] == ResultCode.START_FAILED, answer
    assert answer['message'].startswith('sleeper did not start: cannot execute /bin/sleep: no ')
    assert answer['message'].endswith(' idea')


@pytest.mark.parametrize('policy', ['never', 'always'])
def test_who_is_killed_before_it_has_executed_anything_was_not_started(
        lab: Lab, policy: str) -> None:
    """Its end of the pipe closes without a word then, as it does at exec."""
    running = lab.supervisor(
        {**SLEEPER, 'environment': {'GATE': str(lab.folder / 'gate')},
         'restart': {'policy': policy}}, wrap=patched(SLOW_EXEC))
    with begun(running, cmd='sleeper') as told:
        os.kill(pid_of(running, 'sleeper'), signal.SIGKILL)
        answer = told.result(PATIENCE)
    assert answer['code'] == ResultCode.START_FAILED, answer
    assert answer['message'] == 'sleeper did not start: was ended by SIGKILL'
    assert answer['process']['process_status'] == State.FAILED
    assert running.process('sleeper')['restart_count'] == 0


def test_who_says_nothing_and_ends_before_exec_was_not_started(lab: Lab) -> None:
    """As when there is no memory even for the reason."""
    running = lab.supervisor(SLEEPER, wrap=patched("""
        os.execve = lambda *arguments: os._exit(127)
        """))
    for _ in range(20):
        answer = running.ask('start', cmd='sleeper')
        assert answer['code'] == ResultCode.START_FAILED, answer
        assert answer['message'] == 'sleeper did not start: exited with code 127'


#: A supervisor that does not hear how exec went before the file that arms it is there.
DEAF = """
    def wrap(settle):
        return lambda run: armed() and settle(run)
    replace('supervisor.run:Run.settle_exec', wrap)
    """


def test_a_start_is_answered_also_when_it_was_suspended_before_its_exec_was_heard_of(
        lab: Lab) -> None:
    gate = lab.folder / 'gate'
    running = lab.supervisor({**SLEEPER, 'ready': NEVER}, wrap=patched(DEAF, str(gate)))
    with begun(running, cmd='sleeper') as told:
        pid = pid_of(running, 'sleeper')
        wait_until(lambda: os.path.basename(os.readlink(f'/proc/{pid}/exe')) != os.path.basename(
            os.readlink(f'/proc/{running.popen.pid}/exe')))
        os.kill(pid, signal.SIGSTOP)
        running.wait_state('sleeper', State.SUSPENDED)
        gate.touch()
        answer = told.result(PATIENCE)
    assert answer['ok'], answer
    assert answer['process']['process_status'] == State.SUSPENDED
    os.kill(pid, signal.SIGCONT)
    running.wait_state('sleeper', State.STARTING)


# -- ready -----------------------------------------------------------------------------------


def test_a_request_that_is_repeated_is_answered_as_the_first_one_was(lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'ready': {**NEVER, 'timeout': '100 ms'}})
    answers = [running.ask('start', cmd='sleeper', uid=77, wait_ready=True) for _ in range(2)]
    assert [answer['code'] for answer in answers] == [ResultCode.START_FAILED] * 2, answers
    assert answers[0]['message'] == answers[1]['message']
    assert len(running.call('list')['processes']) == 1
    # Who only asks whether it was started hears the truth, too.
    assert running.ask('start', cmd='sleeper', uid=78)['ok']
    running.wait_state('sleeper', State.FAILED)


def test_so_is_one_whose_process_is_no_longer_listed(lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'ready': {**NEVER, 'timeout': '100 ms'}}, keep_ended=0)
    assert running.ask('start', cmd='sleeper', uid=77, wait_ready=True)['code'] == \
        ResultCode.START_FAILED
    wait_until(lambda: not running.call('list')['processes'])
    answer = running.ask('start', cmd='sleeper', uid=77, wait_ready=True)
    assert (answer['code'], answer['process']['process_id']) == (ResultCode.START_FAILED, 1)
    assert running.ask('start', cmd='sleeper', uid=77)['ok']  # it was executed
    running.kill()
    running = lab.supervisor()
    assert running.ask('start', cmd='sleeper', uid=77, wait_ready=True)['code'] == \
        ResultCode.START_FAILED


@pytest.mark.parametrize('keep_ended', [0, 100])
def test_so_is_one_that_was_repeated_after_a_reboot(lab: Lab, keep_ended: int) -> None:
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', 'echo up; sleep 0.2'],
                              'ready': {'output': 'up'}}, keep_ended=100)
    running.call('start', cmd='sh', uid=77, wait_ready=True)
    running.wait_state('sh', State.STOPPED)
    running.kill()
    running = lab.supervisor(keep_ended=keep_ended, wrap=patched(
        "replace('supervisor.supervisor:boot_id', lambda boot_id: lambda: 'another')"))
    if not keep_ended:
        wait_until(lambda: not running.call('list')['processes'])
    for _ in range(2):
        running.call('start', cmd='sh', uid=77, wait_ready=True)
        running.kill()
        running = lab.supervisor()


@pytest.mark.parametrize('wait_ready', [False, True])
def test_a_repeated_request_is_ok_also_when_its_process_has_ended_since(
        lab: Lab, wait_ready: bool) -> None:
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', 'echo up; sleep 1000'],
                              'ready': {'output': 'up'}})
    running.call('start', cmd='sh', uid=77, wait_ready=wait_ready)
    running.wait_state('sh', State.RUNNING)
    running.call('signal', name='sh', signal='KILL')
    running.wait_state('sh', State.FAILED)
    again = running.call('start', cmd='sh', uid=77, wait_ready=wait_ready)
    assert again['process']['process_status'] == State.FAILED


def test_who_waits_for_readiness_waits_also_while_it_is_suspended(lab: Lab) -> None:
    gate = lab.folder / 'gate'
    running = lab.supervisor({'id': 'sh', 'cmd': [
        '/bin/sh', '-c', f'while [ ! -e {gate} ]; do sleep 0.01; done; echo up; sleep 1000'],
        'ready': {'output': 'up'}})
    process = running.start('sh', uid=77)
    os.kill(process['os_pid'], signal.SIGSTOP)
    running.wait_state('sh', State.SUSPENDED)
    running.call('start', cmd='sh', uid=77)  # it was started, and that is all that is asked
    gate.touch()
    with running.connect() as client:
        client._socket.settimeout(PATIENCE)
        client._socket.sendall(
            encode({'id': 1, 'op': 'start', 'cmd': 'sh', 'uid': 77, 'wait_ready': True})
            + encode({'id': 2, 'op': 'status'}))
        answers = client._socket.makefile('rb')
        assert decode(answers.readline())['id'] == 2  # the first is not answered yet
        os.kill(process['os_pid'], signal.SIGCONT)
        answer = decode(answers.readline())
    assert (answer['id'], answer['ok']) == (1, True)
    running.wait_state('sh', State.RUNNING)


# -- restarted -------------------------------------------------------------------------------


def test_a_restart_is_answered_when_the_last_of_its_tree_has_just_gone_and_so_is_the_stop(
        lab: Lab) -> None:
    running = lab.supervisor({
        'id': 'sh', 'cmd': ['/bin/sh', '-c', 'trap "" INT; (exec setsid sleep 1000) & trap - INT; '
                            'echo up; exec sleep 1000'],
        'stop': {'sigterm_timeout': 1, 'sigkill_timeout': 1}, 'ready': {'output': 'up'}})
    first = running.start('sh', wait_ready=True)
    # A shell forgets a SIGINT that comes before it has somebody to wait for.
    comm = Path(f'/proc/{first["os_pid"]}/comm')
    wait_until(lambda: comm.read_text() == 'sleep\n')
    child = wait_until(lambda: sum(
        pid for pid in children(first['os_pid']) if os.getsid(pid) == pid))
    with running.connect() as stopping, running.connect() as restarting, \
            ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(stopping.ask, 'stop', PATIENCE, name='sh', sigterm_timeout=1000)
        wait_until(lambda: running.process('sh')['os_pid'] == 0)
        freeze(running.popen.pid)  # so that it learns of the end and the request in one round
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: not alive(child))
        restarting._socket.sendall(encode({'id': 1, 'op': 'restart', 'name': 'sh'}))
        running.popen.send_signal(signal.SIGCONT)
        answer = restarting._receive(time.monotonic() + PATIENCE)
        assert answer['ok'], answer
        # It was stopped, but to say only that would be no answer to who looks now.
        assert stopped.result()['code'] == ResultCode.NOT_STOPPED
        assert 'is started again' in stopped.result()['message']
    again = running.wait_state('sh', State.RUNNING)
    assert again['os_pid'] not in (0, first['os_pid'])
