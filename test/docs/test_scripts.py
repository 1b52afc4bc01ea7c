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

"""The commands of the README that a newcomer types first."""

from __future__ import annotations

from contextlib import ExitStack
import fcntl
import os
from pathlib import Path
import shutil
import subprocess
import sys

from docs.pages import ROOT
from harness import Lab, wait_until
import pytest

from .conftest import Reader

SCRIPTS = ROOT / 'scripts'


@pytest.fixture
def prepared(reader: Reader) -> Reader:
    """Give a reader who has everything installed."""
    reader.environ['LAUNCH_SERVICE_PREPARED'] = 'ROS 2'
    return reader


def test_demo_shows_what_it_can_and_leaves_nothing_behind(prepared: Reader, lab: Lab) -> None:
    prepared.environ.pop('LAUNCH_SERVICE_STATE_DIR')
    demo = prepared.begin(f'exec {SCRIPTS}/demo --domain-id $ROS_DOMAIN_ID')
    assert demo.wait() == 0, demo
    demo.wait_shown((
        '/robot1 is up: …', '/robot1 talker 1 RUNNING …', 'said: Hello from robot1 …',
        "launch-service: no executable 'rm' …", '/robot1 crasher 2 …',
        'talker (id 1) is STOPPED, exit code 0', '/robot1 is down, no process is left'))
    assert '\x1b' not in ''.join(demo.printed)
    wait_until(lambda: not _runs_in(lab.folder))  # the supervisor goes last
    left = {path.name for path in lab.folder.iterdir()} - {'config', 'launch', '.ros'}
    assert left == set()


