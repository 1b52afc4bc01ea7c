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

"""Which keys of a host are trusted, which are refused, and which are written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import subprocess
from typing import Any

import pytest
from ssh_servers import keygen, Sshd

from launch_service_node.errors import HostKeyChanged, HostKeyError, HostKeyRevoked, HostKeyUnknown
from launch_service_node.ssh.config import resolve

from .connecting import fails, without_ssh, works


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
