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

"""Private keys: from files, with their passphrase, and from the agent."""

from __future__ import annotations

import base64
from collections.abc import Iterator
import os
from pathlib import Path
import socket
from typing import Any

import paramiko

from ..errors import AuthenticationFailed
from .known_hosts import fingerprint
from .target import Resolved

# Not paramiko.PKey.from_path, which version 2 doesn't have.
_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


#: Seconds for an agent to list its keys; signing may take a person longer.
_LIST_TIMEOUT = 5.0

#: How an agent says no.
_FAILURE = 5


class Unusable(Exception):
    """A key file that can't be used, and why; never with the passphrase."""


def load(path: str, passphrase: str | None) -> paramiko.PKey:
    """
    Return a private key from a file, with the certificate that lies beside it.

    :raises Unusable: it is missing, unreadable, not understood, or the passphrase is not its;
        or its certificate can't be read.
    """
    try:
        text = Path(path).read_text(encoding='ascii', errors='replace')
    except OSError as error:
        raise Unusable(f'{path}: {error.strerror}') from error
    locked = False
    for one in _CLASSES:
        try:
            key = one.from_private_key_file(path, passphrase)
        except paramiko.PasswordRequiredException:
            locked = True
        except (paramiko.SSHException, ValueError, IndexError, TypeError, OSError):
            # Another kind of key, or the wrong passphrase: the classes don't say which.
            continue
        else:
            return _with_certificate(key, Path(path + '-cert.pub'))
    if locked:
        raise Unusable(f'{path} has a passphrase: give it as `passphrase`, or add the key to the '
                       'agent with `ssh-add`')
    if 'PRIVATE KEY' not in text:
        raise Unusable(f'{path} holds no private key')
    if passphrase:
        raise Unusable(f"{path} doesn't open with the passphrase that was given")
    raise Unusable(f"{path} holds a private key of a kind that isn't understood")


def _with_certificate(key: paramiko.PKey, certificate: Path) -> paramiko.PKey:
    if certificate.exists():
        try:
            key.load_certificate(str(certificate))
        except (ValueError, paramiko.SSHException, OSError) as error:
            # What paramiko says is what its parser met, or what the file holds.
            why = getattr(error, 'strerror', None) or 'it is none for this kind of key'
            raise Unusable(f"the certificate {certificate} can't be read: {why}; have the key "
                           'certified again, or remove the file') from error
    return key


def public_blob(path: str) -> bytes | None:
    """
    Return the public half that lies beside a private key, None when there is none.

    As with ssh, the file that is named may itself hold it, with the private half in an agent.
    """
    for file in (path + '.pub', path):
        try:
            words = Path(file).read_text(encoding='ascii', errors='replace').split()
            blob = base64.b64decode(words[1], validate=True)
        except (OSError, IndexError, ValueError):
            continue
        if blob[4:].startswith(words[0].encode()):  # it begins with the length of its type
            return blob
    return None


class NoSignature(paramiko.SSHException):
    """An agent that doesn't answer, or doesn't sign with a key that it offers."""


class _Talk(paramiko.agent.AgentSSH):
    """paramiko's part of talking to an agent; its failures told apart from those of a host."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        # paramiko.Agent knows only SSH_AUTH_SOCK, and waits without a bound.
        self._connect(sock)  # type: ignore[attr-defined]

    def _send_message(self, msg: Any) -> Any:
        try:
            kind, result = super()._send_message(msg)  # type: ignore[misc]
        except TimeoutError as error:
            raise NoSignature("doesn't answer: does it wait for a confirmation, a passphrase or "
                              'a touch?') from error
        except (OSError, paramiko.SSHException) as error:
            raise NoSignature(f'is lost: {error}; start it again') from error
        if kind == _FAILURE:
            raise NoSignature('refuses: is it locked (`ssh-add -X`), or was a confirmation '
                              'declined?')
        return kind, result


class Agent:
    """
    The keys of an ssh-agent; none when it can't be reached. Close it in the end.

    :param timeout: seconds for each of its answers.
    :ivar problem: what is wrong with it; empty when nothing is, or there is none.
    """

    def __init__(self, where: Resolved, timeout: float) -> None:
        self._socket: socket.socket | None = None
        self.keys: tuple[paramiko.PKey, ...] = ()
        self.problem = ''
        path = where.identity_agent
        if path is None:
            path = os.environ.get('SSH_AUTH_SOCK', '')
        if not path:
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # There may be keys in files as well.
            self._socket.settimeout(min(_LIST_TIMEOUT, timeout / 2))
            self._socket.connect(path)
            self.keys = tuple(_Talk(self._socket).get_keys())
            self._socket.settimeout(timeout)
        except NoSignature as error:
            self.problem = f'the agent at {path} {error}'
            self.close()
        except (OSError, paramiko.SSHException):
            self.close()

    def __enter__(self) -> Agent:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the agent."""
        self.close()

    def close(self) -> None:
        """Let go of the agent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def candidates(where: Resolved, agent: Agent, passphrase: str | None, chosen: str | None,
               problems: list[str]) -> Iterator[tuple[str, paramiko.PKey]]:
    """
    Give the keys to try, each with its name, in ssh's order: chosen, agent's, files.

    :param chosen: the key file that the user named, the only one the passphrase is for.
    :param problems: gets what is wrong with the files that can't be used.
    :raises AuthenticationFailed: the chosen key can't be used.
    """
    seen: set[bytes] = set()
    if agent.problem:
        problems.append(agent.problem)
    by_blob = {key.asbytes(): key for key in agent.keys}
    chosen = os.path.expanduser(chosen) if chosen else None
    listed = [chosen] if chosen else []
    listed_blobs = {blob for path in where.identity_files
                    if (blob := public_blob(path)) is not None}
    for path in listed:
        blob = public_blob(path)
        if blob is not None and blob in by_blob and passphrase is None:
            seen.add(blob)
            yield f'{path} (agent)', by_blob[blob]
            continue
        try:
            key = load(path, passphrase)
        except Unusable as error:
            raise AuthenticationFailed(f"{where.user}@{where.name}: the key can't be used: "
                                       f'{error}', **where.facts()) from error
        seen.add(key.asbytes())
        yield path, key
    # As ssh has it: of the agent's keys first those that a file names.
    for blob, key in sorted(by_blob.items(), key=lambda one: one[0] not in listed_blobs):
        if blob not in seen and (not where.identities_only or blob in listed_blobs):
            seen.add(blob)
            yield f'the key {fingerprint(blob)} of the agent', key
    for path in where.identity_files:
        if path == chosen or public_blob(path) in seen:
            continue
        try:
            key = load(path, None)
        except Unusable as error:
            problems.append(str(error))
            continue
        if key.asbytes() not in seen:
            seen.add(key.asbytes())
            yield path, key
