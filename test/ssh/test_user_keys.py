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

"""Keys of the user, from files and from the agent: which are tried, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import getpass
import logging
from pathlib import Path
import socket
import subprocess

import pytest
from ssh_servers import keygen, Sshd

from launch_service_node.errors import AuthenticationFailed

from .connecting import fails, works


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
    try:
        key = keygen(tmp_path / 'locked', kind, 'open sesame')
        sshd.authorized.write_text('\n'.join([sshd.public(sshd.user_key), sshd.public(key), '']))
        target = sshd.target(ssh_key=str(key), passphrase='open sesame', password='hunter2')
        assert 'sesame' not in repr(target) and 'hunter2' not in repr(target)
        works(target)
        seen = [fails(replace(target, passphrase='close sesame'), AuthenticationFailed,
                      'passphrase'),
                fails(replace(target, passphrase=None), AuthenticationFailed, 'ssh-add')]
        stranger = keygen(tmp_path / 'stranger')
        seen.append(fails(replace(target, ssh_key=str(stranger)), AuthenticationFailed))
    finally:
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


@pytest.mark.parametrize('name', ['named.pub', 'named'])
def test_a_public_half_alone_names_a_key_of_the_agent(
        sshd: Sshd, agent: Path, tmp_path: Path, name: str) -> None:
    others = [keygen(tmp_path / f'other{number}') for number in range(6)]
    subprocess.run(['ssh-add', '-q', *map(str, [*others, sshd.user_key])], check=True, timeout=30)
    (tmp_path / 'named.pub').write_text(sshd.public(sshd.user_key) + '\n')
    sshd.write_config(f'IdentityFile {tmp_path / name}', 'IdentitiesOnly yes',
                      f'IdentityAgent {agent}')
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


def test_a_host_that_hangs_up_on_too_many_keys_does_not_let_in(
        make_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    server = make_sshd(MaxAuthTries=2)
    keys = [str(keygen(tmp_path / f'key{number}')) for number in range(4)]
    server.write_config(*(f'IdentityFile {key}' for key in keys))
    error = fails(server.target(ssh_key=None), AuthenticationFailed)
    user = server.target().user
    assert str(error) == (
        f"robot doesn't let {user} in: it hangs up, saying 'Too many authentication failures'; "
        f'tried {", ".join(keys[:2])}; have fewer keys tried: name the right one as ssh_key, or '
        'set IdentityFile and IdentitiesOnly in ssh_config; or raise MaxAuthTries in its '
        'sshd_config')
    assert error.facts['tried'] == tuple(keys[:2])
    works(server.target())
