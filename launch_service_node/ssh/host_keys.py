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

"""Whether a host may be trusted: the policy, the files, and what to say when not."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import shlex
import time
from typing import Any

import paramiko

from ..errors import HostKeyChanged, HostKeyError, HostKeyRevoked, HostKeyUnknown
from .certificates import Certificate, why_not
from .certificates import parse as parse_certificate
from .known_hosts import (
    authorities,
    Entry,
    fingerprint,
    line_for,
    look_up,
    parse,
    prefer,
    recorded_types,
    Verdict,
)
from .target import ACCEPT_NEW, Resolved, STRICT


class HostKeys:
    """
    The host keys that are recorded for one machine.

    :param policy: strict, accept-new, or the fingerprint to accept.
    """

    def __init__(self, where: Resolved, policy: str) -> None:
        self._where = where
        self._policy = policy
        self._entries = read(where)
        name = where.key_name
        # As ssh: a certificate is for the host, on whatever port.
        self._name = where.host.lower() if name.endswith(f']:{where.port}') else name
        self._authorities = authorities(self._entries, (name, self._name))

    def order(self, offered: Sequence[str]) -> list[str]:
        """Return the key types to ask the host for, those first that can be checked."""
        return prefer(offered, recorded_types(self._entries, self._where.key_name),
                      bool(self._authorities))

    def check(self, key: paramiko.PKey) -> None:
        """
        Return when the key that the host shows is to be trusted.

        :raises HostKeyRevoked: it was declared void; no policy helps.
        :raises HostKeyChanged: another one is recorded or was asked for.
        :raises HostKeyUnknown: none is recorded, and the policy is strict; or only keys of
            other types are.
        :raises HostKeyError: it can't be recorded, or its certificate doesn't hold.
        """
        where, data, key_type = self._where, key.asbytes(), key.get_name()
        seen = fingerprint(data)
        facts = {**where.facts(), 'key_type': key_type, 'fingerprint': seen}
        certificate = _certificate(where, key)
        verdict, entry = look_up(self._entries, where.key_name, key_type, data)
        if certificate is not None and verdict is not Verdict.REVOKED:
            by = look_up(self._entries, where.key_name, '', certificate.authority)
            verdict, entry = by if by.verdict is Verdict.REVOKED else (verdict, entry)
        if verdict is Verdict.REVOKED and entry:
            raise HostKeyRevoked(
                f'{where.name} shows a {key_type} key ({seen}) that {entry.file} line '
                f'{entry.line} revokes: give the host a new key', **facts)
        if self._policy not in (STRICT, ACCEPT_NEW):
            if self._policy.rstrip('=') != seen:
                raise HostKeyChanged(
                    f'{where.name} shows a {key_type} key with the fingerprint {seen}, not '
                    f'{self._policy}: somebody may be in between; {_compare(key_type)}', **facts)
            return
        if certificate is not None and self._is_certified(certificate, facts):
            return
        if verdict is Verdict.CHANGED and entry:
            raise HostKeyChanged(
                f'{where.name} shows another host key ({key_type}, {seen}) than the one in '
                f'{entry.file} line {entry.line} ({entry.key_type}): somebody may be in between; '
                'if the host was set up anew, remove the old one with '
                f'`ssh-keygen -f {shlex.quote(entry.file)} -R {shlex.quote(where.key_name)}`',
                **facts)
        line = line_for(where.key_name, key_type, data)
        if verdict is Verdict.OTHER_TYPE and entry:
            self._refuse(f'{where.name} is known by a {entry.key_type} key ({entry.file} line '
                         f'{entry.line}), and shows only one of another type', line, facts)
        if verdict is Verdict.UNKNOWN:
            if self._policy == ACCEPT_NEW:
                self._record(line, facts)
            else:
                self._refuse(f'the host key of {where.name} is not known'
                             f'{self._uncertified(certificate)}', line, facts)

    def _is_certified(self, certificate: Certificate, facts: dict[str, Any]) -> bool:
        entry = next((one for one in self._authorities if one.key == certificate.authority), None)
        if entry is None:
            return False
        reason = why_not(certificate, self._name, time.time())
        if reason:
            raise HostKeyError(
                f'{self._where.name} shows a certificate of the @cert-authority in {entry.file} '
                f'line {entry.line}, but it {reason}: sign the key of the host again, with '
                f'`ssh-keygen -s <authority> -I <id> -h -n {self._name} '
                f'{_file_of(facts["key_type"])}`', **facts)
        return True

    def _uncertified(self, certificate: Certificate | None) -> str:
        if not self._authorities:
            return ''
        entry = self._authorities[0]
        if certificate is None:
            why = 'it shows no certificate: HostCertificate in its sshd_config names one'
        else:
            why = f'its certificate is signed by {fingerprint(certificate.authority)}'
        return f' (the @cert-authority of {entry.file} line {entry.line} means it, but {why})'

    def _record(self, line: str, facts: dict[str, Any]) -> None:
        where = self._where
        if not where.known_hosts:
            raise HostKeyError(f"the host key of {where.name} can't be recorded: ssh_config "
                               'names no UserKnownHostsFile', **facts)
        record(where.known_hosts[0], line, facts)

    def _refuse(self, why: str, line: str, facts: dict[str, Any]) -> None:
        file = self._where.known_hosts[0] if self._where.known_hosts else '~/.ssh/known_hosts'
        remedy = f"printf '%s\\n' {shlex.quote(line)} >> {shlex.quote(file)}"
        raise HostKeyUnknown(
            f'{why}: it shows {facts["key_type"]} {facts["fingerprint"]}; '
            f'{_compare(facts["key_type"])}, then record it with: {remedy}',
            remedy=remedy, **facts)


def _certificate(where: Resolved, key: paramiko.PKey) -> Certificate | None:
    if key.public_blob is None:
        return None
    try:
        return parse_certificate(key.public_blob.key_blob)
    except ValueError as error:
        raise HostKeyError(f"{where.name} shows a certificate that can't be read: {error}; look "
                           'at HostCertificate in its sshd_config', **where.facts()) from error


def _compare(key_type: str) -> str:
    return f'compare it on the host with `ssh-keygen -lf {_file_of(key_type)}`'


def _file_of(key_type: str) -> str:
    return f'/etc/ssh/ssh_host_{_short(key_type)}_key.pub'


def read(where: Resolved) -> list[Entry]:
    """
    Return the entries of a machine's known_hosts files; files that aren't there are empty.

    :raises HostKeyError: a file can't be read: what it revokes would be missed.
    """
    entries: list[Entry] = []
    for path in where.known_hosts:
        try:
            text = Path(path).read_text(encoding='utf-8', errors='surrogateescape')
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise HostKeyError(f"{path} can't be read: {error.strerror}; make it readable for "
                               f'this user, to know {where.name} by its key',
                               **where.facts()) from error
        entries += parse(text, path)
    return entries


def record(path: str, line: str, facts: dict[str, Any]) -> None:
    """
    Append a line to a known_hosts file; made, with its folder, when missing.

    :raises HostKeyError: it can't be written.
    """
    file = Path(path)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            broken = size and os.pread(fd, 1, size - 1) != b'\n'
            os.write(fd, f'{chr(10) if broken else ""}{line}\n'.encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise HostKeyError(f'the host key of {facts["host"]} can\'t be recorded in {path}: '
                           f'{error.strerror}; make it writable', **facts) from error


def _short(key_type: str) -> str:
    for name in ('ed25519', 'ecdsa', 'rsa'):
        if name in key_type:
            return name
    return 'dsa'
