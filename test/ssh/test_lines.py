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

"""Each way in which a machine can fail, provoked, and the whole line that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import getpass
import os
from pathlib import Path
import subprocess
import sys
from typing import Any
import uuid

from harness import wait_until
import pytest
from ssh_accounts import why_not
from ssh_servers import free_port, keygen, PATIENCE, Sshd

from launch_service_node.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectRefused,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
    InterpreterMissing,
    LaunchServiceError,
    RemoteFailed,
    SetupScriptMissing,
)
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.running import run
from launch_service_node.ssh.target import Target

USER = getpass.getuser()


def line(target: Target, error: type[LaunchServiceError], *argv: str, **options: Any) -> str:
    """Return what is said when this is run there; a command that runs counts as a mistake."""
    with Pool() as pool, pytest.raises(LaunchServiceError) as caught:
        run(pool.open_session(target), Command(argv or ('true',), **options), PATIENCE)
    assert type(caught.value) is error, caught.value
    assert caught.value.facts['host'] == target.host
    return str(caught.value)


_RESOLVE = """
import sys
from launch_service_node.errors import NameNotResolved
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.target import Target
try:
    connect(Target(host='robot7', config_file='/dev/null'))
except NameNotResolved as error:
    print(error)
"""


@pytest.fixture
def resolve_with(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Give what tells of a name in a network without name servers, by this nsswitch.conf."""
    reason = why_not()
    if reason or not Path('/etc/nsswitch.conf').exists():
        pytest.skip(reason or 'there is no /etc/nsswitch.conf')

    def resolve(hosts: str) -> str:
        (tmp_path / 'nsswitch.conf').write_text(f'hosts: {hosts}\n')
        (tmp_path / 'resolv.conf').write_text('nameserver 192.0.2.1\n')
        script = ''.join(f'mount --bind {tmp_path}/{name} "$(readlink -f /etc/{name})"\n'
                         for name in ('nsswitch.conf', 'resolv.conf'))
        return subprocess.run(
            ['unshare', '--mount', '--net', 'sh', '-ec', script + 'exec "$@"', 'sh',
             sys.executable, '-c', _RESOLVE], text=True, check=True, timeout=PATIENCE,
            stdout=subprocess.PIPE, env={
                **os.environ, 'PYTHONPATH': str(Path(__file__).resolve().parents[2])}).stdout
    yield resolve


def test_a_name_that_nobody_knows(resolve_with: Callable[[str], str]) -> None:
    assert resolve_with('files') == (
        'nobody knows a host named robot7: check the spelling, /etc/hosts and the name server '
        '(Name or service not known)\n')
    assert resolve_with('dns') == (
        'the name robot7 is not resolved, as no name server answers: check the network of this '
        'computer, or give an address\n')


def test_refused(sshd: Sshd) -> None:
    port = free_port()
    assert line(sshd.target(port=port), ConnectRefused) == (
        f'robot (127.0.0.1 port {port}) refuses the connection: start sshd there, or give its '
        'port')


def _fingerprint(sshd: Sshd) -> str:
    said = subprocess.run(['ssh-keygen', '-lf', f'{sshd.host_key}.pub'], text=True, check=True,
                          capture_output=True, timeout=PATIENCE).stdout
    return said.split()[1]


def test_a_host_key_that_is_unknown(sshd: Sshd) -> None:
    sshd.know('')
    key = f'{sshd.name} {sshd.public(sshd.host_key)}'
    assert line(sshd.target(), HostKeyUnknown) == (
        f'the host key of robot is not known: it shows ssh-ed25519 {_fingerprint(sshd)}; compare '
        'it on the host with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`, then record it '
        f"with: printf '%s\\n' '{key}' >> {sshd.known_hosts}")


def test_a_host_key_that_is_another(sshd: Sshd, tmp_path: Path) -> None:
    sshd.know(f'{sshd.name} {sshd.public(keygen(tmp_path / "other"))}')
    assert line(sshd.target(), HostKeyChanged) == (
        f'robot shows another host key (ssh-ed25519, {_fingerprint(sshd)}) than the one in '
        f'{sshd.known_hosts} line 1 (ssh-ed25519): somebody may be in between; if the host was '
        f"set up anew, remove the old one with `ssh-keygen -f {sshd.known_hosts} -R "
        f"'{sshd.name}'`")


def test_a_host_key_that_is_not_the_one_asked_for(sshd: Sshd) -> None:
    asked = 'SHA256:' + 'A' * 43
    assert line(sshd.target(host_key_policy=asked), HostKeyChanged) == (
        f'robot shows a ssh-ed25519 key with the fingerprint {_fingerprint(sshd)}, not {asked}: '
        'somebody may be in between; compare it on the host with `ssh-keygen -lf '
        '/etc/ssh/ssh_host_ed25519_key.pub`')


def test_a_host_key_that_is_revoked(sshd: Sshd) -> None:
    sshd.know(f'@revoked * {sshd.public(sshd.host_key)}')
    assert line(sshd.target(), HostKeyRevoked) == (
        f'robot shows a ssh-ed25519 key ({_fingerprint(sshd)}) that {sshd.known_hosts} line 1 '
        'revokes: give the host a new key')


def test_a_key_that_is_not_authorized(sshd: Sshd, tmp_path: Path) -> None:
    stranger = keygen(tmp_path / 'stranger')
    assert line(sshd.target(ssh_key=str(stranger)), AuthenticationFailed) == (
        f"robot doesn't let {USER} in: tried {stranger}; put the public key into ~{USER}/.ssh/"
        'authorized_keys there (ssh-copy-id does it), or name the right one as ssh_key')


