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

"""Hosts that prove by a certificate who they are, to a real sshd's ways."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
import subprocess
import time
from typing import Any

import pytest
from ssh_servers import keygen, PATIENCE, Sshd

from launch_service_node.errors import (
    HostKeyError,
    HostKeyRevoked,
    HostKeyUnknown,
    LaunchServiceError,
)
from launch_service_node.ssh.certificates import parse, why_not
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.known_hosts import fingerprint

_ONLY = 'HostKeyAlgorithms'


def sign(key: Path, authority: Path, *options: str) -> Path:
    """Have a key certified, and return the certificate."""
    subprocess.run(['ssh-keygen', '-q', '-s', str(authority), '-I', 'id', *options,
                    f'{key}.pub'], check=True, timeout=PATIENCE, capture_output=True)
    return key.with_name(f'{key.name}-cert.pub')


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Give a key that certifies hosts."""
    return keygen(tmp_path / 'authority')


@pytest.fixture
def certified(make_sshd: Callable[..., Sshd], authority: Path) -> Callable[..., Sshd]:
    """Give what starts a server with a certificate; known is only who certifies."""
    def make(*options: str, host_key: str = 'ed25519', by: Path = authority,
             **more: Any) -> Sshd:
        server = make_sshd(started=False, host_key=host_key)
        options = options or ('-h', '-n', server.address)
        server.options.update(HostCertificate=sign(server.host_key, by, *options), **more)
        server.know(f'@cert-authority 127.0.0.* {Sshd.public(authority)}')
        return server.start()
    return make


def works(server: Sshd) -> None:
    connection = connect(server.target())
    try:
        connection.open_session(PATIENCE).close()
    finally:
        connection.close()


def fails(server: Sshd, error: type[LaunchServiceError]) -> str:
    with pytest.raises(error) as caught:
        connect(server.target()).close()
    assert type(caught.value) is error
    assert '\n' not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize('host_key', ['ed25519', 'ecdsa', 'rsa'])
def test_a_certified_host_is_trusted(certified: Callable[..., Sshd], host_key: str) -> None:
    works(certified(host_key=host_key))


@pytest.mark.parametrize('kind', ['ecdsa', 'rsa'])
def test_every_kind_of_authority_counts(
        certified: Callable[..., Sshd], tmp_path: Path, kind: str) -> None:
    by = keygen(tmp_path / 'other', kind)
    server = certified(by=by)
    server.know(f'@cert-authority * {Sshd.public(by)}')
    works(server)


@pytest.mark.parametrize('line', ['*', '[127.0.0.1]:*', '127.0.0.1', 'other,127.*'])
def test_lines_of_authorities_that_mean_the_host(
        certified: Callable[..., Sshd], authority: Path, line: str) -> None:
    server = certified()
    server.know(f'@cert-authority {line} {Sshd.public(authority)}')
    works(server)


def test_the_alias_is_what_a_certificate_has_to_name(certified: Callable[..., Sshd],
                                                     authority: Path) -> None:
    server = certified('-h', '-n', 'other,my-*')
    server.know(f'@cert-authority my-robot {Sshd.public(authority)}')
    server.write_config('HostKeyAlias my-robot')
    works(server)


def test_a_certificate_counts_more_than_an_old_key(
        certified: Callable[..., Sshd], authority: Path, tmp_path: Path) -> None:
    server = certified()
    server.know(f'{server.name} {Sshd.public(keygen(tmp_path / "old"))}\n'
                f'@cert-authority * {Sshd.public(authority)}')
    works(server)


def test_a_host_that_has_only_certificates_can_be_known_by_its_key(
        certified: Callable[..., Sshd]) -> None:
    server = certified(**{_ONLY: 'ssh-ed25519-cert-v01@openssh.com'})
    works(server)
    server.know('')
    with pytest.raises(HostKeyUnknown) as caught:
        connect(server.target()).close()
    subprocess.run(['sh', '-c', str(caught.value.facts['remedy'])], check=True, timeout=30)
    assert Sshd.public(server.host_key) in server.known_hosts.read_text()
    works(server)


@pytest.mark.parametrize('options, reason', [
    (('-h', '-n', 'robot7,robot8'), 'is for robot7, robot8, not for 127.0.0.1'),
    (('-h', '-V', '20200101:20200102'), 'was valid until 2020-01-0'),
    (('-h', '-V', '20990101:20990102'), 'is not valid before 20'),
    (('-n', '127.0.0.1'), 'is for a user, not for a host')])
def test_a_certificate_that_does_not_hold_says_why_and_what_to_do(
        certified: Callable[..., Sshd], options: tuple[str, ...], reason: str) -> None:
    server = certified(*options)
    message = fails(server, HostKeyError)
    assert message.startswith('robot shows a certificate of the @cert-authority in '
                              f'{server.known_hosts} line 1, but it {reason}')
    assert ('sign the key of the host again, with `ssh-keygen -s <authority> -I <id> -h '
            '-n 127.0.0.1 /etc/ssh/ssh_host_ed25519_key.pub`') in message


def test_another_authority_certifies_nothing(
        certified: Callable[..., Sshd], tmp_path: Path) -> None:
    other = keygen(tmp_path / 'other')
    server = certified(by=other)
    blob = base64.b64decode(Sshd.public(other).split()[1])
    assert (f'the host key of robot is not known (the @cert-authority of {server.known_hosts} '
            f'line 1 means it, but its certificate is signed by {fingerprint(blob)}): it shows '
            'ssh-ed25519 SHA256:') in fails(server, HostKeyUnknown)


def test_a_host_without_a_certificate_is_told_so(
        make_sshd: Callable[..., Sshd], authority: Path) -> None:
    server = make_sshd()
    server.know(f'@cert-authority * {Sshd.public(authority)}')
    assert (f'the host key of robot is not known (the @cert-authority of {server.known_hosts} '
            'line 1 means it, but it shows no certificate: HostCertificate in its sshd_config '
            'names one): it shows ssh-ed25519 SHA256:') in fails(server, HostKeyUnknown)


def test_an_authority_that_is_revoked_certifies_nothing(
        certified: Callable[..., Sshd], authority: Path) -> None:
    server = certified()
    server.know(f'@cert-authority * {Sshd.public(authority)}\n'
                f'@revoked * {Sshd.public(authority)}')
    assert 'line 2 revokes' in fails(server, HostKeyRevoked)


def test_a_forged_certificate_is_found_out(tmp_path: Path, authority: Path) -> None:
    path = sign(keygen(tmp_path / 'key'), authority, '-h', '-n', 'robot')
    blob = base64.b64decode(path.read_text().split()[1])
    now = time.time()
    assert why_not(parse(blob), 'robot', now) == ''
    assert why_not(parse(blob), 'tobor', now) != ''
    forged = parse(blob.replace(b'robot', b'tobor'))
    assert why_not(forged, 'tobor', now) == 'is not signed as it says'
    for end in range(len(blob)):
        with pytest.raises(ValueError):
            parse(blob[:end])
