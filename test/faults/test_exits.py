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

"""Exit statuses are exact: every code, every signal, and a failed exec is neither."""

from __future__ import annotations

from pathlib import Path
import signal

from faults.injection import patched, SLOW_EXEC
from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.states import ENDED, State

#: Signals that end a process whose dispositions are the default ones.
DEADLY = sorted(set(signal.valid_signals()) - {
    signal.SIGCHLD, signal.SIGCONT, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN,
    signal.SIGTTOU, signal.SIGURG, signal.SIGWINCH})

SHELL = {'id': 'sh', 'cmd': '/bin/sh', 'arguments': [
    {'name': 'script', 'pattern': '[a-z0-9/][-A-Za-z0-9_./]*', 'repeated': True}]}


def test_every_code_and_every_signal_is_told_exactly(lab: Lab) -> None:
    exits = lab.write('exits', 'exit $1')
    kills = lab.write('kills', 'kill -$1 $$')
    running = lab.supervisor(SHELL, max_start_rate=0, keep_ended=1000, max_processes=1000)
    expected = {}  # exit_known, exit_code, term_signal
    for code in range(256):
        process = running.start('sh', name=f'c{code}', args=[exits, str(code)])
        expected[process['process_name']] = (True, code, 0)
    for number in DEADLY:
        process = running.start('sh', name=f's{number}', args=[kills, str(int(number))])
        expected[process['process_name']] = (True, 0, number)

    def told() -> dict[str, tuple[bool, int, int]]:
        return {process['process_name']: (
            process['exit_known'], process['exit_code'], process['term_signal'])
            for process in running.call('list')['processes'] if process['process_status'] in ENDED}
    wait_until(lambda: len(told()) == len(expected))
    assert told() == expected
    for process in running.call('list')['processes']:
        good = expected[process['process_name']] == (True, 0, 0)
        assert process['process_status'] == (State.STOPPED if good else State.FAILED)
        assert bool(process['err_msg']) != good


def test_failures_of_exec_are_told_apart(lab: Lab) -> None:
    missing = lab.write('missing', '#!/nowhere/interpreter\n', 0o755)
    no_format = lab.write('no_format', 'neither a script nor a program', 0o755)
    folder = lab.folder / 'folder'
    folder.mkdir()
    to_folder = lab.write('to_folder', f'#!{folder}\n', 0o755)
    not_executable = lab.write('not_executable', 'x', 0o644)
    to_text = lab.write('to_text', f'#!{not_executable}\n', 0o755)
    busy = lab.folder / 'busy'
    busy.write_bytes(Path('/bin/true').read_bytes())
    busy.chmod(0o755)
    loop = lab.write('loop', f'#!{lab.folder}/loop\n', 0o755)
    running = lab.supervisor(
        {'id': 'missing', 'cmd': missing}, {'id': 'no_format', 'cmd': no_format},
        {'id': 'to_folder', 'cmd': to_folder}, {'id': 'to_text', 'cmd': to_text},
        {'id': 'busy', 'cmd': str(busy)}, {'id': 'loop', 'cmd': loop},
        {'id': 'good', 'cmd': '/bin/true'})

    def said(cmd: str) -> str:
        answer = running.ask('start', cmd=cmd)
        assert answer['code'] in (ResultCode.START_FAILED, ResultCode.EXECUTABLE_UNUSABLE), answer
        if answer['code'] == ResultCode.START_FAILED:
            process = answer['process']
            assert process['process_status'] == State.FAILED
            assert process['err_msg'] in answer['message']
        return str(answer['message'])
    with open(busy, 'r+b'):  # ETXTBSY while anybody has it open for writing
        messages = {cmd: said(cmd) for cmd in (
            'missing', 'no_format', 'to_folder', 'to_text', 'busy', 'loop')}
    assert 'interpreter' in messages['missing']  # ENOENT of a file that is there
    assert 'no program of this machine' in messages['no_format']  # ENOEXEC
    assert 'ermission' in messages['to_text'] or 'executable' in messages['to_text']  # EACCES
    assert 'being written to' in messages['busy']  # ETXTBSY
    assert len(set(messages.values())) == len(messages)
    assert running.start('busy')['process_status'] in (State.RUNNING, State.STOPPED)
    assert running.start('good')['process_status'] in (State.RUNNING, State.STOPPED)


@pytest.mark.parametrize(('number', 'words'), [
    ('ENOENT', 'does not exist'), ('EACCES', 'chmod +x'), ('ENOEXEC', 'no program'),
    ('ETXTBSY', 'written to'), ('ENOMEM', 'memory'), ('E2BIG', 'too long'),
    ('EMFILE', 'open files')])
def test_whatever_exec_says_is_the_reason(lab: Lab, number: str, words: str) -> None:
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true'}, wrap=patched(
        f"fail('os:execve', errno.{number})"))
    answer = running.ask('start', cmd='true')
    assert answer['code'] == ResultCode.START_FAILED
    assert words in answer['message']
    assert '/bin/true' in answer['message']