def test_a_key_that_does_not_open(sshd: Sshd, tmp_path: Path) -> None:
    locked = keygen(tmp_path / 'locked', passphrase='open sesame')
    start = f"{USER}@robot: the key can't be used: {locked} "
    assert line(sshd.target(ssh_key=str(locked)), AuthenticationFailed) == (
        start + 'has a passphrase: give it as `passphrase`, or add the key to the agent with '
        '`ssh-add`')
    assert line(sshd.target(ssh_key=str(locked), passphrase='x'), AuthenticationFailed) == (
        start + "doesn't open with the passphrase that was given")


def test_no_session(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(MaxSessions=0)
    assert line(server.target(), ConnectionFailed) == (
        'robot opens no session: Connect failed; look for MaxSessions and ForceCommand in its '
        'sshd_config')


def test_a_login_shell_that_runs_nothing(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(ForceCommand='echo This account is closed. >&2; exit 1')
    assert line(server.target(), RemoteFailed) == (
        f'the login shell of {USER} on robot runs no command (exit status 1: This account is '
        'closed.); try `ssh robot true`')


def test_a_set_up_script_that_is_missing(sshd: Sshd) -> None:
    assert line(sshd.target(), SetupScriptMissing, setup=('/opt/ros/no/setup.bash',)) == (
        f'robot has no set-up script /opt/ros/no/setup.bash that {USER} can read: check its path '
        'there')


def test_a_set_up_script_that_ends(sshd: Sshd, tmp_path: Path) -> None:
    script = tmp_path / 'setup.sh'
    script.write_text('echo out of order >&2; exit 5')
    assert line(sshd.target(), SetupScriptMissing, setup=(str(script),)) == (
        'a set-up script on robot ends the shell that sources it (status 5: out of order); try '
        f'`. {script}` there')


def test_python_that_is_missing(sshd: Sshd) -> None:
    message = line(sshd.target(), InterpreterMissing, python='python9')
    assert message.startswith('robot has no python9: install Python 3.8 or later there, or name '
                              'another one (')
    assert message.endswith('python9: not found)')


def test_python_that_is_too_old(sshd: Sshd, tmp_path: Path) -> None:
    old = tmp_path / 'python'
    old.write_text('#!/bin/sh\necho "python too old: 3.6" >&2; exit 1\n')
    old.chmod(0o755)
    assert line(sshd.target(), InterpreterMissing, python=str(old)) == (
        f'robot has too old a {old} (3.6): install Python 3.8 or later there, or name another one')


def test_an_interpreter_of_a_script_that_is_missing(sshd: Sshd, tmp_path: Path) -> None:
    tool = tmp_path / 'tool'
    tool.write_text('#!/no/such/interpreter\n')
    tool.chmod(0o755)
    assert line(sshd.target(), InterpreterMissing, str(tool)) == (
        f'robot lacks what runs {tool}: install it, or correct the first line of the file')


def test_a_command_that_cannot_start(sshd: Sshd) -> None:
    assert line(sshd.target(), RemoteFailed, 'no-such-program') == (
        "robot can't start no-such-program: No such file or directory; check its path there, and "
        'the set-up scripts')
    assert line(sshd.target(), RemoteFailed, cwd='/nowhere') == (
        "robot can't enter the folder /nowhere: No such file or directory; check its path there")


def test_a_command_that_fails(sshd: Sshd) -> None:
    assert line(sshd.target(), RemoteFailed, 'sh', '-c', 'echo no way >&2; exit 3') == (
        'sh on robot failed (exit status 3): no way')
    assert line(sshd.target(), RemoteFailed, 'sh', '-c', 'kill -9 $$') == (
        'sh on robot failed (SIGKILL), and said nothing about it')


def test_secrets_are_seen_by_nobody_on_the_machine(sshd: Sshd, tmp_path: Path) -> None:
    # Nobody else's: everybody on this host is looked at.
    passphrase, password, token = secrets = [uuid.uuid4().hex for _ in range(3)]
    locked = keygen(tmp_path / 'locked', passphrase=passphrase)
    sshd.authorized.write_text('\n'.join([sshd.public(sshd.user_key), sshd.public(locked), '']))
    connection = connect(sshd.target(ssh_key=str(locked), passphrase=passphrase,
                                     password=password))
    looked = 0
    try:
        with RemoteProcess(Command(('sleep', '1000'), env={'TOKEN': token})) as process:
            process.start(connection.open_session(PATIENCE))
            for entry in Path('/proc').iterdir():
                if not entry.name.isdigit() or int(entry.name) == os.getpid():
                    continue
                try:
                    words = (entry / 'cmdline').read_bytes()
                    env = (entry / 'environ').read_bytes()
                except OSError:
                    continue
                looked += 1
                for secret in secrets:
                    assert secret.encode() not in words
                    assert secret.encode() not in env or secret == token
            # It is empty while exec is at work still.
            assert f'TOKEN={token}'.encode() in wait_until(
                Path(f'/proc/{process.pid}/environ').read_bytes)
            shown = repr(process.command) + repr(process.__dict__) + repr(connection.__dict__)
    finally:
        connection.close()
    assert looked > 3
    for text in (shown, sshd.log()):
        assert not any(secret in text for secret in secrets)
