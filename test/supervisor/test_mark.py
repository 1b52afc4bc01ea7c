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

"""A supervisor that was started by a process of an instance is not of that process's tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import resource
import signal
import subprocess
import sys

from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.environment import MARK
from launch_service_node.protocol import SupervisorClient
from launch_service_node.supervisor.kernel import tree
from launch_service_node.supervisor.kernel.tree import limit_of_mark, RLIMIT_LOCKS
from launch_service_node.supervisor.records.environment import environment_of
from launch_service_node.supervisor.states import ENDED, State

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}
TELLER = {'id': 'teller', 'cmd': ['/bin/sh', '-c', 'echo "$COLOUR"'],
          'pass_environment': ['COLOUR']}


def mark_of(lab: Lab, process_id: int) -> str:
    """Return the mark of a process of /robot1."""
    data = json.loads((lab.instance_dir() / 'instance.json').read_text())
    return f'{data["instance_id"]}:{process_id}'


def marked(lab: Lab, mark: str, by: str) -> Callable[[list[str]], list[str]]:
    """Return what makes a command one that begins with a mark, as the child of its bearer."""
    program = lab.script('marked', f"""
        import os, resource, sys
        if 'limit' in {by!r}:
            resource.setrlimit({RLIMIT_LOCKS}, ({limit_of_mark(mark)}, -1))
        if 'environment' in {by!r}:
            os.environ[{MARK!r}] = {mark!r}
        os.execv(sys.argv[1], sys.argv[1:])
        """)
    return lambda command: [program, *command]


@pytest.mark.parametrize('by', ['limit', 'environment', 'limit and environment'])
def test_the_end_of_its_starter_is_not_its_own(lab: Lab, by: str) -> None:
    running = lab.supervisor(SLEEPER)
    starter = running.start('sleeper', name='starter')
    running.start('sleeper', name='other')
    running.kill()
    mark = mark_of(lab, starter['process_id'])
    running = lab.supervisor(wrap=marked(lab, mark, by))
    assert not tree.has_mark(running.popen.pid, mark)
    own = running.start('sleeper', name='own')
    os.kill(starter['os_pid'], signal.SIGKILL)
    running.wait_state('starter', *ENDED)
    assert [running.process(name)['process_status'] for name in ('other', 'own')] == [
        State.RUNNING, State.RUNNING]
    assert alive(own['os_pid'])
    running.shut_down()


@pytest.fixture
def bearer() -> Iterator[tuple[str, int]]:
    """Let this process carry a mark, and give it with the pid of a child that inherited it."""
    before = resource.getrlimit(RLIMIT_LOCKS)
    mark = f'test{os.getpid()}:0'
    resource.setrlimit(RLIMIT_LOCKS, (limit_of_mark(mark), before[1]))
    try:
        with subprocess.Popen(['/bin/sleep', '1000']) as child:
            yield mark, child.pid
            child.kill()
    finally:
        resource.setrlimit(RLIMIT_LOCKS, before)


def test_who_looks_for_a_tree_is_never_in_it(bearer: tuple[str, int]) -> None:
    mark, child = bearer
    assert tree.everywhere(mark, set())[0] == [child]
    assert list(tree.members(0, False, mark, (), True, [os.getpid()])) == [child]


def test_who_is_a_stranger_is_looked_at_once_however_often_somebody_dies(
        bearer: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    mark, child = bearer
    os.kill(child, signal.SIGKILL)  # and not reaped: so there is a second look
    wait_until(lambda: not alive(child))
    real, looked_at = tree.has_mark, []

    def has_mark(pid: int, mark: str) -> bool:
        looked_at.append(pid)
        return real(pid, mark)
    monkeypatch.setattr(tree, 'has_mark', has_mark)
    assert tree.members(0, False, mark, (), True) == {}
    assert looked_at.count(child) > 1
    assert looked_at.count(os.getppid()) == 1


def test_nobody_below_who_looks_for_a_tree_is_in_it(bearer: tuple[str, int]) -> None:
    _, child = bearer
    assert child in tree.descendants(os.getpid())
    assert not {os.getpid(), child} & set(tree.descendants(os.getppid()))


def started_in(lab: Lab, **environment: str) -> None:
    """Have a supervisor of /robot1, started by one with this environment."""
    program = ('import sys; from launch_service_node.starting import ensure_supervisor; '
               'ensure_supervisor("/robot1", timeout=float(sys.argv[1]))')
    subprocess.run([sys.executable, '-c', program, str(PATIENCE)], timeout=2 * PATIENCE,
                   env={**lab.environment, **environment}, check=True)


def fell(lab: Lab) -> None:
    """Let the supervisor of /robot1 fall."""
    with SupervisorClient('/robot1', str(lab.home)) as client:
        pid = client.call('status', PATIENCE)['instance']['supervisor_pid']
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid))


def colour_of(lab: Lab) -> str:
    """Return what a process gets by `pass_environment`."""
    with SupervisorClient('/robot1', str(lab.home)) as client:
        process = client.call('start', PATIENCE, cmd='teller')['process']
        path = Path(process['output_path'])
        return wait_until(lambda: path.exists() and path.read_text()).strip()


def test_whoever_brings_it_back_the_environment_is_that_of_the_instance(lab: Lab) -> None:
    started_in(lab, COLOUR='red')
    with SupervisorClient('/robot1', str(lab.home)) as client:
        client.call('attach', PATIENCE, node_name='/test',
                    settings={'allow_list': [lab.allow_list(TELLER)]})
    assert colour_of(lab) == 'red'
    for mark in (mark_of(lab, 0), mark_of(lab, 1)):
        fell(lab)
        started_in(lab, COLOUR='none', **{MARK: mark})
        assert colour_of(lab) == 'red'
    # A process of another instance, like anybody else, gives what it has.
    fell(lab)
    started_in(lab, COLOUR='blue', **{MARK: 'another:1'})
    assert colour_of(lab) == 'blue'


def test_the_environment_of_an_instance_is_for_its_owner_alone(lab: Lab) -> None:
    started_in(lab, SECRET='s')
    path = lab.instance_dir() / 'environment.json'
    assert 'SECRET' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_environment_that_makes_no_sense_is_said_and_keeps_nobody_from_starting(
        lab: Lab) -> None:
    started_in(lab, COLOUR='red')
    (lab.instance_dir() / 'environment.json').write_text('[')
    fell(lab)
    started_in(lab, COLOUR='blue', **{MARK: mark_of(lab, 0)})
    assert 'environment.json' in lab.log()


def test_an_environment_that_can_not_be_written_is_not_that_of_an_earlier_life(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'environment.json'
    assert environment_of(str(path), {'COLOUR': 'red'}, False) == {'COLOUR': 'red'}
    (tmp_path / 'environment.json.new').mkdir()
    assert environment_of(str(path), {'COLOUR': 'blue'}, False) == {'COLOUR': 'blue'}
    assert 'cannot write' in capsys.readouterr().err
    assert environment_of(str(path), {}, True) == {}
