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

"""
Certificates of hosts: what they say, and whether that holds; decisions about bytes.

The other side has proved already that it has the key in the certificate. The format is
that of OpenSSH's PROTOCOL.certkeys.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
import fnmatch
import re
import struct
from typing import NamedTuple

import paramiko

from .known_hosts import CERTIFICATE

#: Fields that each kind of key has between the nonce and the serial number.
_FIELDS = {'ssh-ed25519': 1, 'ssh-rsa': 2, 'ecdsa-sha2-nistp256': 2, 'ecdsa-sha2-nistp384': 2,
           'ecdsa-sha2-nistp521': 2}

_CLASSES = {'ssh-ed25519': paramiko.Ed25519Key, 'ssh-rsa': paramiko.RSAKey}

# Not ssh-rsa, whose SHA-1 can be forged; ssh refuses that too.
_SIGNATURES = ('ssh-ed25519', 'rsa-sha2-256', 'rsa-sha2-512', 'ecdsa-sha2-nistp256',
               'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521')

_FOR_HOSTS = 2
_FOR_EVER = 2 ** 64 - 1


class Certificate(NamedTuple):
    """What a certificate says; times are seconds since 1970."""

    kind: int
    principals: tuple[str, ...]
    valid_after: int
    valid_before: int
    options: tuple[str, ...]
    authority: bytes
    signature: bytes
    signed: bytes


def parse(blob: bytes) -> Certificate:
    """
    Return what a certificate says.

    :raises ValueError: it is none.
    """
    fields = _Fields(blob)
    key_type = fields.string().decode('ascii', 'replace')
    if not key_type.endswith(CERTIFICATE) or key_type[:-len(CERTIFICATE)] not in _FIELDS:
        raise ValueError(f'{key_type} is no certificate')
    for _ in range(1 + _FIELDS[key_type[:-len(CERTIFICATE)]]):
        fields.string()
    fields.number('>Q')
    kind = fields.number('>I')
    fields.string()
    principals = tuple(one.decode('utf-8', 'replace') for one in _Fields(fields.string()))
    after, before = fields.number('>Q'), fields.number('>Q')
    options = tuple(one.decode('utf-8', 'replace') for one in _Fields(fields.string()))[::2]
    fields.string()
    fields.string()
    authority = fields.string()
    signed = blob[:fields.at]
    return Certificate(kind, principals, after, before, options, authority, fields.string(),
                       signed)


def why_not(certificate: Certificate, name: str, now: float) -> str:
    """
    Return why a certificate doesn't hold for a host; empty when it does.

    :param name: the host, without a port.
    :param now: seconds since 1970.
    """
    one = certificate
    if not _is_signed(one):
        return 'is not signed as it says'
    if one.kind != _FOR_HOSTS:
        return 'is for a user, not for a host'
    if one.principals and not any(_means(text, name) for text in one.principals):
        return f'is for {", ".join(one.principals)}, not for {name}'
    if now < one.valid_after:
        return f'is not valid before {_date(one.valid_after)}'
    if now >= one.valid_before:
        return f'was valid until {_date(one.valid_before)}'
    if one.options:
        return f'has the critical option {one.options[0]}, which is not known here'
    return ''


class _Fields:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.at < len(self._data):
            yield self.string()

    def string(self) -> bytes:
        length = self.number('>I')
        found = self._data[self.at:self.at + length]
        if len(found) < length:
            raise ValueError('it ends too early')
        self.at += length
        return found

    def number(self, form: str) -> int:
        try:
            found = struct.unpack_from(form, self._data, self.at)[0]
        except struct.error:
            raise ValueError('it ends too early') from None
        self.at += struct.calcsize(form)
        return int(found)


def _is_signed(one: Certificate) -> bool:
    try:
        key_type = _Fields(one.authority).string().decode('ascii', 'replace')
        if _Fields(one.signature).string().decode('ascii', 'replace') not in _SIGNATURES:
            return False
        key = _CLASSES.get(key_type, paramiko.ECDSAKey)(data=one.authority)
        return bool(key.verify_ssh_sig(one.signed, paramiko.Message(one.signature)))
    except (ValueError, paramiko.SSHException):
        return False


def _means(pattern: str, name: str) -> bool:
    # Only * and ? are wild there.
    return fnmatch.fnmatchcase(name.lower(), re.sub(r'\[', '[[]', pattern.lower()))


def _date(seconds: int) -> str:
    if seconds >= _FOR_EVER:
        return 'for ever'
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime('%Y-%m-%d %H:%M UTC')
    except (OverflowError, ValueError, OSError):
        return f'second {seconds}'