def test_a_child_that_fails_in_an_unforeseen_way_is_a_failed_start(lab: Lab) -> None:
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true'}, wrap=patched("""
        def fail(*arguments):
            raise ValueError('embedded null byte')
        os.execve = fail
        """))
    answer = running.ask('start', cmd='true')
    assert answer['code'] == ResultCode.START_FAILED
    assert 'embedded null byte' in answer['message']


def test_a_working_directory_that_is_gone_is_the_reason(lab: Lab) -> None:
    folder = lab.folder / 'there'
    folder.mkdir()
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true', 'cwd': str(folder)})
    running.start('true')
    folder.rmdir()
    answer = running.ask('start', cmd='true')
    assert not answer['ok']
    assert str(folder) in answer['message']


@pytest.mark.parametrize('code', [0, 7])
def test_an_end_by_itself_during_a_stop_keeps_its_code(lab: Lab, code: int) -> None:
    script = f"trap 'exit {code}' INT; echo up; while :; do sleep 0.01; done"
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', script],
                              'ready': {'output': 'up'}, 'restart': {'policy': 'always'}})
    running.call('start', cmd='sh', wait_ready=True)
    process = running.call('stop', name='sh')['processes'][0]
    assert (process['exit_known'], process['exit_code'], process['term_signal']) == (
        True, code, 0)
    assert process['process_status'] == State.STOPPED


def test_an_end_at_the_moment_of_the_stop_is_a_stop(lab: Lab) -> None:
    """Stops race with ends; whoever wins, both are over and nothing is restarted."""
    running = lab.supervisor(
        {'id': 'short', 'cmd': ['/bin/sleep', '0.01'], 'restart': {'policy': 'never'}},
        max_start_rate=0, keep_ended=1000)
    for number in range(60):
        running.start('short', name=f'p{number}')
        process = running.call('stop', name=f'p{number}')['processes'][0]
        assert process['process_status'] == State.STOPPED
        assert process['exit_known']


def test_an_end_that_is_quicker_than_the_news_of_its_exec_comes_after_its_start(
        lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', 'exit 7']}, {'id': 'none', 'cmd': lab.write(
            'none', 'neither a script nor a program', 0o755)}, wrap=patched("""
        def wrap(go):
            def unheard(run, on_exec):
                go(run, on_exec)
                run._world.loop.unwatch(run._spawned.error_fd)
            return unheard
        replace('supervisor.run:Run.go', wrap)
        """))
    with running.connect() as watcher:
        watcher.ask('subscribe', PATIENCE)
        process = running.start('sh')  # it was started, and that is the answer
        running.wait_state('sh', State.FAILED)
        states = []
        while State.FAILED not in states:
            event = watcher.next_event(PATIENCE)
            assert event is not None
            if event['event'] == 'process':
                states.append(State(event['process']['process_status']))
        assert [state for state in dict.fromkeys(states) if state != State.STOPPING] == [
            State.STARTING, State.RUNNING, State.FAILED]
    assert running.process('sh')['exit_code'] == 7
    assert process['process_id'] == 1
    answer = running.ask('start', cmd='none')
    assert answer['code'] == ResultCode.START_FAILED
    assert 'Exec format error' in answer['message']


def test_a_stop_before_exec_runs_nothing(lab: Lab) -> None:
    gate = str(lab.folder / 'gate')
    running = lab.supervisor(
        {'id': 'touch', 'cmd': ['/bin/touch', f'{lab.folder}/ran'], 'environment': {'GATE': gate}},
        wrap=patched(SLOW_EXEC))
    with running.connect() as other:
        other._socket.sendall(encode({'id': 1, 'op': 'start', 'cmd': 'touch'}))
        wait_until(lambda: running.call('list')['processes'])
        # The loop goes on meanwhile, and says so.
        assert running.call('status')['instance']['num_procs'] == 1
        assert running.process('touch')['process_status'] == State.STARTING
        stopped = running.call('stop', name='touch')['processes'][0]
        assert stopped['process_status'] == State.STOPPED
        assert not alive(stopped['os_pid'])
    Path(gate).touch()
    wait_until(lambda: lab.leftovers() == [running.popen.pid])
    assert not (lab.folder / 'ran').exists()


def test_an_exec_that_takes_long_keeps_nobody_waiting(lab: Lab) -> None:
    gate = str(lab.folder / 'gate')
    running = lab.supervisor(
        {'id': 'slow', 'cmd': ['/bin/sleep', '1000'], 'environment': {'GATE': gate}},
        {'id': 'quick', 'cmd': ['/bin/sleep', '1000']}, wrap=patched(SLOW_EXEC))
    with running.connect() as other:
        other._socket.sendall(encode({'id': 1, 'op': 'start', 'cmd': 'slow'}))
        for number in range(5):
            running.call('status')
            running.start('quick', name=f'quick{number}')
            running.call('stop', name=f'quick{number}')
        assert running.process('slow')['process_status'] == State.STARTING
        Path(gate).touch()
        running.wait_state('slow', State.RUNNING)
