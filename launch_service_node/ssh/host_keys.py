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

import os
from pathlib import Path
import shlex
from typing import Any

import paramiko

from ..errors import HostKeyChanged, HostKeyError, HostKeyRevoked, HostKeyUnknown
from .known_hosts import (
    AUTHORITY,
    Entry,
    fingerprint,
    line_for,
    look_up,
    parse,
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

    def types(self) -> list[str]:
        """Return the types of the recorded keys; the host is asked for these first."""
        return recorded_types(self._entries, self._where.key_name)

    def check(self, key: paramiko.PKey) -> None:
        """
        Return when the key that the host shows is to be trusted.

        :raises HostKeyRevoked: it was declared void; no policy helps.
        :raises HostKeyChanged: another one is recorded or was asked for.
        :raises HostKeyUnknown: none is recorded, and the policy is strict.
        :raises HostKeyError: it can't be recorded.
        """
        where, data, key_type = self._where, key.asbytes(), key.get_name()
        seen = fingerprint(data)
        facts = {**where.facts(), 'key_type': key_type, 'fingerprint': seen}
        verdict, entry = look_up(self._entries, where.key_name, key_type, data)
        if verdict is Verdict.REVOKED and entry:
            raise HostKeyRevoked(
                f'{where.name} shows a {key_type} key ({seen}) that {entry.file} line '
                f'{entry.line} revokes: give the host a new key', **facts)
        if self._policy not in (STRICT, ACCEPT_NEW):
            if self._policy.rstrip('=') != seen:
                raise HostKeyChanged(
                    f'{where.name} shows a {key_type} key with the fingerprint {seen}, not '
                    f'{self._policy}: somebody may be in between; compare it on the host with '
                    f'`ssh-keygen -lf /etc/ssh/ssh_host_{_short(key_type)}_key.pub`', **facts)
            return
        if verdict is Verdict.CHANGED and entry:
            raise HostKeyChanged(
                f'{where.name} shows another host key ({key_type}, {seen}) than the one in '
                f'{entry.file} line {entry.line} ({entry.key_type}): somebody may be in between; '
                'if the host was set up anew, remove the old one with '
                f'`ssh-keygen -f {shlex.quote(entry.file)} -R {shlex.quote(where.key_name)}`',
                **facts)
        if verdict is Verdict.UNKNOWN:
            self._unknown(line_for(where.key_name, key_type, data), entry, facts)

    def _unknown(self, line: str, entry: Entry | None, facts: dict[str, Any]) -> None:
        where = self._where
        if self._policy == ACCEPT_NEW:
            if not where.known_hosts:
                raise HostKeyError(f"the host key of {where.name} can't be recorded: ssh_config "
                                   'names no UserKnownHostsFile', **facts)
            record(where.known_hosts[0], line, facts)
            return
        file = where.known_hosts[0] if where.known_hosts else '~/.ssh/known_hosts'
        remedy = f"printf '%s\\n' {shlex.quote(line)} >> {shlex.quote(file)}"
        authority = ''
        if entry is not None and entry.marker == AUTHORITY:
            authority = (f' (the @cert-authority of {entry.file} line {entry.line} means it, but '
                         'certificates of hosts are not understood here)')
        raise HostKeyUnknown(
            f'the host key of {where.name} is not known{authority}: it shows {facts["key_type"]} '
            f'{facts["fingerprint"]}; compare that on the host with `ssh-keygen -lf '
            f'/etc/ssh/ssh_host_{_short(str(facts["key_type"]))}_key.pub`, then record it with: '
            f'{remedy}', remedy=remedy, **facts)


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
