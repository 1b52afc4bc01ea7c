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

"""Each verb, over instances in memory: what it asks, says, and returns."""

from collections.abc import Callable
import json
from typing import Any

from cli.fakes import FakeBackend, FakeReach, record
import pytest

from launch_service_node.cli import main as program
from launch_service_node.cli.backend import Selection, StartRequest
from launch_service_node.cli.verbs import (
    down,
    executables,
    logs,
    reload,
    restart,
    signal,
    start,
    stop,
)
from launch_service_node.cli.verbs import list as list_verb
from launch_service_node.errors import (
    LaunchServiceError,
    NotAllowed,
    ProcessError,
    ResultCode,
    Unreachable,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Give a function that runs a command line over instances in memory."""
    def run_with(reach: FakeReach, *words: str) -> tuple[int, str, str]:
        for verb in (down, executables, list_verb, logs, reload, restart, signal, start, stop):
            monkeypatch.setattr(verb, 'reach_of', lambda args: reach)
        code = program.main(words)
        out, err = capsys.readouterr()
        return code, out, err
    return run_with


def test_start_sends_what_the_command_line_says(run: Run) -> None:
    backend = FakeBackend('/a')
    code, out, err = run(FakeReach(backend), 'start', 'lidar', 'map:=lab', '--name', 'front',
                         '--env', 'A=1', '--cwd', '/tmp', '--launch-id', 'l', '--uid', '7',
                         '--wait-ready')
    assert (code, out, err) == (0, 'front (id 1, pid 4001) is RUNNING\n', '')
    assert backend.calls == [('start', StartRequest(
        'lidar', ('map:=lab',), 'front', 7, '/tmp', (('A', '1'),), 'l', True))]


def test_start_as_json(run: Run) -> None:
    code, out, err = run(FakeReach(FakeBackend('/a')), 'start', 'lidar', '--json')
    document = json.loads(out)
    assert code == 0 and err == '' and document['ok'] and document['namespace'] == '/a'
    assert document['process']['state'] == 'RUNNING'


@pytest.mark.parametrize(('error', 'code'), [
    (NotAllowed('no such thing'), 1), (Unreachable('nobody'), 3),
    (Unreachable('late', ResultCode.TIMED_OUT), 4)])
def test_an_error_is_one_line_and_with_json_a_document_too(
        run: Run, error: LaunchServiceError, code: int) -> None:
    reach = FakeReach(FakeBackend('/a', error=error))
    assert run(reach, 'start', 'lidar') == (code, '', f'launch-service: {error.message}\n')
    got, out, err = run(reach, 'start', 'lidar', '--json')
    assert got == code and err == f'launch-service: {error.message}\n'
    assert json.loads(out) == {'ok': False, 'code': int(error.code),
                               'code_name': error.code.name, 'message': error.message}


def test_stop_asks_for_each_name_and_passes_the_ladder(run: Run) -> None:
    backend = FakeBackend('/a')
    code, _, _ = run(FakeReach(backend), 'stop', '/a', 'x', 'y*', '--sigterm-timeout', '0',
                     '--sigkill-timeout', '2.5', '--launch-id', 'l')
    assert code == 0
    assert sorted(backend.calls, key=str) == [
        ('stop', Selection('x', 0, 'l'), 0.0, 2.5), ('stop', Selection('y*', 0, 'l'), 0.0, 2.5)]


def test_a_stop_that_left_something_names_it_and_shows_the_rest(run: Run) -> None:
    error = ProcessError('pids 7 and 8 are left', ResultCode.NOT_STOPPED,
                         processes=[record('x', 1, 'STOPPING'), record('y', 2, 'STOPPED')])
    code, out, err = run(FakeReach(FakeBackend('/a', error=error)), 'stop', '*')
    assert code == 1 and err == 'launch-service: pids 7 and 8 are left\n'
    assert 'x (id 1) is STOPPING' in out and 'y (id 2) is STOPPED' in out


def test_signal_takes_the_signal_first(run: Run) -> None:
    backend = FakeBackend('/a')
    code, out, _ = run(FakeReach(backend), 'signal', 'SIGHUP', 'lidar')
    assert code == 0 and out == 'SIGHUP sent to lidar (id 1, pid 4001)\n'
    assert backend.calls == [('signal', Selection('lidar'), 'SIGHUP')]


def test_restart_by_id(run: Run) -> None:
    backend = FakeBackend('/a')
    assert run(FakeReach(backend), 'restart', '--id', '5')[0] == 0
    assert backend.calls == [('restart', Selection(process_id=5), False)]


def test_list_shows_every_instance(run: Run) -> None:
    reach = FakeReach(FakeBackend('/a'), FakeBackend('/b', [record('nav', 2, 'FAILED')]))
    code, out, err = run(reach, 'list')
    assert code == 0 and err == ''
    assert [line.split()[:4] for line in out.splitlines()] == [
        ['NAMESPACE', 'NAME', 'ID', 'STATE'], ['/a', 'lidar', '1', 'RUNNING'],
        ['/b', 'nav', '2', 'FAILED']]


def test_list_shows_the_others_when_one_cannot_be_reached(run: Run) -> None:
    reach = FakeReach(FakeBackend('/a'), FakeBackend('/b', error=Unreachable('lost')))
    code, out, err = run(reach, 'list')
    assert code == 3 and '/a' in out and err == 'launch-service: /b: lost\n'
    code, out, _ = run(reach, 'list', '--json')
    document = json.loads(out)
    assert code == 3 and not document['ok']
    assert [(one['namespace'], one['ok']) for one in document['instances']] == [
        ('/a', True), ('/b', False)]


def test_an_empty_list_says_so_on_stderr(run: Run) -> None:
    code, out, err = run(FakeReach(FakeBackend('/a', [])), 'list')
    assert (code, out) == (0, '') and 'no process' in err and '/a' in err


def test_an_empty_list_is_a_document_too(run: Run) -> None:
    code, out, err = run(FakeReach(FakeBackend('/a', [])), 'list', '--json')
    assert code == 0 and err == '' and json.loads(out)['instances'][0]['processes'] == []


def test_list_without_any_instance(run: Run) -> None:
    assert run(FakeReach(), 'list') == (3, '', 'launch-service: nobody is here\n')


def test_several_instances_have_to_be_told_apart(run: Run) -> None:
    code, out, err = run(FakeReach(FakeBackend('/a'), FakeBackend('/b')), 'stop', 'x')
    assert code == 2 and out == '' and '/a, /b' in err and err.count('\n') == 1


def test_logs_come_as_they_are(run: Run) -> None:
    backend = FakeBackend('/a', outputs=[
        {'data': 'one\ntwo', 'offset': 0, 'next_offset': 7, 'dropped_bytes': 0, 'eof': True}])
    assert run(FakeReach(backend), 'logs', 'lidar') == (0, 'one\ntwo', '')


def test_down_says_what_it_stopped_and_that_nothing_is_left(run: Run) -> None:
    backend = FakeBackend('/a', [record('lidar', 1, 'STOPPED')])
    code, out, _ = run(FakeReach(backend), 'down')
    assert code == 0
    assert out == 'lidar (id 1) is STOPPED\n/a is down, no process is left\n'


def test_down_that_keeps_processes_says_how_many_live_on(run: Run) -> None:
    backend = FakeBackend('/a')
    _, out, _ = run(FakeReach(backend), 'down', '--keep-processes')
    assert out.endswith('goes on with 1 process\n')
    assert backend.calls == [('shutdown', True)]


def test_reload_says_what_the_instance_says(run: Run) -> None:
    assert run(FakeReach(FakeBackend('/a')), 'reload') == (0, '/a: 2 executables\n', '')


def test_ctrl_c_is_130(run: Run) -> None:
    class Interrupted(FakeBackend):
        def list(self, name: str, launch_id: str) -> dict[str, Any]:
            raise KeyboardInterrupt
    assert run(FakeReach(Interrupted('/a')), 'list') == (130, '', 'launch-service: interrupted\n')


def test_a_defect_is_not_hidden(run: Run) -> None:
    class Broken(FakeBackend):
        def list(self, name: str, launch_id: str) -> dict[str, Any]:
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        run(FakeReach(Broken('/a')), 'list')
