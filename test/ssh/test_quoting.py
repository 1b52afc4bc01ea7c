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

"""A command arrives unchanged, whatever the login shell is."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

from hypothesis import example, given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
from shell_words import heard, name, NASTY, TELL, text

from launch_service_node.errors import InvalidRequest
from launch_service_node.ssh.quoting import (
    CANNOT_START,
    LONGEST,
    NO_FOLDER,
    NO_SETUP_SCRIPT,
    quote,
    remote_command,
    script_for,
)

SHELLS = ('sh', 'bash', 'dash', 'zsh', 'fish', 'tcsh', 'csh')

def shells() -> list[str]:
    return [shell for shell in SHELLS if shutil.which(shell)]


def ask(shell: str, home: Path, line: str) -> subprocess.CompletedProcess[bytes]:
    """Do what sshd does with a line."""
    return subprocess.run([shell, '-c', line], capture_output=True, timeout=60, check=False,
                          cwd=home, env={'HOME': str(home), 'PATH': os.environ['PATH']})


def told(done: subprocess.CompletedProcess[bytes]) -> tuple[list[str], dict[str, str], str]:
    assert done.returncode == 0, done.stderr
    return heard(done.stdout)


@pytest.mark.parametrize('shell', SHELLS)
def test_nasty_words_arrive_all_at_once(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f'there is no {shell}')
    env = {f'T_{number}': word for number, word in enumerate(NASTY)}
    line = remote_command([sys.executable, '-c', TELL, *NASTY], env)
    argv, environment, _ = told(ask(shell, tmp_path, line))
    assert argv == NASTY
    assert {key: environment[key] for key in env} == env


@settings(max_examples=15, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(argv=st.lists(text, max_size=5), env=st.dictionaries(name, text, max_size=4))
@example(argv=['\n'], env={'T_A': '\n\n'})
def test_any_words_arrive_under_every_shell(
        tmp_path: Path, argv: list[str], env: dict[str, str]) -> None:
    line = remote_command([sys.executable, '-c', TELL, *argv], env)
    for shell in shells():
        found, environment, _ = told(ask(shell, tmp_path, line))
        assert found == argv, shell
        assert {key: environment[key] for key in env} == env, shell


@given(st.lists(text, min_size=1), st.dictionaries(name, text))
def test_the_line_is_plain_ascii_without_a_newline(argv: list[str], env: dict[str, str]) -> None:
    line = remote_command(['run', *argv], env)
    assert line.isascii() and line.isprintable()
    assert line.count("'") == 2
    assert '!' not in line


@pytest.mark.parametrize('shell', SHELLS)
def test_a_folder_of_any_name_is_entered(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f'there is no {shell}')
    for folder in ("-it's! a\nfolder", 'plain', '$HOME'):
        (tmp_path / folder).mkdir()
        for cwd in (folder, str(tmp_path / folder)):
            line = remote_command([sys.executable, '-c', TELL], cwd=cwd)
            assert told(ask(shell, tmp_path, line))[2] == str(tmp_path / folder)


def test_set_up_scripts_come_first_and_what_was_asked_for_wins(tmp_path: Path) -> None:
    (tmp_path / 'a.sh').write_text('export A=1 B=1 C=1; cd /\n[ $# = 0 ] || export A=arguments')
    (tmp_path / "it's b.bash").write_text('[[ 1 ]] && export B=2')
    line = remote_command([sys.executable, '-c', TELL, 'word'], {'C': '3'}, str(tmp_path),
                          [str(tmp_path / 'a.sh'), str(tmp_path / "it's b.bash")])
    argv, env, cwd = told(ask('dash', tmp_path, line))
    assert (argv, env['A'], env['B'], env['C'], cwd) == (['word'], '1', '2', '3', str(tmp_path))


def test_a_script_that_is_missing_is_named(tmp_path: Path) -> None:
    for setup in ('/nowhere/setup.sh', '/nowhere/setup.bash'):
        done = ask('sh', tmp_path, remote_command(['true'], setup=[setup]))
        assert done.returncode == CANNOT_START
        assert done.stderr.decode() == NO_SETUP_SCRIPT + setup


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    done = ask('sh', tmp_path, remote_command(['true'], cwd='/nowhere'))
    assert done.returncode == CANNOT_START
    assert done.stderr.decode().endswith(NO_FOLDER + '/nowhere')


def test_a_long_command_arrives_and_one_too_long_is_refused(tmp_path: Path) -> None:
    for shell in shells():
        # BSD's csh has a limit of its own.
        word = 'x' * (6000 if shell == 'csh' else 100000)
        done = ask(shell, tmp_path, remote_command([sys.executable, '-c', TELL, word]))
        assert told(done)[0] == [word], shell
    with pytest.raises(InvalidRequest, match='send the rest in a file'):
        remote_command(['x' * LONGEST])


def test_what_no_process_can_have_is_refused() -> None:
    with pytest.raises(InvalidRequest, match='NUL'):
        quote('a\0b')
    with pytest.raises(InvalidRequest, match='no name of an environment variable'):
        script_for(['true'], {'A B': '1'})
    with pytest.raises(InvalidRequest, match='no command'):
        script_for([])


def test_a_secret_value_is_not_in_the_refusal() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        script_for(['true'], {'TOKEN': 'hunter2\0'})
    assert 'hunter2' not in str(refusal.value)
