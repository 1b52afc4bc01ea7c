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

"""`ros2 launch_service` is `launch-service`."""

from collections.abc import Iterator
import importlib.metadata
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile

from cli.program import LONG, PATIENT, Program
import pytest

pytest.importorskip('ros2cli', reason='ros2cli cannot be imported')
if not any(point.name == 'launch_service'
           for point in importlib.metadata.entry_points(group='ros2cli.command')):
    pytest.skip('launch_service_node is not installed beside ros2cli', allow_module_level=True)

ROS2_PROGRAM = f'{PATIENT}import sys; from ros2cli.cli import main; sys.exit(main())\n'
ROS2 = [sys.executable, '-c', ROS2_PROGRAM]


@pytest.fixture(scope='module')
def ros2(program: Program) -> Iterator[Program]:
    """Give `ros2 launch_service` on a host where /robot1 is up."""
    yield Program(program.lab, [*ROS2, 'launch_service'], {
        'AMENT_PREFIX_PATH': os.environ.get('AMENT_PREFIX_PATH', sys.prefix)})
    program('stop', '--local', '*')


def test_it_is_a_command_of_ros2(ros2: Program) -> None:
    done = subprocess.run([*ROS2, '--help'], capture_output=True, text=True, env=ros2.environ,
                          timeout=LONG)
    assert 'launch_service  ' in done.stdout and 'LaunchServiceNode looks after' in done.stdout


def test_the_verbs_are_the_same(ros2: Program, program: Program) -> None:
    def verbs(text: str) -> list[str]:
        return text.split('verbs:')[1].split()
    assert verbs(ros2('--help').stdout) == verbs(program('--help').stdout)


def test_a_process_from_start_to_stop(ros2: Program) -> None:
    started = ros2('start', '/robot1', 'idle', '--name', 'over_ros2')
    assert started.returncode == 0, started.stderr
    assert 'over_ros2' in ros2('list', '/robot1').stdout
    assert ros2('stop', '/robot1', 'over_ros2').returncode == 0


@pytest.mark.parametrize('words', [['list', '/robot1', '--json'], ['list', '--local', '--json'],
                                   ['--local', 'executables', '--json']])
def test_documents_are_the_same(ros2: Program, program: Program, words: list[str]) -> None:
    ours, theirs = program(*words), ros2(*words)
    assert ours.returncode == theirs.returncode == 0, theirs.stderr
    assert list(json.loads(ours.stdout)) == list(json.loads(theirs.stdout))


@pytest.mark.parametrize(('words', 'code', 'says'), [
    (['lst'], 2, "did you mean 'list'?"), (['list', '--foo'], 2, '--foo'),
    (['start', '/robot1', 'nothing'], 1, 'nothing'), (['stop', '/robot1', 'nobody'], 3, 'nobody'),
    ([], 2, '')])
def test_errors_and_exit_codes_are_the_same(ros2: Program, words: list[str], code: int,
                                            says: str) -> None:
    done = ros2(*words)
    assert done.returncode == code and done.stdout == '' and says in done.stderr
    assert not words or done.stderr.count('\n') == 1
    assert not words or done.stderr.startswith('launch-service: ')


def test_dashes_go_after_two_dashes(ros2: Program) -> None:
    done = ros2('start', '/robot1', 'greet', '--name', 'x', '--', '--loud')
    assert done.returncode == 1 and "'--loud'" in done.stderr


@pytest.mark.parametrize(('line', 'expected'), [
    ('ros2 launch_service exe', ['executables ']),
    ('ros2 launch_service start gr', ['greet ']),
    ('ros2 launch_service start /robot1 gr', ['greet ']),
    ('ros2 launch_service list /', ['/robot1 ']),
    ('ros2 launch_service stop --sigk', ['--sigkill-timeout ']),
])
def test_argcomplete_completes_it(ros2: Program, line: str, expected: list[str],
                                  tmp_path: Path) -> None:
    pytest.importorskip('argcomplete', reason='argcomplete is not installed')
    with tempfile.TemporaryFile() as found:
        script = tmp_path / 'ros2'
        script.write_text(ROS2_PROGRAM)
        _argcomplete(script, ros2.environ, line, found.fileno())
        found.seek(0)
        assert found.read().decode().split('\v') == expected


def _argcomplete(script: Path, environ: dict[str, str], line: str, found: int) -> None:
    """Ask argcomplete as its shell function does: it answers on file descriptor 8."""
    subprocess.run(
        ['bash', '-c', f'exec "$@" 8>&{found} 9>/dev/null', 'bash', sys.executable, str(script)],
        env={**environ, '_ARGCOMPLETE': '1', '_ARGCOMPLETE_IFS': '\v', 'COMP_LINE': line,
             'COMP_TYPE': '9', 'COMP_POINT': str(len(line)),
             'COMP_WORDBREAKS': ' \t\n"\'><=;|&(:'},
        pass_fds=(found,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LONG)
