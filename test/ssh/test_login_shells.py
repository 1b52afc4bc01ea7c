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

"""Whatever the login shell in /etc/passwd is: what a real sshd hands on arrives unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import shutil
import sys
from typing import Any, NamedTuple

from hypothesis import example, given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
from shell_words import heard, name, NASTY, TELL, text
from ssh_accounts import why_not, with_account
from ssh_servers import PATIENCE, Sshd

from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect, Connection
from launch_service_node.ssh.quoting import remote_command
from launch_service_node.ssh.running import run


class Account(NamedTuple):
    """A user that has logged in."""

    shell: str
    connection: Connection


@pytest.fixture(scope='module', params=['sh', 'bash', 'dash', 'zsh', 'fish', 'csh', 'tcsh'])
def account(request: Any, shared: Any, tmp_path_factory: pytest.TempPathFactory
            ) -> Iterator[Account]:
    """Give a connection to a server where this user has another login shell."""
    shell = shutil.which(request.param)
    reason = why_not() or ('' if shell else f'there is no {request.param}')
    if reason:
        pytest.skip(reason)
    server = Sshd(tmp_path_factory.mktemp('sshd') / request.param)
    connection = None
    try:
        server.start(with_account(server.folder, server.command(), shell))
        connection = connect(server.target())
        yield Account(str(shell), connection)
    finally:
        if connection is not None:
            connection.close()
        server.stop()


def ask(account: Account, line: str) -> bytes:
    """Return what a line said that sshd gave to the login shell."""
    session = account.connection.open_session(PATIENCE)
    try:
        channel = session.channel
        channel.settimeout(PATIENCE)
        channel.exec_command(line)
        said = b''
        while data := channel.recv(1 << 16):
            said += data
        errors = channel.recv_stderr(1 << 16)
        assert channel.recv_exit_status() == 0, errors
        return said
    finally:
        session.close()


def test_the_login_shell_is_that_one(account: Account) -> None:
    assert ask(account, 'echo $SHELL').decode().strip() == account.shell
    if account.shell.endswith('fish'):
        assert ask(account, 'echo $FISH_VERSION') != b'\n'
    if account.shell.endswith('csh'):
        assert ask(account, 'echo $?shell') == b'1\n'


def test_nasty_words_arrive_all_at_once(account: Account) -> None:
    env = {f'T_{number}': word for number, word in enumerate(NASTY)}
    argv, environment, _ = heard(ask(account, remote_command(
        [sys.executable, '-c', TELL, *NASTY], env)))
    assert argv == NASTY
    assert {key: environment[key] for key in env} == env


@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(argv=st.lists(text, max_size=5), env=st.dictionaries(name, text, max_size=4))
@example(argv=['-n', '\n', '!!', '\\!', '\\'], env={'T_A': '\\\n!', 'T_B': '日本'})
def test_any_words_arrive(account: Account, argv: list[str], env: dict[str, str]) -> None:
    found, environment, _ = heard(ask(account, remote_command(
        [sys.executable, '-c', TELL, *argv], env)))
    assert found == argv
    assert {key: environment[key] for key in env} == env


def test_a_folder_and_a_set_up_script_of_any_name(account: Account, tmp_path: Path) -> None:
    folder = tmp_path / "-it's! a\nfolder \\"
    folder.mkdir()
    (folder / 'setup.sh').write_text('export T_SETUP=$PWD')
    _, env, cwd = heard(ask(account, remote_command(
        [sys.executable, '-c', TELL], cwd=str(folder), setup=[str(folder / 'setup.sh')])))
    assert cwd == str(folder)
    assert 'T_SETUP' in env


def test_a_command_that_dies_with_its_link_gets_what_it_was_given(
        account: Account, tmp_path: Path) -> None:
    (tmp_path / "it's!.bash").write_text('export T_SETUP=1')
    env = {f'T_{number}': word for number, word in enumerate(NASTY)}
    done = run(account.connection.open_session(PATIENCE), Command(
        (sys.executable, '-c', TELL, *NASTY), env, str(tmp_path),
        setup=(str(tmp_path / "it's!.bash"),)), PATIENCE)
    argv, environment, cwd = heard(done.stdout)
    assert (argv, cwd, environment['T_SETUP']) == (NASTY, str(tmp_path), '1')
    assert {key: environment[key] for key in env} == env
    assert environment['SHELL'] == account.shell


def test_exit_status_and_streams_are_the_commands(account: Account) -> None:
    done = run(account.connection.open_session(PATIENCE), Command(
        ('sh', '-c', 'echo out; echo err >&2; exit 42')), PATIENCE, check=False)
    assert (done.stdout, done.stderr, done.exit.code) == (b'out\n', b'err\n', 42)
