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

"""Passwords, questions, and several proofs: what gets in, and what is said when nothing does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
import logging
from pathlib import Path
import re
import socket
import subprocess
import threading
from typing import Any

from harness import wait_until
import paramiko
import pytest
from ssh_accounts import PASSWORD, why_not, with_account
from ssh_servers import keygen, PATIENCE, Sshd

from launch_service_node.errors import AuthenticationFailed, ConnectionLost
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.handshake import _Transport
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.running import run
from launch_service_node.ssh.target import Target


@pytest.fixture
def account(make_sshd: Callable[..., Sshd]) -> Callable[..., Sshd]:
    """Give what starts a server where this user has a password; skip where it can't be."""
    def make(**options: str) -> Sshd:
        reason = why_not()
        if reason:
            pytest.skip(reason)
        server = make_sshd(started=False, **options)
        return server.start(with_account(server.folder, server.command()))
    return make


def works(target: Target) -> None:
    connection = connect(target)
    try:
        done = run(connection.open_session(PATIENCE), Command(('echo', 'here')), PATIENCE)
        assert done.stdout == b'here\n'
    finally:
        connection.close()


def refused(target: Target) -> str:
    with pytest.raises(AuthenticationFailed) as caught:
        connect(target).close()
    error = caught.value
    for text in (str(error), repr(error), repr(error.facts), repr(error.__cause__)):
        assert PASSWORD not in text and 'hunter2' not in text
        assert '\n' not in text
    return str(error)


_BY_PASSWORD = {'PasswordAuthentication': 'yes'}
_BY_QUESTIONS = {'UsePAM': 'yes', 'KbdInteractiveAuthentication': 'yes'}


@pytest.mark.parametrize('options', [_BY_PASSWORD, _BY_QUESTIONS], ids=['asked', 'PAM asks'])
def test_a_password_lets_in(account: Callable[..., Sshd], options: dict[str, str]) -> None:
    server = account(PubkeyAuthentication='no', **options)
    works(server.target(ssh_key=None, password=PASSWORD))


@pytest.mark.parametrize('options', [_BY_PASSWORD, _BY_QUESTIONS], ids=['asked', 'PAM asks'])
def test_a_wrong_password_is_tried_once_and_told(
        account: Callable[..., Sshd], options: dict[str, str]) -> None:
    server = account(PubkeyAuthentication='no', **options)
    message = refused(server.target(ssh_key=None, password='hunter2'))
    user = server.target().user
    assert message.startswith(f"robot doesn't let {user} in: tried the password; it refuses the "
                              'password that was given; ')
    assert message.endswith(f'give the right one, or put the public key into ~{user}/.ssh/'
                            'authorized_keys there (ssh-copy-id does it), or name the right one '
                            'as ssh_key' if options is _BY_PASSWORD else
                            'the host takes only: keyboard-interactive')
    # It is written down only after the answer.
    assert len(wait_until(lambda: re.findall('Failed (?:password|keyboard-interactive)',
                                             server.log()))) == 1


def test_a_missing_password_is_asked_for(account: Callable[..., Sshd]) -> None:
    server = account(PubkeyAuthentication='no', **_BY_PASSWORD)
    assert refused(server.target()).endswith('the host takes only: password; give `password`')


@pytest.mark.parametrize('options, methods', [
    (_BY_PASSWORD, 'publickey,password'), (_BY_QUESTIONS, 'publickey,keyboard-interactive'),
    ({}, 'publickey,publickey')])
def test_two_proofs_together_let_in(account: Callable[..., Sshd], options: dict[str, str],
                                    methods: str) -> None:
    server = account(AuthenticationMethods=methods, **options)
    second = keygen(server.folder / 'second')
    server.authorized.write_text('\n'.join(map(server.public, [server.user_key, second])) + '\n')
    server.write_config(f'IdentityFile {second}')
    works(server.target(password=PASSWORD))
    if 'publickey,publickey' not in methods:
        missing = refused(server.target())
        assert missing.endswith(f'takes only: {methods.split(",")[1]}; give `password`')


class _Asking(paramiko.ServerInterface):
    """Asks the questions it is given, and lets in whoever answers as expected."""

    def __init__(self, rounds: list[list[tuple[str, bool, str]]]) -> None:
        self.rounds = list(rounds)
        self.answers: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        return 'keyboard-interactive'

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        return self._ask()

    def check_auth_interactive_response(self, responses: list[str]) -> Any:
        self.answers += responses
        expected = [answer for _, _, answer in self.rounds.pop(0)]
        if responses != expected:
            return paramiko.common.AUTH_FAILED
        return self._ask() if self.rounds else paramiko.common.AUTH_SUCCESSFUL

    def _ask(self) -> paramiko.InteractiveQuery:
        return paramiko.InteractiveQuery('', '', *(
            (text, shown) for text, shown, _ in self.rounds[0]))


