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

"""Connecting to a real sshd, and each way in which that fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import getpass
import logging
from pathlib import Path
import socket
import subprocess
import threading
from typing import Any

import pytest
from ssh_servers import free_port, keygen, odd_server, Sshd

from launch_service_node.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    ConnectRefused,
    ConnectTimedOut,
    HostKeyChanged,
    HostKeyError,
    HostKeyRevoked,
    HostKeyUnknown,
    InvalidRequest,
    LaunchServiceError,
    NameNotResolved,
)
from launch_service_node.ssh.config import resolve
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.target import Target


def without_ssh(target: Target) -> Any:
    return resolve(target, ssh=None)


def works(target: Target, **options: Any) -> None:
    connection = connect(target, **options)
    try:
        session = connection.open_session(30)
        channel = session.channel
        channel.exec_command('echo here')
        channel.settimeout(30)
        assert channel.recv(100) == b'here\n'
        session.close()
    finally:
        connection.close()
    assert not connection.alive


def fails(target: Target, error: type[LaunchServiceError], *words: str) -> LaunchServiceError:
    before = threading.active_count()
    with pytest.raises(error) as caught:
        connect(target).close()
    message = str(caught.value)
    assert '\n' not in message
    for word in words:
        assert word in message
    assert type(caught.value) is error
    assert threading.active_count() <= before + 1, 'a failure leaves threads'
    return caught.value


@pytest.mark.parametrize('resolver', [resolve, without_ssh])
def test_an_alias_of_ssh_config_is_reached(sshd: Sshd, resolver: Any) -> None:
    works(sshd.target(), resolver=resolver)


def test_a_name_that_nobody_knows(sshd: Sshd) -> None:
    error = fails(sshd.target(host='nobody.invalid'), NameNotResolved, 'nobody.invalid', 'check')
    assert error.facts['host'] == 'nobody.invalid'


def test_a_port_where_nobody_listens(sshd: Sshd) -> None:
    port = free_port()
    fails(sshd.target(port=port), ConnectRefused, f'127.0.0.1 port {port}', 'start sshd')


def test_a_host_that_never_answers(sshd: Sshd) -> None:
    with odd_server() as port:
        fails(sshd.target(port=port, connect_timeout=0.5), ConnectTimedOut, 'says nothing')


def test_a_server_that_speaks_no_ssh(sshd: Sshd) -> None:
    with odd_server(b'HTTP/1.0 400 Bad Request\r\n\r\n') as port:
        fails(sshd.target(port=port), ConnectionFailed, "doesn't speak SSH")


def test_a_server_that_hangs_up(sshd: Sshd) -> None:
    with odd_server(b'') as port:
        fails(sshd.target(port=port), ConnectionLost, 'closes the connection', 'MaxStartups')


def test_an_unknown_host_is_refused_with_the_command_that_records_its_key(sshd: Sshd) -> None:
    sshd.know('')
    error = fails(sshd.target(), HostKeyUnknown, 'not known', 'SHA256:', str(sshd.known_hosts))
    subprocess.run(['sh', '-c', str(error.facts['remedy'])], check=True, timeout=30)
    works(sshd.target())


def test_the_fingerprint_in_the_refusal_is_ssh_keygens(sshd: Sshd) -> None:
    sshd.know('')
    error = fails(sshd.target(), HostKeyUnknown)
    said = subprocess.run(['ssh-keygen', '-lf', f'{sshd.host_key}.pub'], text=True, check=True,
                          capture_output=True, timeout=30).stdout
    assert str(error.facts['fingerprint']) in said


def test_a_changed_key_is_refused_whatever_the_policy(sshd: Sshd, tmp_path: Path) -> None:
    other = keygen(tmp_path / 'other')
    sshd.know(f'{sshd.name} {sshd.public(other)}')
    for policy in ('strict', 'accept-new'):
        fails(sshd.target(host_key_policy=policy), HostKeyChanged, 'line 1', 'ssh-keygen',
              f"-R '{sshd.name}'")


def test_a_known_host_without_a_key_of_the_known_type_is_refused_whatever_the_policy(
        sshd: Sshd, tmp_path: Path) -> None:
    other = keygen(tmp_path / 'other', 'rsa')
    sshd.know(f'{sshd.name} {sshd.public(other)}')
    for policy in ('strict', 'accept-new'):
        error = fails(sshd.target(host_key_policy=policy), HostKeyUnknown)
        assert str(error).startswith(
            f'robot is known by a ssh-rsa key ({sshd.known_hosts} line 1), and shows only one of '
            'another type: it shows ssh-ed25519 SHA256:')
    subprocess.run(['sh', '-c', str(error.facts['remedy'])], check=True, timeout=30)
    works(sshd.target())


def test_a_revoked_key_is_refused_whatever_the_policy(sshd: Sshd) -> None:
    fingerprint = str(_fingerprint(sshd))
    line = f'{sshd.name} {sshd.public(sshd.host_key)}'
    sshd.know(f'{line}\n@revoked * {sshd.public(sshd.host_key)}')
    for policy in ('strict', 'accept-new', fingerprint):
        fails(sshd.target(host_key_policy=policy), HostKeyRevoked, 'line 2', 'new key')


def test_accept_new_records_the_key_once(sshd: Sshd) -> None:
    sshd.known_hosts.unlink()
    target = sshd.target(host_key_policy='accept-new')
    works(target)
    works(target)
    assert sshd.known_hosts.read_text() == f'{sshd.name} {sshd.public(sshd.host_key)}\n'
    assert sshd.known_hosts.stat().st_mode & 0o77 == 0
    works(sshd.target())


def test_accept_new_keeps_a_file_without_a_last_newline_whole(sshd: Sshd) -> None:
    sshd.known_hosts.write_text('# by hand')
    works(sshd.target(host_key_policy='accept-new'))
    assert sshd.known_hosts.read_text().startswith('# by hand\n[')


def test_a_key_that_cannot_be_recorded_is_not_trusted(sshd: Sshd) -> None:
    sshd.write_config(f'UserKnownHostsFile {sshd.folder}/ssh_config/known_hosts')
    fails(sshd.target(host_key_policy='accept-new'), HostKeyError, "can't be recorded")


def _fingerprint(sshd: Sshd) -> object:
    sshd.know('')
    return fails(sshd.target(), HostKeyUnknown).facts['fingerprint']


def test_a_fingerprint_is_enough_and_another_is_refused(sshd: Sshd) -> None:
    fingerprint = str(_fingerprint(sshd))
    works(sshd.target(host_key_policy=fingerprint))
    other = 'SHA256:' + 'A' * 43
    fails(sshd.target(host_key_policy=other), HostKeyChanged, fingerprint, other)


@pytest.mark.parametrize('line', [
    '{name} {key}', '*,!nobody {key}', '[127.0.0.?]:* {key}', 'other,{name} {key} comment',
    '@cert-authority * {key}\n{name} {key}', 'not a line\n\n# one\n{name} {key}'])
def test_lines_that_mean_the_host(sshd: Sshd, line: str) -> None:
    sshd.know(line.format(name=sshd.name, key=sshd.public(sshd.host_key)))
    works(sshd.target())


@pytest.mark.parametrize('line', [
    '127.0.0.1 {key}', '*,!{name} {key}', '@cert-authority * {key}', '{name} ssh-ed25519 !!!'])
def test_lines_that_do_not_mean_the_host(sshd: Sshd, line: str) -> None:
    sshd.know(line.format(name=sshd.name, key=sshd.public(sshd.host_key)))
    error = fails(sshd.target(), HostKeyUnknown)
    assert ('@cert-authority' in str(error)) == ('authority' in line)


def test_a_hashed_line_means_the_host(sshd: Sshd) -> None:
    subprocess.run(['ssh-keygen', '-q', '-H', '-f', str(sshd.known_hosts)], check=True,
                   timeout=30, capture_output=True)
    assert sshd.known_hosts.read_text().startswith('|1|')
    works(sshd.target())


def test_the_recorded_type_is_asked_for(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(started=False)
    rsa = keygen(server.folder / 'rsa', 'rsa')
    server.options['HostKey'] = f'{server.host_key}\nHostKey {rsa}'
    server.start()
    server.know(f'{server.name} {server.public(rsa)}')
    works(server.target())


@pytest.mark.parametrize('resolver', [resolve, without_ssh])
def test_host_key_alias_is_the_name_that_counts(sshd: Sshd, resolver: Any) -> None:
    sshd.write_config('HostKeyAlias my-robot')
    sshd.know(f'my-robot {sshd.public(sshd.host_key)}')
    works(sshd.target(), resolver=resolver)


def test_a_key_that_the_host_does_not_know(sshd: Sshd, tmp_path: Path) -> None:
    stranger = keygen(tmp_path / 'stranger')
    error = fails(sshd.target(ssh_key=str(stranger)), AuthenticationFailed, str(stranger),
                  'ssh-copy-id')
    assert error.facts['tried'] == (str(stranger),)


def test_no_key_at_all(sshd: Sshd) -> None:
    fails(sshd.target(ssh_key=None), AuthenticationFailed, 'no key to try')


def test_a_key_file_that_is_missing_or_no_key(sshd: Sshd) -> None:
    fails(sshd.target(ssh_key='/nowhere/id'), AuthenticationFailed, '/nowhere/id: No such file')
    fails(sshd.target(ssh_key=f'{sshd.user_key}.pub'), AuthenticationFailed,
          'holds no private key')


@pytest.mark.parametrize('kind', ['ed25519', 'rsa', 'ecdsa'])
def test_a_passphrase_opens_the_key_and_shows_nowhere(
        sshd: Sshd, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger('launch_service_node.ssh.transport')
    logger.setLevel(logging.DEBUG)
    logger.addHandler(caplog.handler)
    key = keygen(tmp_path / 'locked', kind, 'open sesame')
    sshd.authorized.write_text('\n'.join([sshd.public(sshd.user_key), sshd.public(key), '']))
    target = sshd.target(ssh_key=str(key), passphrase='open sesame', password='hunter2')
    assert 'sesame' not in repr(target) and 'hunter2' not in repr(target)
    works(target)
    seen = [fails(replace(target, passphrase='close sesame', ssh_key=str(key)),
                  AuthenticationFailed, 'passphrase'),
            fails(replace(target, passphrase=None), AuthenticationFailed, 'ssh-add')]
    stranger = keygen(tmp_path / 'stranger')
    seen.append(fails(replace(target, ssh_key=str(stranger)), AuthenticationFailed))
    logger.removeHandler(caplog.handler)
    for error in seen:
        for text in (str(error), repr(error.facts), repr(error.__cause__)):
            assert 'sesame' not in text and 'hunter2' not in text
    assert 'userauth' in caplog.text
    assert 'sesame' not in caplog.text and 'hunter2' not in caplog.text
    assert 'sesame' not in sshd.log() and 'hunter2' not in sshd.log()


def test_the_agent_has_the_key(sshd: Sshd, agent: Path) -> None:
    subprocess.run(['ssh-add', '-q', str(sshd.user_key)], check=True, timeout=30)
    sshd.write_config(f'IdentityAgent {agent}')
    works(sshd.target(ssh_key=None))
    sshd.write_config('IdentityAgent SSH_AUTH_SOCK')
    works(sshd.target(ssh_key=None))
    sshd.write_config('IdentityAgent none')
    fails(sshd.target(ssh_key=None), AuthenticationFailed, 'no key to try')


def test_identities_only_leaves_the_agents_other_keys_alone(
        sshd: Sshd, agent: Path, tmp_path: Path) -> None:
    subprocess.run(['ssh-add', '-q', str(sshd.user_key)], check=True, timeout=30)
    stranger = keygen(tmp_path / 'stranger')
    lines = [f'IdentityAgent {agent}', f'IdentityFile {stranger}']
    sshd.write_config(*lines, 'IdentitiesOnly yes')
    error = fails(sshd.target(ssh_key=None), AuthenticationFailed)
    assert error.facts['tried'] == (str(stranger),)
    sshd.write_config(*lines)
    works(sshd.target(ssh_key=None))


def test_an_agent_that_is_gone_is_no_obstacle(sshd: Sshd, tmp_path: Path) -> None:
    sshd.write_config(f'IdentityAgent {tmp_path}/gone')
    works(sshd.target())


def test_an_agent_that_says_nothing_is_named_and_no_obstacle(
        sshd: Sshd, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / 'silent'))
        silent.listen()
        sshd.write_config(f'IdentityAgent {tmp_path}/silent')
        works(sshd.target())
        fails(sshd.target(ssh_key=None), AuthenticationFailed,
              f"not usable: the agent at {tmp_path}/silent doesn't answer")


def test_an_agent_that_does_not_sign_is_told_from_a_host_that_refuses(
        sshd: Sshd, agent: Path) -> None:
    subprocess.run(['ssh-add', '-q', '-c', str(sshd.user_key)], check=True, timeout=30)
    sshd.write_config(f'IdentityAgent {agent}')
    # Nobody is there to confirm.
    fails(sshd.target(ssh_key=None), AuthenticationFailed,
          'the agent, asked to sign with the key SHA256:', ' of the agent, refuses', 'ssh-add -X')


def test_a_certificate_beside_the_key_counts(make_sshd: Callable[..., Sshd],
                                             tmp_path: Path) -> None:
    authority, key = keygen(tmp_path / 'authority'), keygen(tmp_path / 'key')
    server = make_sshd(TrustedUserCAKeys=f'{authority}.pub')
    fails(server.target(ssh_key=str(key)), AuthenticationFailed)
    subprocess.run(['ssh-keygen', '-q', '-s', str(authority), '-I', 'id', '-n',
                    getpass.getuser(), f'{key}.pub'], check=True, timeout=30)
    works(server.target(ssh_key=str(key)))


def test_a_host_that_takes_other_proofs_says_which(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(PubkeyAuthentication='no', PasswordAuthentication='yes')
    fails(server.target(), AuthenticationFailed, 'the host takes only: password')


def test_too_many_keys_are_not_tried(sshd: Sshd, tmp_path: Path) -> None:
    keys = [keygen(tmp_path / f'key{number}') for number in range(8)]
    sshd.write_config(*(f'IdentityFile {key}' for key in keys))
    error = fails(sshd.target(ssh_key=None), AuthenticationFailed)
    assert len(error.facts['tried']) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize('resolver', [resolve, without_ssh])
def test_a_proxy_command_is_used(sshd: Sshd, resolver: Any, tmp_path: Path) -> None:
    program = tmp_path / 'relay.py'
    program.write_text(_RELAY)
    sshd.write_config(f'ProxyCommand python3 {program} %h %p {tmp_path}/pid')
    works(sshd.target(), resolver=resolver)
    pid = int((tmp_path / 'pid').read_text())
    assert not Path(f'/proc/{pid}').exists()


_RELAY = """
import os, select, socket, sys
open(sys.argv[3], 'w').write(str(os.getpid()))
there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    for one in select.select([0, there], [], [])[0]:
        data = os.read(0, 65536) if one == 0 else there.recv(65536)
        if not data:
            sys.exit()
        if one == 0:
            there.sendall(data)
        else:
            os.write(1, data)
