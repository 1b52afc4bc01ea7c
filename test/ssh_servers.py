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

"""A real sshd on the loopback, with keys and folders of its own; and servers that misbehave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import getpass
import os
from pathlib import Path
import shutil
import socket
import subprocess
import threading
import time
from typing import Any, TYPE_CHECKING

from launch_service_node.ssh.target import Target

if TYPE_CHECKING:
    import pytest

PATIENCE = 30.0


def why_not() -> str:
    """Say in one line why there can be no sshd here; empty when there can."""
    for program in ('sshd', 'ssh', 'ssh-keygen'):
        if find(program) is None:
            return f'tests over SSH need `{program}` (openssh-server, openssh-client)'
    if os.geteuid() == 0 and not os.path.isdir('/run/sshd'):
        return 'tests over SSH as root need the folder /run/sshd: mkdir /run/sshd'
    return ''


def find(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin')


def hold_port() -> socket.socket:
    """Return a socket that keeps a port from all but who asks for that one; close it."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(('127.0.0.1', 0))
    return one


_held: list[socket.socket] = []


def free_port() -> int:
    """Return a port where nobody listens as long as this process runs."""
    _held.append(hold_port())
    return int(_held[-1].getsockname()[1])


def keygen(path: Path, kind: str = 'ed25519', passphrase: str = '') -> Path:
    """Make a key pair, and return the path of its private half."""
    command = ['ssh-keygen', '-q', '-t', kind, '-N', passphrase, '-C', '', '-f', str(path)]
    subprocess.run(command, check=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    return path


class Sshd:
    """
    A server; `start`, and `stop` in the end.

    :ivar user_key: a private key that it accepts.
    """

    def __init__(self, folder: Path, host_key: str = 'ed25519', address: str = '127.0.0.1',
                 **options: object) -> None:
        self.folder = folder
        self.address = address
        folder.mkdir(parents=True, exist_ok=True)
        # Held, or it may be somebody else's before the server listens.
        self._held = hold_port()
        self.port = int(self._held.getsockname()[1])
        self.host_key = keygen(folder / 'host_key', host_key)
        self.user_key = keygen(folder / 'user_key')
        self.known_hosts = folder / 'known_hosts'
        self.ssh_config = folder / 'ssh_config'
        self.authorized = folder / 'authorized_keys'
        self.authorized.write_text(self.public(self.user_key) + '\n')
        self.options = {
            'Port': self.port, 'ListenAddress': address, 'HostKey': self.host_key,
            'PidFile': folder / 'pid', 'AuthorizedKeysFile': self.authorized,
            'StrictModes': 'no', 'UsePAM': 'no', 'PasswordAuthentication': 'no',
            'KbdInteractiveAuthentication': 'no', 'PermitRootLogin': 'yes', 'LogLevel': 'DEBUG1',
            **options}
        self._popen: subprocess.Popen[bytes] | None = None
        self.write_config()
        self.know()

    @staticmethod
    def public(key: Path) -> str:
        """Return type and base64 of a key's public half."""
        return ' '.join(Path(f'{key}.pub').read_text().split()[:2])

    @property
    def name(self) -> str:
        return f'[{self.address}]:{self.port}'

    def know(self, line: str | None = None) -> None:
        """Make this the only line of known_hosts; None: the true one."""
        self.known_hosts.write_text(
            (f'{self.name} {self.public(self.host_key)}' if line is None else line) + '\n')

    def write_config(self, *lines: str, first: str = '') -> None:
        """Write the client's ssh_config; the alias `robot` means this server."""
        self.ssh_config.write_text('\n'.join([
            first, 'Host robot', f'  HostName {self.address}', f'  Port {self.port}',
            *(f'  {line}' for line in lines), 'Host *',
            f'  UserKnownHostsFile {self.known_hosts}', '  GlobalKnownHostsFile /dev/null',
            '  IdentityFile none', '  IdentityAgent none', '']))

    def target(self, **changes: Any) -> Target:
        """Return how a client reaches it."""
        return Target(**{'host': 'robot', 'user': getpass.getuser(), 'connect_timeout': PATIENCE,
                         'ssh_key': str(self.user_key), 'config_file': str(self.ssh_config),
                         **changes})

    def command(self) -> list[str]:
        """Write its configuration, and return the command that serves."""
        config = self.folder / 'sshd_config'
        config.write_text(''.join(f'{key} {value}\n' for key, value in self.options.items()))
        sshd = find('sshd')
        assert sshd
        return [sshd, '-D', '-e', '-f', str(config)]

    def start(self, command: list[str] | None = None, wait: bool = True) -> Sshd:
        with open(self.folder / 'log', 'ab') as log:
            self._popen = subprocess.Popen(command or self.command(), stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while wait:
            assert self._popen.poll() is None, self.log()
            try:
                socket.create_connection((self.address, self.port), PATIENCE).close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, self.log()
                threading.Event().wait(0.02)
        return self

    def stop(self) -> None:
        self._held.close()
        if self._popen is not None:
            self._popen.terminate()
            try:
                self._popen.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait(PATIENCE)
            self._popen = None

    def log(self) -> str:
        """Return what it has said; nothing before its first start."""
        log = self.folder / 'log'
        return log.read_text(errors='replace') if log.exists() else ''

    def connections(self) -> int:
        """Return how many clients have logged in so far."""
        return self.log().count('Accepted publickey')


@contextmanager
def serving(folder: Path) -> Iterator[Sshd]:
    """Give a server that runs; skip the test where there can be none."""
    with several(folder) as make:
        yield make()


@contextmanager
def several(folder: Path) -> Iterator[Callable[..., Sshd]]:
    """
    Give what makes servers with options of sshd_config, all of which are ended.

    It starts them as well, unless it is called with `started=False`. Skips the test where
    there can be none.
    """
    import pytest  # the bench, which may have none, makes its server itself
    reason = why_not()
    if reason:
        pytest.skip(reason)
    made: list[Sshd] = []

    def make(started: bool = True, **options: Any) -> Sshd:
        made.append(Sshd(folder / f'sshd{len(made)}', **options))
        return made[-1].start() if started else made[-1]

    try:
        yield make
    finally:
        for server in made:
            server.stop()


def leave_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Have nothing of this user's own SSH set-up count."""
    monkeypatch.setenv('HOME', str(home))
    monkeypatch.delenv('SSH_AUTH_SOCK', raising=False)


@contextmanager
def odd_server(*answer: bytes) -> Iterator[int]:
    """Give the port of a server that says this to everybody; nothing: it keeps silent."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen()
        kept: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                kept.append(one)
                for text in answer:
                    one.sendall(text)
                if answer:
                    one.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)
            for one in kept:
                one.close()
