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

"""The program against a real instance, through ROS and through the socket."""

from collections.abc import Iterator
import json
import os
import signal
import subprocess
import time
from typing import Any

from cli.program import LONG, Program
from harness import PATIENCE, wait_until
import pytest

BOTH = pytest.mark.parametrize('way', [('--local',), ()], ids=['local', 'ros'])


@pytest.fixture(autouse=True)
def _stopped_afterwards(program: Program) -> Iterator[None]:
    yield
    program('stop', '--local', '/robot1', '*')


def document(done: 'subprocess.CompletedProcess[str]') -> dict[str, Any]:
    """Return the one JSON document that a command printed."""
    assert done.stdout.count('\n') == 1, done.stdout + done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    assert value['ok'] == (done.returncode == 0)
    return value


def shape(value: Any) -> Any:
    """Return a document with types in place of values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


@BOTH
def test_a_process_from_start_to_stop(program: Program, way: tuple[str, ...]) -> None:
    started = document(program(*way, 'start', '/robot1', 'idle', '--name', 'one', '--json'))
    assert started['process']['state'] == 'RUNNING'
    pid = started['process']['os_pid']
    os.kill(pid, 0)
    listed = program(*way, 'list', '/robot1')
    assert listed.returncode == 0
    assert ['/robot1', 'one', str(started['process']['process_id']), 'RUNNING', str(pid)] in [
        line.split()[:5] for line in listed.stdout.splitlines()]
    stopped = program(*way, 'stop', '/robot1', 'one')
    assert stopped.returncode == 0 and 'is STOPPED' in stopped.stdout
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@BOTH
def test_arguments_and_output(program: Program, way: tuple[str, ...]) -> None:
    name = f'greet_{len(way)}'
    started = program(*way, 'start', '/robot1', 'greet', 'big', 'world', '--name', name)
    assert started.returncode == 0, started.stderr
    logs = program(*way, 'logs', '/robot1', '-f', name)
    assert (logs.returncode, logs.stdout, logs.stderr) == (0, 'hello big world\n', '')


@BOTH
@pytest.mark.parametrize(('words', 'code', 'says'), [
    (['start', 'nothing'], 1, 'nothing'),
    (['start', 'greet', 'Ä'], 1, 'slot'),
    (['start', 'idle', '--env', 'LD_PRELOAD=x'], 1, 'LD_PRELOAD'),
    (['start', 'idle', '--name', 'a b'], 1, 'a b'),
    (['stop', 'nobody'], 3, 'nobody'),
    (['restart', '--id', '999'], 3, '999'),
    (['signal', 'NOSIG', 'idle'], 1, 'NOSIG'),
    (['logs', 'nobody'], 3, 'nobody'),
])
def test_refusals_have_exit_codes_and_one_line(
        program: Program, way: tuple[str, ...], words: list[str], code: int, says: str) -> None:
    done = program(*way, words[0], '/robot1', *words[1:])
    assert (done.returncode, done.stdout) == (code, '')
    assert done.stderr.startswith('launch-service: ') and done.stderr.count('\n') == 1
    assert says in done.stderr


@BOTH
def test_a_taken_name_is_a_conflict(program: Program, way: tuple[str, ...]) -> None:
    assert program('--local', 'start', 'idle', '--name', 'taken').returncode == 0
    assert program(*way, 'start', '/robot1', 'idle', '--name', 'taken').returncode == 5


@BOTH
def test_the_same_uid_starts_once(program: Program, way: tuple[str, ...]) -> None:
    uid = str(1000 + len(way))
    first = document(program(*way, 'start', '/robot1', 'idle', '--uid', uid, '--json'))
    second = document(program(*way, 'start', '/robot1', 'idle', '--uid', uid, '--json'))
    assert first['process']['process_id'] == second['process']['process_id']
    assert program(*way, 'start', '/robot1', 'greet', '--uid', uid).returncode == 5


@BOTH
def test_several_names_have_an_outcome_each(program: Program, way: tuple[str, ...]) -> None:
    for name in ('a1', 'a2', 'b1'):
        program('--local', 'start', 'idle', '--name', name)
    done = program(*way, 'stop', '/robot1', 'a*', 'nobody', 'b1', '--json')
    assert done.returncode == 3
    outcomes = document(done)['outcomes']
    assert [(one['selection'], one['ok'], len(one['processes'])) for one in outcomes] == [
        ('a*', True, 2), ('nobody', False, 0), ('b1', True, 1)]


@BOTH
def test_a_suspended_process_goes_on(program: Program, way: tuple[str, ...]) -> None:
    program('--local', 'start', 'idle', '--name', 'nap')
    for word, state in (('STOP', 'SUSPENDED'), ('CONT', 'RUNNING')):
        assert program(*way, 'signal', '/robot1', word, 'nap').returncode == 0
        deadline = time.monotonic() + LONG
        while document(program('--local', 'list', 'nap', '--json'))[
                'instances'][0]['processes'][-1]['state'] != state:
            assert time.monotonic() < deadline


@BOTH
def test_a_restarted_process_keeps_its_id(program: Program, way: tuple[str, ...]) -> None:
    before = document(program('--local', 'start', 'idle', '--json'))['process']
    done = document(program(*way, 'restart', '/robot1', 'idle', '--json'))
    after = done['outcomes'][0]['processes'][0]
    assert after['process_id'] == before['process_id'] and after['os_pid'] != before['os_pid']


def test_both_ways_print_documents_of_one_shape(program: Program) -> None:
    program('--local', 'start', 'idle', '--name', 'shape')
    program('--local', 'start', 'greet', 'world', '--name', 'said')
    for words in (['list'], ['list', 'shape'], ['executables'], ['logs', 'said'],
                  ['start', 'greet'], ['signal', 'HUP', 'nobody'], ['start', 'nothing'],
                  ['signal', 'CONT', 'shape'], ['restart', 'shape'], ['stop', 'shape'],
                  ['reload']):
        local = document(program('--local', *words, '--json'))
        ros = document(program(words[0], '/robot1', *words[1:], '--json'))
        assert shape(local) == shape(ros), words


def test_both_ways_list_the_same(program: Program) -> None:
    program('--local', 'start', 'idle', '--name', 'same')
    changing = {'timestamp_ns', 'mem_usage', 'processor_load', 'resident_bytes'}
    local, ros = (
        {key: value for key, value in document(program(*way, 'list', '/robot1', 'same', '--json'))[
            'instances'][0]['processes'][-1].items() if key not in changing}
        for way in (['--local'], []))
    assert local == ros


@BOTH
def test_following_goes_on_over_a_restart_and_ends_with_the_last_run(
        program: Program, way: tuple[str, ...]) -> None:
    runs = program.folder / 'runs'
    runs.unlink(missing_ok=True)
    started = document(program('--local', 'start', 'again', '--json'))['process']
    done = program(*way, 'logs', '/robot1', '-f', '-n', 'all', '--id', str(started['process_id']))
    assert done.returncode == 0, done.stderr
    assert done.stdout == 'this is run 1\nthis is run 2\n'


@BOTH
def test_ctrl_c_ends_following_and_leaves_the_process(
        program: Program, way: tuple[str, ...]) -> None:
    started = document(program('--local', 'start', 'counter', '--json'))['process']
    follower = program.begin(*way, 'logs', '/robot1', '-f', '-n', 'all', 'counter')
    assert follower.stdout is not None
    try:
        assert [follower.stdout.readline() for _ in range(3)] == ['line 0\n', 'line 1\n',
                                                                  'line 2\n']
        follower.send_signal(signal.SIGINT)
        out, err = follower.communicate(timeout=LONG)
    finally:
        follower.kill()
        follower.wait()
    assert follower.returncode == 130
    assert err == 'launch-service: interrupted\n'
    os.kill(started['os_pid'], 0)


@BOTH
def test_a_reader_that_goes_away_ends_it_quietly(program: Program, way: tuple[str, ...]) -> None:
    program('--local', 'start', 'counter')
    follower = program.begin(*way, 'logs', '/robot1', '-f', 'counter')
    assert follower.stdout is not None and follower.stderr is not None
    try:
        follower.stdout.readline()
        follower.stdout.close()
        assert follower.wait(LONG) == 141
        assert follower.stderr.read() == ''
    finally:
        follower.kill()
        follower.wait()
        follower.stderr.close()


def test_up_again_attaches(program: Program) -> None:
    done = program('up', '/robot1', '--json')
    assert document(done)['outcome'] == 'attached'
    done = program('up', '/robot1', '--allow-list', 'robot1.yaml')
    assert done.returncode == 0 and 'already' in done.stdout


def test_up_with_another_allow_list_is_a_conflict(program: Program) -> None:
    (program.folder / 'other.yaml').write_text('allowable_processes: []\n')
    done = program('up', '/robot1', '--allow-list', 'other.yaml')
    assert done.returncode == 5 and 'robot1.yaml' in done.stderr


def test_an_instance_that_is_not_there_is_not_found(program: Program) -> None:
    def told() -> bool:
        done = program('list', '/nowhere', '--timeout', '4')
        assert done.returncode == 3 and 'ROS_DOMAIN_ID=' in done.stderr
        return '/robot1' in done.stderr
    wait_until(told, 4 * PATIENCE)  # on a busy host it may not be found in that time
    done = program('list', '/nowhere', '--local')
    assert done.returncode == 3 and 'launch-service up /nowhere' in done.stderr


def test_another_domain_finds_nothing_and_says_where_it_looked(program: Program) -> None:
    done = program('list', '--timeout', '1', ROS_DOMAIN_ID='101')
    assert done.returncode == 3 and 'ROS_DOMAIN_ID=101' in done.stderr


def test_colours_are_for_terminals_alone(program: Program) -> None:
    program('--local', 'start', 'idle', '--name', 'colourful')
    assert '\x1b' not in program('--local', 'list').stdout
    on_terminal = _on_terminal(program, {'TERM': 'xterm'}, '--local', 'list')
    assert '\x1b[32mRUNNING' in on_terminal
    for environ, words in (({'TERM': 'xterm', 'NO_COLOR': '1'}, []), ({'TERM': 'dumb'}, []),
                           ({'TERM': 'xterm'}, ['--no-color'])):
        assert '\x1b' not in _on_terminal(program, environ, '--local', 'list', *words)


def test_a_narrow_terminal_cuts_the_table(program: Program) -> None:
    program('--local', 'start', 'idle', '--name', 'a_very_long_name_for_a_process_that_naps')
    narrow = _on_terminal(program, {'TERM': 'dumb', 'COLUMNS': '90'}, '--local', 'list')
    assert 'a_very' in narrow and 'naps' not in narrow and '…' in narrow
    assert 'process_that_naps' in program('--local', 'list').stdout


def _on_terminal(program: Program, environ: dict[str, str], *words: str) -> str:
    """Return what a command line prints on a terminal."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, 'rb', buffering=0) as terminal:
        with os.fdopen(theirs, 'wb') as end:
            process = subprocess.Popen(
                [*program.command, *words], stdout=end, cwd=program.folder,
                stdin=subprocess.DEVNULL, env={**program.environ, **environ})
        text = b''
        try:
            while part := terminal.read(65536):
                text += part
        except OSError:
            pass  # EIO: the other end is closed
        assert process.wait(LONG) == 0
    return text.decode()
