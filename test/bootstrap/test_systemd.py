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

"""What logind would end is found out, and the instance is put where it lives on."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from bootstrap.conftest import Site
from fleet import Computer
import pytest

from launch_service_node.bootstrap import probe

_SYSTEMD_RUN = """#!/bin/sh
case "$*" in *' echo works') ;; *) printf '%s\\n' "$XDG_RUNTIME_DIR" "$@" > "${0%/*}/asked" ;; esac
while [ "$1" != -- ]; do shift; done
shift
IN_A_SCOPE=yes exec "$@"
"""


def fake(folder: Path, **programs: str) -> Path:
    """Put programs into a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in programs.items():
        path = folder / name.replace('_', '-')
        path.write_text(text if text.startswith('#!') else f'#!/bin/sh\n{text}\n')
        path.chmod(0o755)
    return folder


def logind(folder: Path, **environment: str) -> Any:
    """Return what the probe finds with the programs of a folder alone."""
    done = subprocess.run(
        [sys.executable, '-ISc', Path(probe.__file__).read_text(), 'WORD'], text=True, check=True,
        capture_output=True, timeout=60, env={'PATH': str(folder), **environment})
    return json.loads(done.stdout.removeprefix('WORD'))['logind']


def test_without_logind_there_is_nothing_to_find(tmp_path: Path) -> None:
    assert logind(tmp_path) is None


@pytest.mark.parametrize(('loginctl', 'busctl', 'linger', 'kill'), [
    ('echo yes', 'echo b true', True, True),
    ('echo no', 'echo b false', False, False),
    ('exit 1', 'echo b true', False, True),
    ('echo Linger=no', 'echo b false', False, False),
])
def test_what_logind_says(tmp_path: Path, loginctl: str, busctl: str, linger: bool,
                          kill: bool) -> None:
    found = logind(fake(tmp_path, loginctl=loginctl, busctl=busctl, env='shift; "$@"',
                        systemd_run='echo works'), XDG_RUNTIME_DIR='/run/user/7')
    assert found == {'linger': linger, 'kill': kill, 'systemd_run': True,
                     'runtime_dir': '/run/user/7'}


def test_a_bus_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    found = logind(fake(tmp_path, loginctl='exec /bin/sleep 1000', busctl='exec /bin/sleep 1000'))
    assert found['linger'] is False and found['systemd_run'] is False


@pytest.mark.parametrize(('files', 'kill'), [
    ({}, False),
    ({'etc/systemd/logind.conf': '[Login]\n#KillUserProcesses=yes\n'}, False),
    ({'etc/systemd/logind.conf': '[Login]\nKillUserProcesses = yes\n'}, True),
    ({'usr/lib/systemd/logind.conf': 'KillUserProcesses=yes\n',
      'etc/systemd/logind.conf': 'KillUserProcesses=no\n'}, False),
    ({'etc/systemd/logind.conf': 'KillUserProcesses=no\n',
      'etc/systemd/logind.conf.d/50-a.conf': 'KillUserProcesses=1\n'}, True),
])
def test_what_the_files_say_where_nobody_answers(tmp_path: Path, files: dict[str, str],
                                                 kill: bool) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert probe.configured(str(tmp_path)) is kill


def setup_with(robot: Computer, name: str, **programs: str) -> tuple[Path, str]:
    """Return a folder of programs on a robot, and a set-up script that puts it in front."""
    folder = fake(robot.home / name, **programs)
    script = robot.home / f'{name}.bash'
    script.write_text(f'. {robot.setup}\nexport PATH={folder}:$PATH\n')
    return folder, str(script)


def test_where_it_lingers_the_instance_is_in_a_scope_of_its_own(site: Site) -> None:
    robot = site.robots[0]
    folder, script = setup_with(robot, 'lingering', loginctl='echo yes', busctl='echo b true',
                                systemd_run=_SYSTEMD_RUN)
    done = site('bootstrap', robot.name, '/scope', *site.options(robot)[:2], '--setup', script,
                '--no-wait-graph', '--json', '--allow-list', 'robot.yaml')
    told = json.loads(done.stdout)
    assert told['outcome'] == 'started' and told['notes'] == [], done.stderr
    runtime_dir, *words = (folder / 'asked').read_text().splitlines()
    assert runtime_dir.startswith('/run/user/')
    assert words[:2] == ['--user', '--scope'] and '--property=Delegate=yes' in words
    environ = Path(f'/proc/{told["instance"]["supervisor_pid"]}/environ').read_bytes()
    assert b'IN_A_SCOPE=yes' in environ.split(b'\0')


def test_where_it_would_be_killed_a_line_says_so_and_how_to_mend_it(site: Site) -> None:
    robot = site.robots[0]
    folder, script = setup_with(robot, 'killing', loginctl='echo no', busctl='echo b true',
                                systemd_run=_SYSTEMD_RUN)
    words = ['bootstrap', robot.name, '/killed', *site.options(robot)[:2], '--setup', script,
             '--no-wait-graph']
    done = site(*words)
    assert done.returncode == 0 and not (folder / 'asked').exists()
    line, = (line for line in done.stderr.splitlines() if line.startswith('launch-service: '))
    assert 'KillUserProcesses=yes' in line
    assert line.endswith(f'run `loginctl enable-linger {getpass.getuser()}` there')
    always = site(*words[:2], '/always', *words[3:], '--systemd', 'always', '--json')
    assert json.loads(always.stdout)['outcome'] == 'started' and (folder / 'asked').exists()


def test_a_systemd_that_refuses_is_not_needed(site: Site) -> None:
    robot = site.robots[0]
    _, script = setup_with(robot, 'refusing', loginctl='echo yes', busctl='echo b true',
                           systemd_run='echo Failed to connect to bus >&2; exit 1')
    words = ['bootstrap', robot.name, '/refused', *site.options(robot)[:2], '--setup', script,
             '--no-wait-graph']
    always = site(*words, '--systemd', 'always')
    assert always.returncode == 1 and 'no `systemd-run --user` that works' in always.stderr
    assert not site.runs(robot, '/refused')
    done = site(*words)
    assert done.returncode == 0 and 'mend `systemd-run --user` there' in done.stderr
