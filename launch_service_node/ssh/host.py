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

"""A machine as a whole: how to reach it, and what holds for every command there. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .command import Command
from .target import Target


@dataclass(frozen=True)
class Host:
    """
    A machine that commands run on.

    :ivar target: how to reach it.
    :ivar name: what people call it, in output and errors; empty: the target's host.
    :ivar setup: set-up scripts to source before each command, in this order.
    :ivar env: added to the environment of each command; not shown by `repr`.
    :ivar python: the Python (3.8 or later) there that watches commands.
    :ivar silence: seconds without a sign of life after which a command's life line counts
        as dead at both ends; 0: only the end of the connection counts.
    :ivar start_timeout: seconds until a command has to run, set-up scripts included.
    """

    target: Target
    name: str = ''
    setup: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    python: str = 'python3'
    silence: float = 15.0
    start_timeout: float = 30.0

    def __str__(self) -> str:
        """Return what people call it."""
        return self.name or self.target.host

    def command(self, argv: Sequence[str], env: Mapping[str, str] | None = None,
                **changes: Any) -> Command:
        """
        Return a command for this machine.

        :param env: added to what holds for all commands here.
        :param changes: further fields of Command, instead of what holds here.
        :raises InvalidRequest: it can't be right.
        """
        return Command(tuple(argv), **{
            'env': {**self.env, **(env or {})}, 'setup': self.setup, 'python': self.python,
            'silence': self.silence, 'start_timeout': self.start_timeout, **changes})