"""


def test_a_proxy_command_that_fails_says_why(sshd: Sshd) -> None:
    sshd.write_config('ProxyCommand sh -c "echo no way out >&2; exit 3"')
    error = fails(sshd.target(), ConnectionFailed, 'ProxyCommand', 'status 3', 'no way out')
    assert error.facts['exit_status'] == 3


@pytest.mark.parametrize('resolver', [resolve, without_ssh])
def test_jump_hosts_of_ssh_config(sshd: Sshd, make_sshd: Callable[..., Sshd],
                                  resolver: Any) -> None:
    jump = make_sshd()
    jump.authorized.write_text(sshd.authorized.read_text())
    _two(sshd, jump, f'ProxyJump 127.0.0.1:{jump.port}')
    works(sshd.target(), resolver=resolver)
    assert jump.connections() == 1


def _two(sshd: Sshd, jump: Sshd, *lines: str) -> None:
    sshd.write_config(*lines)
    sshd.know(f'{sshd.name} {sshd.public(sshd.host_key)}\n{jump.name} '
              f'{jump.public(jump.host_key)}')


def test_several_jump_hosts_named_by_the_user(sshd: Sshd, make_sshd: Callable[..., Sshd]) -> None:
    jump = make_sshd()
    jump.authorized.write_text(sshd.authorized.read_text())
    _two(sshd, jump, 'ProxyCommand false')
    hop = f'127.0.0.1:{jump.port}'
    works(sshd.target(jump_hosts=(hop, hop)))
    assert jump.connections() == 2


def test_what_fails_at_a_jump_host_names_it(sshd: Sshd, make_sshd: Callable[..., Sshd]) -> None:
    jump = make_sshd(AllowTcpForwarding='no')
    jump.authorized.write_text(sshd.authorized.read_text())
    hop = f'127.0.0.1:{jump.port}'
    fails(sshd.target(jump_hosts=(hop,)), HostKeyUnknown, 'the host key of 127.0.0.1', jump.name)
    _two(sshd, jump)
    fails(sshd.target(jump_hosts=(hop,)), ConnectionFailed, 'forwards no connections')


def test_a_host_that_the_jump_host_cannot_reach(sshd: Sshd) -> None:
    fails(sshd.target(port=free_port(), jump_hosts=(f'127.0.0.1:{sshd.port}',)), ConnectRefused,
          "the jump host 127.0.0.1 can't connect to robot")


def test_a_circle_of_jump_hosts_ends(sshd: Sshd) -> None:
    sshd.write_config('ProxyJump robot')
    with pytest.raises(LaunchServiceError, match='circle|jump'):
        connect(sshd.target())


def test_a_session_that_is_refused(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(MaxSessions=0)
    connection = connect(server.target())
    try:
        with pytest.raises(ConnectionFailed, match='opens no session'):
            connection.open_session(30)
    finally:
        connection.close()


@pytest.mark.parametrize('wrong', [
    {'host': '-oProxyCommand=id'}, {'host': 'a;b'}, {'host': 'a b'}, {'host': ''},
    {'host': '$(id)'},
    {'user': '-l'}, {'user': 'a;b'}, {'port': 0}, {'port': 70000}, {'connect_timeout': 0},
    {'host_key_policy': 'no'}, {'host_key_policy': 'SHA256:short'}])
def test_what_cannot_be_right_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Target(**{'host': 'robot', **wrong})
