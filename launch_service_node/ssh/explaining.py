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

"""Why a command on a machine didn't start, in one line; decisions about what came back."""

from __future__ import annotations

import json
from typing import Any

from ..errors import (
    InterpreterMissing,
    LaunchServiceError,
    RemoteError,
    RemoteFailed,
    SetupScriptMissing,
    WatchdogDied,
)
from .command import Command, Exit, last_line
from .dialing import lost
from .not_there import explain, KINDS
from .remote import guard
from .sending import is_too_old
from .target import Resolved


def no_watchdog(where: Resolved, command: Command, status: int | None,
                output: bytes) -> LaunchServiceError:
    """
    Return the error for a machine that ended the line before the watchdog spoke.

    :param status: of the login shell; None or -1: there was none.
    :param output: the end of what it said.
    """
    last = last_line(output)
    facts = _facts(where, command, output, exit_status=status)
    version = is_too_old(last)
    if version is not None:
        return InterpreterMissing(
            f'{where.name} has too old a {command.python} ({version}): install '
            'Python 3.8 or later there, or name another one', **facts)
    if status == 127:
        return InterpreterMissing(f'{where.name} has no {command.python}: install Python 3.8 or '
                                  f'later there, or name another one ({last})', **facts)
    if status is None or status < 0:
        return lost(where, 'it ended before anything ran')
    return RemoteFailed(
        f'the login shell of {where.user} on {where.name} runs no command (exit status {status}'
        f'{": " + last if last else ""}); try `ssh {where.name} true`', **facts)


def watchdog_died(where: Resolved, command: Command, status: int | None,
                  output: bytes) -> LaunchServiceError:
    """
    Return the error for a watchdog that ended before its command was seen to end.

    :param status: its exit status; None or -1: unknown, as when the link died.
    :param output: the end of what it said.
    """
    if status is None or status < 0:
        return lost(where, 'it ended before the command did')
    name = command.name
    said, found, told = output.decode('utf-8', 'replace').rpartition(guard.SAID)
    last = last_line(said.encode())
    facts = _facts(where, command, said.encode(), exit_status=status)
    if not found:
        return WatchdogDied(
            f'what watches {name} on {where.name} ended first (exit status {status}'
            f'{": " + last if last else ""}): look whether the command still runs there', **facts)
    number, left = json.loads(told)['signal'], json.loads(told)['left']
    if number is None:
        how = f'failed{" (" + last + ")" if last else ""}'
        way_out = 'that is a mistake in launch_service_node: please report it'
    else:
        how = f'was killed ({Exit(None, number)})'
        way_out = 'look into `dmesg` there: memory may have run out'
    if left:
        rest = f'pids {", ".join(map(str, left))} are left there'
    else:
        rest = f'{name} was ended with it'
    return WatchdogDied(f'what watches {name} on {where.name} {how}; {rest}; {way_out}',
                        signal=number, left=tuple(left), **facts)


def could_not_start(where: Resolved, command: Command, told: dict[str, Any],
                    output: bytes) -> RemoteError:
    """
    Return the error for what the watchdog told instead of STARTED.

    :param told: its kind, name, and what the system said.
    :param output: the end of what the set-up scripts said.
    """
    name, kind = told['name'], told['kind']
    facts = _facts(where, command, output)
    last = last_line(output)
    if kind in KINDS:
        return explain(where, told, **facts)
    if kind == 'setup':
        return SetupScriptMissing(f'{where.name} has no set-up script {name} that {where.user} '
                                  'can read: check its path there', script=name, **facts)
    if kind == 'sourcing':
        return SetupScriptMissing(
            f'a set-up script on {where.name} ends the shell that sources it (status '
            f'{told["status"]}{": " + last if last else ""}); try `. {name}` there',
            script=name, exit_status=told['status'], **facts)
    if kind == 'interpreter':
        return InterpreterMissing(f'{where.name} lacks what runs {name}: install it, or correct '
                                  'the first line of the file', **facts)
    if kind == 'folder':
        return RemoteFailed(f'{where.name} can\'t enter the folder {name}: {told["text"]}; '
                            'check its path there', **facts)
    return RemoteFailed(f'{where.name} can\'t start {name}: {told["text"]}; check its path there, '
                        'and the set-up scripts', **facts)


def _facts(where: Resolved, command: Command, output: bytes, **more: object) -> dict[str, Any]:
    return {**where.facts(), 'command': command.words,
            'last_output': output.decode('utf-8', 'replace'), **more}
