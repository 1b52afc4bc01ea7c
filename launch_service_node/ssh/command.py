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

"""What is to run on a machine and how it ended: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import signal
from typing import NamedTuple

from ..errors import InvalidRequest
from .places import Place, readable
from .quoting import check_variables


@dataclass(frozen=True)
class Command:
    """
    A command for a machine.

    :ivar argv: program and arguments; the program is looked for in the PATH that the
        set-up scripts leave.
    :ivar env: added to the environment there. It travels on stdin, is in no command
        line, and is not shown by `repr`.
    :ivar cwd: folder; relative to the home folder, which is the default.
    :ivar setup: scripts to source first, each absolute or relative to the home folder.
    :ivar pty: rows and columns of a terminal to run it in; None: no terminal, and stdout
        and stderr stay apart.
    :ivar stdin: whether it gets input; otherwise it reads from /dev/null.
    :ivar silence: seconds without a sign of life after which both ends give up; 0: only
        the end of the connection counts.
    :ivar sigterm_timeout: seconds from SIGINT to SIGTERM, when the link dies or on `stop`.
    :ivar sigkill_timeout: seconds from SIGTERM to SIGKILL.
    :ivar leave_rest: let go of what still runs when the command itself ends; otherwise
        that is stopped too.
    :ivar start_timeout: seconds until it has to run, set-up scripts included.
    :ivar python: the Python (3.8 or later) on the machine that watches it.
    :ivar places: what stands in argv for paths that are known only on the machine; see
        `places.py`.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    setup: tuple[str, ...] = ()
    pty: tuple[int, int] | None = None
    stdin: bool = False
    silence: float = 15.0
    sigterm_timeout: float = 5.0
    sigkill_timeout: float = 5.0
    leave_rest: bool = False
    start_timeout: float = 30.0
    python: str = 'python3'
    places: Mapping[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what can't be right."""
        if not self.argv or not self.argv[0]:
            raise InvalidRequest('there is no command to run: name a program')
        for text in (*self.argv, *self.setup, self.cwd or ''):
            if '\0' in text:
                raise InvalidRequest(f'{text!r} holds a NUL, which no argument can carry: '
                                     'remove it')
        check_variables(self.env)
        if self.silence < 0 or self.start_timeout <= 0:
            raise InvalidRequest('silence has to be 0 seconds or more, start_timeout more than 0')

    @property
    def words(self) -> tuple[str, ...]:
        """Return program and arguments as people should see them."""
        return tuple(readable(word) for word in self.argv)

    @property
    def name(self) -> str:
        """Return the program as people should see it."""
        return self.words[0]

    def ladder(self) -> list[tuple[int, float]]:
        """Return what the other side does before SIGKILL: signals and seconds."""
        return ladder(self.sigterm_timeout, self.sigkill_timeout)


class Exit(NamedTuple):
    """
    How a command ended: with a code, or by a signal; neither when nothing ends it.

    :ivar left: pids that even SIGKILL didn't end (another user's, or stuck in the kernel).
    :ivar why: what had it stopped; empty when it ended by itself.
    """

    code: int | None
    signal: int | None
    left: tuple[int, ...] = ()
    why: str = ''

    def __str__(self) -> str:
        """Return it in words."""
        if self.signal is None:
            return 'not ended' if self.code is None else f'exit status {self.code}'
        try:
            return signal.Signals(self.signal).name
        except ValueError:
            return f'signal {self.signal}'


def ladder(sigterm_timeout: float, sigkill_timeout: float) -> list[tuple[int, float]]:
    """Return signals and the seconds to wait after each; 0 leaves one out."""
    both = ((int(signal.SIGINT), sigterm_timeout), (int(signal.SIGTERM), sigkill_timeout))
    return [(number, wait) for number, wait in both if wait > 0]


def last_line(output: bytes) -> str:
    """Return the last line that says something, fit for an error."""
    for line in reversed(output.decode('utf-8', 'replace').splitlines()):
        words = ' '.join(''.join(one if one.isprintable() else ' ' for one in line).split())
        if words:
            return words[:300]
    return ''
