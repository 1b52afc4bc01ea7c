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

"""What has to be there for a command: set-up scripts, Python, a login shell, the program."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import pwd
import shutil
import signal
import subprocess
import sys

from harness import alive, wait_until
import paramiko
import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.errors import (
    ConnectTimedOut,
    InterpreterMissing,
    LaunchServiceError,
    RemoteFailed,
    SetupScriptMissing,
)
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect, Connection
from launch_service_node.ssh.process import RemoteProcess

from .commands import command, complete, pid_from, python, SHOW, start, STUBBORN


def test_a_set_up_script_changes_the_environment(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / 'tool').write_text('#!/bin/sh\necho found $A $B\n')
    (tmp_path / 'tool').chmod(0o755)
    (tmp_path / "it's.bash").write_text(
        f'echo noise; [[ 1 ]] && export A=setup B=setup PATH={tmp_path}:$PATH; cd /')
    done = complete(connection, command('tool', env={'B': 'mine'},
                                        setup=(str(tmp_path / "it's.bash"),)))
    assert done.stdout == b'found setup mine\n'
    assert done.stderr == b'noise\n'


def fails(connection: Connection, error: type[LaunchServiceError], what: Command,
          *words: str) -> LaunchServiceError:
    process = RemoteProcess(what)
    with pytest.raises(error) as caught, process:
        process.start(connection.open_session(PATIENCE))
    message = str(caught.value)
    assert type(caught.value) is error
    assert '\n' not in message
    for word in words:
        assert word in message
    assert caught.value.facts['host'] == 'robot'
    assert caught.value.facts['command'] == what.argv
    return caught.value


def test_a_set_up_script_that_is_missing(connection: Connection) -> None:
    error = fails(connection, SetupScriptMissing, command('true', setup=('/no/setup.bash',)),
                  'robot has no set-up script /no/setup.bash')
    assert error.facts['script'] == '/no/setup.bash'


def test_a_set_up_script_that_exits(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / 'setup.sh').write_text('echo out of order >&2; exit 5')
    error = fails(connection, SetupScriptMissing,
                  command('true', setup=(str(tmp_path / 'setup.sh'),)), 'status 5', 'out of order')
    assert error.facts['exit_status'] == 5


def test_a_set_up_script_that_waits_for_ever(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / 'setup.sh').write_text(f'echo $$ > {tmp_path}/pid; sleep 1000')
    for timeout in (2.0, 8.0, PATIENCE):
        fails(connection, ConnectTimedOut,
              command('true', setup=(str(tmp_path / 'setup.sh'),), start_timeout=timeout),
              'a set-up script that waits')
        if (tmp_path / 'pid').exists():  # a busy machine may not get there before
            break
    wait_until(lambda: not alive(pid_from(tmp_path / 'pid')))


def test_a_shell_for_the_set_up_that_is_missing(
        make_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    few = tmp_path / 'few'
    few.mkdir()
    (tmp_path / 'setup.zsh').touch()
    server = make_sshd(SetEnv=f'PATH={few}')
    connection = connect(server.target())
    try:
        fails(connection, InterpreterMissing,
              command('true', setup=(str(tmp_path / 'setup.zsh'),), python=sys.executable),
              'robot lacks what runs zsh')
    finally:
        connection.close()


def test_python_that_is_missing(connection: Connection) -> None:
    error = fails(connection, InterpreterMissing, command('true', python='python9'),
                  'robot has no python9', 'install Python')
    assert error.facts['exit_status'] == 127


def test_python_that_is_missing_is_told_also_when_the_shell_is_faster(
        connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    send = paramiko.Channel.sendall

    def late(channel: paramiko.Channel, data: bytes) -> None:
        wait_until(lambda: channel.closed)
        send(channel, data)
    monkeypatch.setattr(paramiko.Channel, 'sendall', late)
    fails(connection, InterpreterMissing, command('true', python='python9'),
          'robot has no python9')


def test_python_that_is_too_old(connection: Connection, tmp_path: Path) -> None:
    old = tmp_path / 'python'
    old.write_text(f'#!{sys.executable}\nimport sys\nsys.version_info = (3, 6, 9)\n'
                   'sys.argv = sys.argv[2:]\nexec(sys.argv.pop(1))\n')
    old.chmod(0o755)
    fails(connection, InterpreterMissing, command('true', python=str(old)), 'too old', '(3.6)')


def test_a_login_shell_that_runs_nothing(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(ForceCommand='echo This account is closed. >&2; exit 1')
    connection = connect(server.target())
    try:
        error = fails(connection, RemoteFailed, command('true'), 'account is closed',
                      'exit status 1')
        assert error.facts['exit_status'] == 1
    finally:
        connection.close()


def test_a_login_shell_that_says_something_first(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(ForceCommand='echo Welcome; exec sh -c "$SSH_ORIGINAL_COMMAND"')
    connection = connect(server.target())
    try:
        assert complete(connection, command('echo', 'here')).stdout == b'here\n'
    finally:
        connection.close()


@pytest.mark.parametrize('shell', ['bash', 'dash', 'zsh', 'fish', 'tcsh'])
def test_every_login_shell_will_do(make_sshd: Callable[..., Sshd], shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f'there is no {shell}')
    server = make_sshd(ForceCommand=f'exec {shell} -c "$SSH_ORIGINAL_COMMAND"')
    connection = connect(server.target())
    try:
        argv = ["it's", '!', '\n', '\\']
        done = complete(connection, python(SHOW, *argv))
        assert json.loads(done.stdout)[0] == argv
    finally:
        connection.close()


def test_a_program_that_is_missing_or_none(connection: Connection, tmp_path: Path) -> None:
    fails(connection, RemoteFailed, command('no-such-program'), "can't start no-such-program",
          'No such file')
    (tmp_path / 'file').touch(0o644)
    fails(connection, RemoteFailed, command(str(tmp_path / 'file')), 'Permission denied')
    fails(connection, RemoteFailed, command('true', cwd='/nowhere'), 'the folder /nowhere')
    (tmp_path / 'tool').write_text('#!/no/such/interpreter\n')
    (tmp_path / 'tool').chmod(0o755)
    fails(connection, InterpreterMissing, command(str(tmp_path / 'tool')), 'the first line')


@pytest.mark.parametrize('version', ['3.8', '3.9', '3.13'])
def test_older_and_newer_pythons_will_do(
        connection: Connection, tmp_path: Path, version: str) -> None:
    # Also those of pyenv, by themselves: what it puts in the PATH may refuse.
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    places = [shutil.which(f'python{version}'),
              *home.glob(f'.pyenv/versions/{version}.*/bin/python3')]
    program = next((str(one) for one in places if one and not subprocess.run(
        [one, '-c', ''], capture_output=True, check=False, timeout=PATIENCE).returncode), None)
    if program is None:
        pytest.skip(f'there is no Python {version}')
    what = python(STUBBORN, str(tmp_path / 'pid'), python=program)
    with start(connection, what) as process:
        pid = pid_from(tmp_path / 'pid.grandchild')
        process.stop()
        assert process.wait(PATIENCE).signal == signal.SIGKILL
    assert not alive(pid)
