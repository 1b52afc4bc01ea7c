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

"""The output of a command on a machine, as a string."""

from __future__ import annotations

from collections.abc import Sequence
import shlex
from typing import Any

from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.frontend import expose_substitution
import launch.logging
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..errors import InvalidRequest, LaunchServiceError
from ..machines import find_machine, Machine, pool_of, SomeMachine
from ..machines.values import keep, number, Value
from ..ssh.command import last_line
from ..ssh.running import Completed, run

#: Seconds for the command itself, when nothing else is said.
TIMEOUT = 30.0

_POLICIES = ('fail', 'ignore', 'warn', 'capture')


@expose_substitution('remote')
class RemoteSubstitution(Substitution):
    """
    What a command on a machine writes to stdout, without spaces around it.

    In XML and YAML: `$(remote robot1 'uname -r')`, and after that `on_stderr` and
    `timeout`; `$(remote 'uname -r')` asks the default machine. Launch waits meanwhile.

    :param command: split into words as a shell does; no shell runs it.
    :param machine: a machine, or the name that one was declared by; default: the default
        machine of this group or file.
    :param on_stderr: what happens when it writes to stderr: `fail`, `ignore`, `warn`, or
        `capture`: that comes after stdout.
    :param timeout: seconds from its start to its end; 30.
    """

    def __init__(self, command: SomeSubstitutionsType, *, machine: SomeMachine | None = None,
                 on_stderr: SomeSubstitutionsType = 'fail', timeout: Value = TIMEOUT) -> None:
        """Keep what is to be asked; nothing is connected to."""
        super().__init__()
        self._command = normalize_to_list_of_substitutions(command)
        self._machine = machine
        self._on_stderr = normalize_to_list_of_substitutions(on_stderr)
        self._timeout = keep(timeout)

    @classmethod
    def parse(cls, data: Sequence[SomeSubstitutionsType]
              ) -> tuple[type[RemoteSubstitution], dict[str, Any]]:
        """Return the class and its arguments, from `$(remote …)`."""
        if not 1 <= len(data) <= 4:
            raise ValueError('remote takes [machine] command [on_stderr [timeout]]')
        if len(data) == 1:
            return cls, {'command': data[0]}
        names = ('machine', 'command', 'on_stderr', 'timeout')
        return cls, dict(zip(names, data, strict=False))

    def describe(self) -> str:
        """Return what it is, in words."""
        machine = self._machine.describe() if isinstance(self._machine, Machine) else (
            _words(normalize_to_list_of_substitutions(self._machine or '')))
        return f'Remote({machine}, {_words(self._command)})'

    def perform(self, context: LaunchContext) -> str:
        """
        Ask the machine.

        :raises SubstitutionFailure: it can't be reached, or the command failed.
        """
        on_stderr = perform_substitutions(context, self._on_stderr)
        if on_stderr not in _POLICIES:
            raise SubstitutionFailure(f'on_stderr is {on_stderr!r}: give one of '
                                      f'{", ".join(_POLICIES)}')
        line = perform_substitutions(context, self._command)
        try:
            argv = shlex.split(line)
        except ValueError as error:
            raise SubstitutionFailure(f'the command {line!r} has no words: {error}') from error
        try:
            completed = self._ask(context, argv)
        except LaunchServiceError as error:
            raise SubstitutionFailure(error.message) from error
        stdout = completed.stdout.decode('utf-8', 'replace')
        stderr = completed.stderr.decode('utf-8', 'replace')
        if on_stderr == 'capture':
            return (stdout + stderr).strip()
        if stderr and on_stderr != 'ignore':
            message = f'{line!r} writes to stderr: {last_line(completed.stderr)}'
            if on_stderr == 'fail':
                raise SubstitutionFailure(f'{message}; see on_stderr')
            launch.logging.get_logger('launch').warning(message)
        return stdout.strip()

    def _ask(self, context: LaunchContext, argv: list[str]) -> Completed:
        host = find_machine(context, self._machine).host(context)
        timeout = number(context, self._timeout, 'timeout')
        if timeout is None or timeout <= 0:
            raise InvalidRequest('timeout has to be more than 0 seconds')
        command = host.command(argv)  # refused before there is a session that would be left
        return run(pool_of(context).open_session(host.target), command, timeout)


def _words(parts: list[Substitution]) -> str:
    return ' + '.join(part.describe() for part in parts)
