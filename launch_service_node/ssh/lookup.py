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

"""Packages, their executables and share files, looked up on the machine itself."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any

from ..errors import InvalidRequest
from .connection import Session
from .host import Host
from .places import stand_in
from .running import run

_PACKAGE = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.-]*')


@dataclass(frozen=True)
class InPackage:
    """
    A path that belongs to a package, as the machine's AMENT_PREFIX_PATH has it.

    :ivar package: its name.
    """

    package: str

    def __post_init__(self) -> None:
        """Refuse what can't be the name of a package, or a path in it."""
        if not _PACKAGE.fullmatch(self.package):
            raise InvalidRequest(f'{self.package!r} is no name of a package: use letters, '
                                 'digits, underscores')
        path = self._path()
        if path.startswith('/') or '..' in path.split('/') or '\0' in path:
            raise InvalidRequest(f'{path!r} leads out of the package {self.package}: give a '
                                 'path within it')

    def order(self) -> dict[str, Any]:
        """Return it as the machine is told of it."""
        return {'kind': self._kind(), 'package': self.package, 'path': self._path()}

    def _kind(self) -> str:
        raise NotImplementedError

    def _path(self) -> str:
        return ''


@dataclass(frozen=True)
class Prefix(InPackage):
    """The folder that a package is installed below."""

    def __str__(self) -> str:
        """Return what people call it."""
        return f'prefix of {self.package}'

    def _kind(self) -> str:
        return 'prefix'


@dataclass(frozen=True)
class Share(InPackage):
    """
    A package's share folder, or something in it.

    :ivar path: relative to the share folder; empty: that itself.
    """

    path: str = ''

    def __str__(self) -> str:
        """Return what people call it."""
        return f'share/{self.package}{"/" if self.path else ""}{self.path}'

    def _kind(self) -> str:
        return 'share'

    def _path(self) -> str:
        return self.path


@dataclass(frozen=True)
class Executable(InPackage):
    """
    An executable of a package.

    :ivar executable: its name, as for `ros2 run`.
    """

    executable: str = ''

    def __post_init__(self) -> None:
        """Refuse what names none."""
        super().__post_init__()
        if not self.executable:
            raise InvalidRequest(f'no executable of {self.package} is named: name one')

    def __str__(self) -> str:
        """Return what people call it."""
        return f'{self.package}/{self.executable}'

    def _kind(self) -> str:
        return 'executable'

    def _path(self) -> str:
        return self.executable


def find(session: Session, host: Host, what: InPackage, timeout: float = 30.0) -> str:
    """
    Return the path on the machine of something that belongs to a package.

    For the executable or an argument of a command, `Command.places` saves the login.

    :param session: is closed.
    :param timeout: seconds, the set-up scripts included.
    :raises RemoteFailed: it isn't there; facts: package, searched, nearest, path.
    :raises LaunchServiceError: as for any command.
    """
    word = stand_in(what)
    try:
        command = host.command(('printf', '%s', word), places={word: what})
    except InvalidRequest:
        session.close()
        raise
    return run(session, command, timeout).stdout.decode('utf-8', 'surrogateescape')
