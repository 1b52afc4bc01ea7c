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

"""Files for a machine: for the time of a command, or to stay."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
import re
from typing import Any

from ..errors import InvalidRequest, RemoteFailed
from .command import last_line
from .connection import Session
from .host import Host
from .places import stand_in
from .running import run

#: Bytes of one file, and of all that go to a machine at once.
MOST_BYTES = 1 << 22

_NAME = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9._-]*')

# Each file beside its target first, so that whoever reads there sees the old one or the
# new one, whenever the link dies.
_PUT = """import os, sys
words = sys.argv[1:]
try:
    for at in range(0, len(words), 4):
        source, path, mode, folder_mode = words[at:at + 4]
        path = os.path.expanduser(path)
        folder = os.path.dirname(os.path.abspath(path))
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for one in reversed(missing):
            os.mkdir(one, int(folder_mode, 8))
            os.chmod(one, int(folder_mode, 8))
        new = '%s.%s' % (path, os.urandom(6).hex())
        try:
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(source, 'rb') as data, open(fd, 'wb') as file:
                file.write(data.read())
                os.fchmod(fd, int(mode, 8))
                file.flush()
                os.fsync(fd)
            os.rename(new, path)
        except BaseException:
            try:
                os.unlink(new)
            except OSError:
                pass
            raise
except OSError as error:
    sys.exit('%s: %s' % (path, error.strerror))"""


@dataclass(frozen=True)
class SentFile:
    """
    A file that is on the machine while a command runs, and no longer.

    It lies in a folder that only the user can look into, and goes with the command: at
    its end, when the link dies, when who launched it dies. A place for `Command.places`.

    :ivar name: of the file, without a folder; differs from that of the command's others.
    :ivar data: at most MOST_BYTES; not shown by `repr`.
    """

    name: str
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no name, or too large."""
        if not _NAME.fullmatch(self.name):
            raise InvalidRequest(f'{self.name!r} is no name for a file to send: use letters, '
                                 'digits, dots, dashes and underscores')
        check_size(self.name, len(self.data))

    def __str__(self) -> str:
        """Return what people call it."""
        return self.name

    def order(self) -> dict[str, Any]:
        """Return it as the machine is told of it."""
        return {'kind': 'file', 'name': self.name,
                'data': binascii.b2a_base64(self.data, newline=False).decode()}


@dataclass(frozen=True)
class PutFile:
    """
    A file that is to stay on the machine.

    :ivar path: absolute, or relative to the home folder; `~/` is understood. What is there
        is replaced, at once and as a whole.
    :ivar data: at most MOST_BYTES; not shown by `repr`.
    :ivar mode: its permissions.
    :ivar folder_mode: permissions of folders that are made for it.
    """

    path: str
    data: bytes = field(repr=False)
    mode: int = 0o600
    folder_mode: int = 0o700


def check_size(name: str, size: int) -> None:
    """
    Refuse what is too large to be sent along.

    :raises InvalidRequest: more than MOST_BYTES.
    """
    if size > MOST_BYTES:
        raise InvalidRequest(f'{name} has {size} bytes, and {MOST_BYTES} is the most that is sent '
                             'along: copy it to the machine, and name it by its path there')


def put(session: Session, host: Host, files: Sequence[PutFile], timeout: float = 60.0) -> None:
    """
    Write files on the machine, one after the other, each whole or not at all.

    :param timeout: seconds for all of it.
    :raises InvalidRequest: together they are too large.
    :raises RemoteFailed: one can't be written; those before it are there.
    :raises LaunchServiceError: as for any command.
    """
    check_size(', '.join(one.path for one in files), sum(len(one.data) for one in files))
    words, places = [], {}
    for number, one in enumerate(files):
        source = SentFile(f'{number}', one.data)
        word = stand_in(source)
        places[word] = source
        words += [word, one.path, f'{one.mode:o}', f'{one.folder_mode:o}']
    command = host.command((host.python, '-ISE', '-c', _PUT, *words), places=places, setup=())
    done = run(session, command, timeout, check=False)
    if done.exit.code != 0:
        where = session.where
        raise RemoteFailed(
            f"{where.name} can't write {last_line(done.stderr) or done.exit}: check the path, "
            'its permissions, and the space there', exit_status=done.exit.code,
            signal=done.exit.signal, last_output=done.stderr.decode('utf-8', 'replace'),
            **where.facts())
