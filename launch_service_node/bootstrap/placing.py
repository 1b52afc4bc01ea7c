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
Where on the machine an instance is started: as it is, or under the user's systemd.

Where logind ends all that a login has started, only what runs under the user's own
systemd lives on, and only when that one lingers. Decisions, and the words for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest, RemoteFailed

AUTO, ALWAYS, NEVER = 'auto', 'always', 'never'
CHOICES = (AUTO, ALWAYS, NEVER)


@dataclass(frozen=True)
class Place:
    """
    How a command is started there.

    :ivar prefix: words that stand before the command.
    :ivar environment: that the prefix needs, where the login doesn't have it.
    :ivar warning: what will go wrong, and the way out; empty: nothing.
    """

    prefix: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    warning: str = ''


def place(wish: str, logind: Mapping[str, Any] | None, user: str, name: str) -> Place:
    """
    Return where to start.

    :param wish: AUTO: under systemd where that helps and is possible; ALWAYS; NEVER.
    :param logind: what `probe.logind` found.
    :param name: of the machine, for the words.
    :raises InvalidRequest: the wish is none.
    :raises RemoteFailed: ALWAYS, and there is no such systemd.
    """
    if wish not in CHOICES:
        raise InvalidRequest(f'{wish!r} is no choice for systemd: give {", ".join(CHOICES)}')
    possible = logind is not None and logind['systemd_run']
    if wish == ALWAYS and not possible:
        raise RemoteFailed(f'{name} has no `systemd-run --user` that works: give systemd auto or '
                           'never, or look what it says there')
    if logind is None:
        return Place()
    if wish == ALWAYS or (wish == AUTO and logind['linger'] and possible):
        warning = '' if logind['linger'] else (
            f'{name} ends the systemd of {user} with the last login, and the instance with it: '
            f'run `loginctl enable-linger {user}` there')
        return Place(systemd_run(), {'XDG_RUNTIME_DIR': logind['runtime_dir']}, warning)
    if not logind['kill']:
        return Place()
    way_out = (f'run `loginctl enable-linger {user}` there' if not logind['linger'] else
               'give systemd auto' if possible else 'mend `systemd-run --user` there')
    return Place(warning=f'{name} ends what a login has started (KillUserProcesses=yes), and '
                         f'the instance with it: {way_out}')


def systemd_run() -> tuple[str, ...]:
    """
    Return the words that start a command in a scope of the user's own systemd.

    A scope runs it as it is, with its environment and descriptors, and goes when the last
    process in it has ended. Delegated, it lets the supervisor make cgroups for limits.
    """
    return ('systemd-run', '--user', '--scope', '--quiet', '--collect',
            '--description=LaunchServiceNode', '--property=Delegate=yes', '--')
