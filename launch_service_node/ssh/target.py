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

"""How to reach a machine: what was asked for, and what it comes to. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
import re
from typing import Any

from ..errors import InvalidRequest

#: Host-key policies; the third is a fingerprint, `SHA256:` and 43 characters.
STRICT = 'strict'
ACCEPT_NEW = 'accept-new'
_FINGERPRINT = re.compile(r'SHA256:[A-Za-z0-9+/]{43}=?')

# Names come into command lines (`ssh -G`, ProxyCommand): what could be an option or
# mean something to a shell is no name of a host.
_HOST = re.compile(r'[A-Za-z0-9_:\[][A-Za-z0-9_.:%\[\]-]*')
_USER = re.compile(r"""[^\s'"`$\\;&<>|(){}!*?~#-][^\s'"`$\\;&<>|(){}!*?~#]*""")


@dataclass(frozen=True)
class Target:
    """
    What a user says of a machine; None means: as ssh_config and ssh have it.

    :ivar host: a host name, an address, or an alias of ssh_config.
    :ivar ssh_key: path of a private key, tried before all others.
    :ivar passphrase: of that key. It is in no log, error or command line.
    :ivar password: tried last, where the host asks for one; hidden likewise.
    :ivar host_key_policy: `strict`, `accept-new`, or the one fingerprint to accept.
    :ivar jump_hosts: `[user@]host[:port]`, nearest first; overrides ssh_config.
    :ivar config_file: instead of the user's and the system's ssh_config.
    :ivar connect_timeout: seconds for the whole way: name, hops, keys, authentication.
    """

    host: str
    port: int | None = None
    user: str | None = None
    ssh_key: str | None = None
    passphrase: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    host_key_policy: str = STRICT
    jump_hosts: tuple[str, ...] | None = None
    config_file: str | None = None
    connect_timeout: float = 20.0

    def __post_init__(self) -> None:
        """Refuse what can't be right, before anything happens."""
        check_host(self.host)
        if self.user is not None:
            check_user(self.user)
        if self.port is not None and not 0 < self.port < 65536:
            raise InvalidRequest(f'port {self.port} does not exist: give one from 1 to 65535')
        if self.host_key_policy not in (STRICT, ACCEPT_NEW) and not _FINGERPRINT.fullmatch(
                self.host_key_policy):
            raise InvalidRequest(f'{self.host_key_policy!r} is no host-key policy: give strict, '
                                 'accept-new, or a fingerprint as `ssh-keygen -l` shows it')
        if not self.connect_timeout > 0:
            raise InvalidRequest('connect_timeout has to be more than 0 seconds')


@dataclass(frozen=True)
class Resolved:
    """
    What ssh_config makes of a target.

    :ivar name: what the user called it; errors say this.
    :ivar host: what to connect to.
    :ivar identity_files: keys that exist, in order; of some only the public half.
    :ivar identity_agent: socket of the agent; empty for none, None for SSH_AUTH_SOCK.
    :ivar known_hosts: files to look in; accept-new writes into the first.
    :ivar key_name: how known_hosts names it, HostKeyAlias among others.
    :ivar proxy_command: with its tokens filled in.
    """

    name: str
    host: str
    port: int
    user: str
    key_name: str
    identity_files: tuple[str, ...] = ()
    identities_only: bool = False
    identity_agent: str | None = None
    known_hosts: tuple[str, ...] = ()
    jump_hosts: tuple[str, ...] = ()
    proxy_command: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return what an error carries."""
        return {'host': self.name, 'port': self.port, 'user': self.user}


def check_host(host: str) -> None:
    """
    Refuse what can't be the name of a host.

    :raises InvalidRequest: it is empty, an option, or has characters of a shell.
    """
    if not _HOST.fullmatch(host):
        raise InvalidRequest(f'{host!r} is no name of a host: give a name, an address, or an '
                             'alias of ssh_config')


def check_user(user: str) -> None:
    """
    Refuse what can't be the name of a user.

    :raises InvalidRequest: it is empty, an option, or has characters of a shell.
    """
    if not _USER.fullmatch(user):
        raise InvalidRequest(f'{user!r} is no name of a user on the machine')


def split_hop(text: str) -> tuple[str | None, str, int | None]:
    """
    Return user, host and port of `[user@]host[:port]` or `ssh://…`.

    :raises InvalidRequest: it is none of these.
    """
    text = text.removeprefix('ssh://').rstrip('/')
    user, at, rest = text.rpartition('@')
    found = re.fullmatch(r'\[([^\]]+)\](?::(\d+))?|([^:]+)(?::(\d+))?|([0-9A-Fa-f:]+)', rest)
    if found is None or (at and not user):
        raise InvalidRequest(f'{text!r} is no jump host: write [user@]host[:port]')
    host = found[1] or found[3] or found[5]
    port = found[2] or found[4]
    check_host(host)
    return user or None, host, int(port) if port else None
