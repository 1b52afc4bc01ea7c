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
What known_hosts files say of a host and a key; decisions about text, no effects.

Written anew because paramiko's reader stops at a `@cert-authority` line, takes a
`@revoked` one for nothing, and knows no wildcards.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
import fnmatch
import hashlib
import hmac
import re
from typing import NamedTuple

REVOKED = '@revoked'
AUTHORITY = '@cert-authority'

#: How the types of certificates end.
CERTIFICATE = '-cert-v01@openssh.com'


class Entry(NamedTuple):
    """One line: who, and which key; the marker is empty for an ordinary one."""

    marker: str
    patterns: str
    key_type: str
    key: bytes
    file: str
    line: int


class Verdict(Enum):
    """What is known of the key that a host shows."""

    KNOWN = 'known'
    UNKNOWN = 'unknown'
    CHANGED = 'changed'
    OTHER_TYPE = 'other type'
    REVOKED = 'revoked'


class Finding(NamedTuple):
    """A verdict, and the entry that speaks for it, if one does."""

    verdict: Verdict
    entry: Entry | None = None


def parse(text: str, file: str) -> Iterator[Entry]:
    """Give the entries of a file; lines that are none are passed over, as ssh does."""
    for number, line in enumerate(text.split('\n'), 1):
        words = line.split()
        marker = ''
        if words and words[0].startswith('@'):
            marker = words.pop(0)
        if len(words) < 3 or words[0].startswith('#') or marker not in ('', REVOKED, AUTHORITY):
            continue
        try:
            key = base64.b64decode(words[2], validate=True)
        except ValueError:
            continue
        yield Entry(marker, words[0], words[1], key, file, number)


def matches(patterns: str, name: str) -> bool:
    """Say whether the first field of a line means a host."""
    if patterns.startswith('|1|'):
        return _hashed(patterns, name)
    found = False
    for pattern in patterns.lower().split(','):
        negated = pattern.startswith('!')
        # Only * and ? are wild in there; a bracket is part of [host]:port.
        glob = re.sub(r'\[', '[[]', pattern.lstrip('!'))
        if fnmatch.fnmatchcase(name.lower(), glob):
            if negated:
                return False
            found = True
    return found


def look_up(entries: Iterable[Entry], name: str, key_type: str, key: bytes) -> Finding:
    """
    Return what the files say of a key that a host shows.

    A host that shows a key of a type that isn't recorded for it, while others are, can't
    show the recorded one: it was asked for that first.
    """
    about = [entry for entry in entries if matches(entry.patterns, name)]
    for entry in about:
        if entry.marker == REVOKED and entry.key == key:
            return Finding(Verdict.REVOKED, entry)
    ordinary = [entry for entry in about if not entry.marker]
    for entry in ordinary:
        if entry.key == key:
            return Finding(Verdict.KNOWN, entry)
    for entry in ordinary:
        if entry.key_type == key_type:
            return Finding(Verdict.CHANGED, entry)
    if ordinary:
        return Finding(Verdict.OTHER_TYPE, ordinary[0])
    return Finding(Verdict.UNKNOWN)


def authorities(entries: Iterable[Entry], names: Sequence[str]) -> list[Entry]:
    """Return the lines of who may certify a host that has these names."""
    return [entry for entry in entries if entry.marker == AUTHORITY
            and any(matches(entry.patterns, name) for name in names)]


def recorded_types(entries: Iterable[Entry], name: str) -> list[str]:
    """Return the types of the keys that are recorded for a host, in order."""
    found: list[str] = []
    for entry in entries:
        if not entry.marker and entry.key_type not in found and matches(entry.patterns, name):
            found.append(entry.key_type)
    return found


def prefer(offered: Sequence[str], recorded: Sequence[str], certified: bool) -> list[str]:
    """
    Return the key types to ask a host for, in order.

    :param recorded: types that known_hosts has; they come first.
    :param certified: whether somebody is trusted to certify it; certificates come before
        even that, and last otherwise.
    """
    def place(name: str) -> tuple[bool, bool]:
        is_certificate = name.endswith(CERTIFICATE)
        # An RSA key signs in three ways, of which known_hosts names the oldest.
        is_recorded = name in recorded or name.startswith('rsa-sha2-') and 'ssh-rsa' in recorded
        return is_certificate != certified, not is_recorded
    return sorted(offered, key=place)


def fingerprint(key: bytes) -> str:
    """Return a key's fingerprint as `ssh-keygen -l` shows it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return 'SHA256:' + digest.rstrip('=')


def line_for(name: str, key_type: str, key: bytes) -> str:
    """Return the line that records a key."""
    return f'{name} {key_type} {base64.b64encode(key).decode()}'


def _hashed(field: str, name: str) -> bool:
    try:
        _, _, salt, digest = field.split('|')
        mac = hmac.new(base64.b64decode(salt, validate=True), name.lower().encode(), 'sha1')
        return hmac.compare_digest(mac.digest(), base64.b64decode(digest, validate=True))
    except ValueError:
        return False
