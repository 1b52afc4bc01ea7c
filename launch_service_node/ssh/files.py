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

"""Files that are sent to a machine along with a command, for its time there and no longer."""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
import re
from typing import Any

from ..errors import InvalidRequest

#: Bytes of one file.
MOST_BYTES = 1 << 22

_NAME = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9._-]*')


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


def check_size(name: str, size: int) -> None:
    """
    Refuse what is too large to be sent along.

    :raises InvalidRequest: more than MOST_BYTES.
    """
    if size > MOST_BYTES:
        raise InvalidRequest(f'{name} has {size} bytes, and {MOST_BYTES} is the most that is sent '
                             'along with a command: copy it to the machine before, and name its '
                             'path there')