def test_demos_at_the_same_time_have_domains_of_their_own(tmp_path: Path) -> None:
    program = f'. {SCRIPTS}/own_domain.sh; own_domain mine {tmp_path} && echo $mine && read'
    with ExitStack() as stack:
        for number in range(1, 98):  # who else is there leaves three
            lock = stack.enter_context(open(tmp_path / f'ros_domain_{number}.lock', 'w'))
            fcntl.flock(lock, fcntl.LOCK_EX)

        def begin() -> str:
            demo = stack.enter_context(subprocess.Popen(
                ['bash', '-c', program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            assert demo.stdout is not None
            return demo.stdout.readline()
        assert sorted(begin() for _ in range(3)) == ['100\n', '98\n', '99\n']
        assert begin() == ''


def test_demo_that_keeps_the_robot_up_says_what_to_type_next(prepared: Reader) -> None:
    demo = prepared.begin(f'{SCRIPTS}/demo --keep --domain-id $ROS_DOMAIN_ID')
    assert demo.wait() == 0, demo
    for line in demo.printed[-4:]:
        if '--follow' not in line:
            prepared(line)
    assert '  launch-service down /robot1' in demo.printed[-4:]


@pytest.mark.parametrize('arguments, said', [
    ('--distro', 'demo: --distro needs a value'),
    ('--what', 'demo: unknown option --what; see scripts/demo --help')])
def test_demo_refuses_what_it_does_not_know(prepared: Reader, arguments: str, said: str) -> None:
    demo = prepared.begin(f'{SCRIPTS}/demo {arguments}')
    assert demo.wait() == 1
    assert demo.printed == [said]


def test_a_distro_without_wheels_is_refused(tmp_path: Path) -> None:
    done = _on_a_plain_machine('scripts/demo --distro dashing', tmp_path)
    assert done.returncode == 1
    assert "no distro 'dashing': kilted or jazzy" in done.stderr


def test_a_distro_other_than_the_sourced_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'rclpy.py').touch()
    done = _on_a_plain_machine('scripts/demo --distro kilted', tmp_path, ROS_DISTRO='jazzy',
                               AMENT_PREFIX_PATH=str(tmp_path), PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "ROS 2 jazzy is sourced: for kilted, use a shell where it isn't" in done.stderr


def test_a_machine_without_a_fitting_python_is_told_so(tmp_path: Path) -> None:
    for name in ('python3', *(f'python3.{minor}' for minor in range(10, 15))):
        (tmp_path / name).write_text('#!/bin/sh\nexit 1\n')
        (tmp_path / name).chmod(0o755)
    done = _on_a_plain_machine('scripts/demo', tmp_path, PATH=f'{tmp_path}:/usr/bin:/bin')
    assert done.returncode == 1
    assert done.stderr == ('demo: needs a Python from 3.10 to 3.14; set PYTHON=/path/to/python3 '
                           'if it is not on PATH\n')


def test_a_machine_without_a_compiler_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / 'python3').symlink_to(os.path.realpath(sys.executable))
    for name in ('bash', 'cat', 'dirname', 'env', 'find', 'head', 'id', 'mkdir', 'rm',
                 'sha256sum', 'sort', 'uname'):
        (tmp_path / name).symlink_to(shutil.which(name) or '/missing')
    done = _on_a_plain_machine('scripts/demo', tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == ('demo: needs a C compiler: sudo apt-get install gcc '
                           '(or what your system calls it)\n')


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """
    Give a fresh clone on a bare machine: its scripts alone, and `bin`, all that can be run.

    Its user is root, `apt-get` notes in `asked` what it is told, and Python does nothing.
    """
    programs = tmp_path / 'bin'
    programs.mkdir()
    for name in ('bash', 'cat', 'dirname', 'env', 'grep', 'mkdir', 'tail'):
        (programs / name).symlink_to(shutil.which(name) or '/missing')
    for name, does in (('id', 'echo 0'), ('nproc', 'echo 2'), ('python3', ':'),
                       ('apt-get', f'echo "$@" >>{tmp_path}/asked')):
        _program(programs / name, does)
    shutil.copytree(SCRIPTS, tmp_path / 'scripts')
    return tmp_path


def _program(path: Path, does: str) -> None:
    path.write_text(f'#!/bin/sh\n{does}\n')
    path.chmod(0o755)


def _tests_there(bare: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [bare / 'scripts' / 'test', '--no-lint', *options], capture_output=True, text=True,
        timeout=60, check=False,
        env={'PATH': str(bare / 'bin'), 'LAUNCH_SERVICE_PREPARED': 'ROS 2'})


def test_what_tests_need_is_installed_in_a_fresh_clone(bare: Path) -> None:
    done = _tests_there(bare, '--strict')
    assert done.returncode == 0, done
    update, install = (bare / 'asked').read_text().splitlines()
    assert 'update' in update
    assert install.endswith('zsh fish csh tcsh') and ' openssh-client ' in install
    assert 'will skip' not in done.stdout and 'pytest, ROS 2' in done.stdout


@pytest.mark.parametrize('options', [(), ('--strict',)])
def test_what_can_not_be_installed_skips_tests_or_is_a_failure(
        bare: Path, options: tuple[str, ...]) -> None:
    _program(bare / 'bin' / 'apt-get', 'echo no such host >&2; exit 100')
    done = _tests_there(bare, *options)
    assert 'no such host' in done.stderr
    assert 'all of its output is in .cache/install.log' in done.stderr
    if options:
        assert done.returncode == 1
        assert done.stderr.endswith('test: some tests would skip; without --strict they may\n')
        assert 'pytest' not in done.stdout
    else:
        assert done.returncode == 0
        assert 'some tests will skip\npytest, ROS 2' in done.stdout


def _on_a_plain_machine(typed: str, folder: Path,
                        **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script where nothing is prepared, with an environment of its own."""
    return subprocess.run(
        [*typed.split()], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={'HOME': str(folder), 'PATH': os.environ['PATH'],
             'LAUNCH_SERVICE_VENV': str(folder / 'venv'), **environ})


def _runs_in(home: Path) -> list[str]:
    """Return the commands of processes whose home is this folder, but for the ROS daemon."""
    found = []
    for process in Path('/proc').glob('[0-9]*'):
        try:
            environ = (process / 'environ').read_bytes()
            command = (process / 'cmdline').read_bytes().replace(b'\0', b' ').decode()
        except OSError:
            continue
        if f'HOME={home}\0'.encode() in environ and '_ros2_daemon' not in command:
            found.append(command)
    return found