class _WithoutRSA(paramiko.Transport):
    """A server's half that says it takes no RSA keys; who shows one is refused, no more."""

    @property
    def preferred_pubkeys(self) -> tuple[str, ...]:
        # It is told before there is a handler, and that one would hang up.
        every = super().preferred_pubkeys
        return every if self.auth_handler else tuple(one for one in every if 'rsa' not in one)


@contextmanager
def asking(sshd: Sshd, *rounds: list[tuple[str, bool, str]],
           half: type[paramiko.Transport] = paramiko.Transport
           ) -> Iterator[tuple[Target, _Asking]]:
    """Give how to reach a server that asks, and that server."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen()
        listener.settimeout(PATIENCE)
        server = _Asking(list(rounds))
        served: list[paramiko.Transport] = []

        def serve() -> None:
            transport = half(listener.accept()[0])
            served.append(transport)
            transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(
                str(sshd.host_key)))
            with suppress(EOFError):  # whoever was refused has hung up
                transport.start_server(server=server)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        sshd.know(f'[127.0.0.1]:{port} {sshd.public(sshd.host_key)}')
        try:
            yield sshd.target(port=port, ssh_key=None, password=PASSWORD), server
        finally:
            thread.join(PATIENCE)
            for transport in served:
                transport.close()


def test_the_password_answers_the_first_hidden_question(sshd: Sshd) -> None:
    with asking(sshd, [('Your words, please: ', False, PASSWORD)], []) as (target, server):
        connect(target).close()
    assert server.answers == [PASSWORD]


@pytest.mark.parametrize('rounds', [
    [[('Password: ', False, PASSWORD), ('Verification\n code: ', True, '123')]],
    [[('Password: ', False, PASSWORD)], [('Verification  code: ', False, '123')]]])
def test_a_question_that_nobody_can_answer_is_told(sshd: Sshd, rounds: Any) -> None:
    with asking(sshd, *rounds) as (target, server):
        assert refused(target) == (
            f"robot doesn't let {target.user} in: tried the password; the host asks "
            "'Verification code:', which nobody can answer here: have it take a key alone from "
            'this user (AuthenticationMethods publickey)')
    assert server.answers == [PASSWORD, '']


def test_the_password_is_no_answer_to_a_question_that_is_shown(sshd: Sshd) -> None:
    with asking(sshd, [('Name: ', True, 'robot')]) as (target, server):
        assert "the host asks 'Name:'" in refused(target)
    assert server.answers == ['']


@pytest.mark.parametrize('most', [1, 2])
def test_a_host_that_hangs_up_without_a_word_may_have_had_enough_keys(
        sshd: Sshd, tmp_path: Path, most: int) -> None:
    keys = [str(keygen(tmp_path / f'key{number}')) for number in range(3)]
    seen: list[paramiko.PKey] = []

    def look(_: str, key: paramiko.PKey) -> int:
        seen.append(key)
        if len(seen) == most:
            threading.current_thread().sock.shutdown(socket.SHUT_RDWR)  # type: ignore
        return paramiko.common.AUTH_FAILED  # type: ignore[no-any-return]

    with asking(sshd) as (target, server):
        sshd.write_config(*(f'IdentityFile {key}' for key in keys))
        server.get_allowed_auths = lambda _: 'publickey'  # type: ignore[method-assign]
        server.check_auth_publickey = look  # type: ignore[assignment]
        with pytest.raises(ConnectionLost) as caught:
            connect(replace(target, password=None)).close()
    assert str(caught.value) == (
        f'robot hangs up while {target.user} logs in (tried {", ".join(keys[:most])}): check the '
        'network and whether the host still runs' + (
            '; or it takes no more keys: name the right one as ssh_key' if most > 1 else ''))


@pytest.mark.parametrize('late', [False, True], ids=['in time', 'during the first attempt'])
def test_a_host_that_takes_no_rsa_keys_is_shown_the_others(
        sshd: Sshd, tmp_path: Path, late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f'{tmp_path}/rsa{number}' for number in range(2)]
    for path in keys:
        paramiko.RSAKey.generate(2048).write_private_key_file(path)
    shown: list[str] = []

    def look(_: str, key: paramiko.PKey) -> int:
        shown.append(key.get_name())
        return (paramiko.common.AUTH_FAILED if 'rsa' in shown[-1]  # type: ignore
                else paramiko.common.AUTH_SUCCESSFUL)

    def log_in(*files: str) -> None:
        shown.clear()
        with asking(sshd, half=_WithoutRSA) as (target, server), monkeypatch.context() as patch:
            sshd.write_config(*(f'IdentityFile {file}' for file in files))
            server.get_allowed_auths = lambda _: 'publickey'  # type: ignore[method-assign]
            server.check_auth_publickey = look  # type: ignore[assignment]
            if late:
                takes, nothing_said = _Transport.takes, iter([True])
                patch.setattr(_Transport, 'takes', lambda transport, key: next(
                    nothing_said, False) or takes(transport, key))
            connect(replace(target, password=None)).close()

    log_in(*keys, str(sshd.user_key))
    assert shown in ([['ssh-rsa', 'ssh-ed25519']] if late else
                     [['ssh-ed25519'], ['ssh-rsa', 'ssh-ed25519']])
    with pytest.raises(AuthenticationFailed) as caught:
        log_in(*keys)
    for key in keys:
        assert f'{key}: the host takes no RSA keys' in str(caught.value)


def test_no_secret_is_written_down_anywhere(
        account: Callable[..., Sshd], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger('launch_service_node.ssh.transport')
    logger.setLevel(logging.DEBUG)
    logger.addHandler(caplog.handler)
    try:
        server = account(PubkeyAuthentication='no', LogLevel='DEBUG3', **_BY_PASSWORD)
        target = server.target(ssh_key=None, password=PASSWORD, passphrase='hunter2')
        pool = Pool()
        with pool:
            pool.open_session(target).close()
            places = repr(pool.__dict__)
        refused(replace(target, password='hunter2'))
    finally:
        logger.removeHandler(caplog.handler)
    for text in (caplog.text, server.log(), places, repr(target)):
        assert PASSWORD not in text and 'hunter2' not in text
    assert 'userauth' in caplog.text and 'Accepted password' in server.log()


def test_another_password_or_passphrase_is_another_connection(sshd: Sshd) -> None:
    first = sshd.target(password=PASSWORD)
    with Pool() as pool:
        for target in (first, first, replace(first, password='hunter2'),
                       replace(first, passphrase=PASSWORD), replace(first, password=None)):
            pool.open_session(target).close()
        assert len(pool.connections()) == 4


@pytest.mark.parametrize('wrong', ['empty', 'garbled', 'of another kind', 'a folder'])
def test_a_certificate_that_cannot_be_read_is_told_and_no_obstacle(
        sshd: Sshd, tmp_path: Path, wrong: str) -> None:
    key, certificate = keygen(tmp_path / 'key'), tmp_path / 'key-cert.pub'
    if wrong == 'a folder':
        certificate.mkdir()
    else:
        certificate.write_text({
            'empty': '', 'garbled': 'ssh-ed25519-cert-v01@openssh.com AAA=',
            'of another kind': sshd.public(keygen(tmp_path / 'other', 'rsa'))}[wrong])
    told = f"the certificate {certificate} can't be read: "
    assert told in refused(sshd.target(ssh_key=str(key)))
    sshd.write_config(f'IdentityFile {key}')
    assert f'not usable: {told}' in refused(sshd.target(ssh_key=None))
    sshd.write_config(f'IdentityFile {key}', f'IdentityFile {sshd.user_key}')
    works(sshd.target(ssh_key=None))


def crowd(agent: Path, *more: Path) -> None:
    """Give an agent more keys than a host looks at, then these."""
    strangers = [keygen(agent.with_name(f'stranger{number}')) for number in range(7)]
    subprocess.run(['ssh-add', '-q', *map(str, [*strangers, *more])], check=True,
                   timeout=PATIENCE)


def test_more_keys_in_the_agent_than_a_host_looks_at_are_not_all_tried(
        sshd: Sshd, agent: Path) -> None:
    crowd(agent)
    sshd.write_config(f'IdentityAgent {agent}', f'IdentityFile {sshd.user_key}')
    message = refused(sshd.target(ssh_key=None))
    assert message.count('the key SHA256:') == message.count(' of the agent') == 5
    assert '; further keys are not tried, as hosts hang up after some attempts; ' in message
    assert message.endswith('or name the right one as ssh_key')
    works(sshd.target())


def test_keys_that_ssh_config_names_come_before_the_agents_others(
        sshd: Sshd, agent: Path) -> None:
    crowd(agent, sshd.user_key)
    sshd.write_config(f'IdentityAgent {agent}', f'IdentityFile {sshd.user_key}')
    works(sshd.target(ssh_key=None))


def test_a_password_is_tried_however_many_keys_the_agent_has(
        account: Callable[..., Sshd], agent: Path) -> None:
    crowd(agent)
    server = account(**_BY_PASSWORD)
    server.write_config(f'IdentityAgent {agent}')
    works(server.target(ssh_key=None, password=PASSWORD))
    message = refused(server.target(ssh_key=None, password='hunter2'))
    assert 'it refuses the password that was given' in message
