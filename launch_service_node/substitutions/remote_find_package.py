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

"""Where packages, their executables and share files are on a machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.frontend import expose_substitution
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..errors import LaunchServiceError
from ..machines import find_machine, Machine, pool_of, SomeMachine
from ..ssh.host import Host
from ..ssh.lookup import Executable, find, InPackage, Prefix, Share

#: Seconds for one look, the set-up scripts included.
TIMEOUT = 30.0

_KNOWN = '_launch_service_node_packages'


class _OnMachine(Substitution):
    """
    Asks a machine for a path; launch waits meanwhile, and asks only once for each.

    :param machine: a machine, or the name that one was declared by; default: the default
        machine of this group or file.
    """

    #: The word in XML and YAML, and what stands behind it; the last of them can be left out.
    word = ''
    arguments: tuple[str, ...] = ()
    optional = 0

    def __init__(self, machine: SomeMachine | None, *parts: SomeSubstitutionsType) -> None:
        """Keep what is to be asked; nothing is connected to."""
        super().__init__()
        self._machine = machine
        self._parts = [normalize_to_list_of_substitutions(one) for one in parts]

    @classmethod
    def parse(cls, data: Sequence[SomeSubstitutionsType]
              ) -> tuple[type[_OnMachine], dict[str, Any]]:
        """Return the class and its arguments, from `$(word [machine] …)`."""
        needed = len(cls.arguments) - cls.optional
        if not needed <= len(data) <= len(cls.arguments) + 1:
            raise ValueError(f'{cls.word} takes [machine] {" ".join(cls.arguments)}')
        if len(data) == needed:
            return cls, dict(zip(cls.arguments, data, strict=False))
        return cls, dict(zip(('machine', *cls.arguments), data, strict=False))

    def describe(self) -> str:
        """Return what it is, in words."""
        machine = self._machine.describe() if isinstance(self._machine, Machine) else (
            _words(normalize_to_list_of_substitutions(self._machine or '')))
        return f'{type(self).__name__}({", ".join([machine, *map(_words, self._parts)])})'

    def perform(self, context: LaunchContext) -> str:
        """
        Ask the machine.

        :raises SubstitutionFailure: it can't be reached, or has no such thing.
        """
        try:
            what = self._what(*(perform_substitutions(context, one) for one in self._parts))
            return _find(context, find_machine(context, self._machine).host(context), what)
        except LaunchServiceError as error:
            raise SubstitutionFailure(error.message) from error

    @abstractmethod
    def _what(self, *parts: str) -> InPackage:
        """Return what to look for."""


@expose_substitution('remote-find-pkg-prefix')
class RemoteFindPackagePrefix(_OnMachine):
    """
    The folder that a package on a machine is installed below.

    In XML and YAML: `$(remote-find-pkg-prefix robot1 arm)`; without `robot1`, the default
    machine is asked. Launch waits meanwhile, and asks only once.

    :param package: its name.
    :param machine: a machine, or the name that one was declared by; default: the default
        machine of this group or file.
    """

    word = 'remote-find-pkg-prefix'
    arguments = ('package',)

    def __init__(self, package: SomeSubstitutionsType, *, machine: SomeMachine | None = None
                 ) -> None:
        """Keep what is to be asked; nothing is connected to."""
        super().__init__(machine, package)

    def _what(self, *parts: str) -> InPackage:
        return Prefix(*parts)


@expose_substitution('remote-find-pkg-share')
class RemoteFindPackageShare(_OnMachine):
    """
    The share folder of a package on a machine, or a file in it.

    In XML and YAML: `$(remote-find-pkg-share robot1 arm)` or
    `$(remote-find-pkg-share robot1 arm config/arm.yaml)`; without `robot1` and the file,
    the default machine is asked. Launch waits meanwhile, and asks only once.

    :param package: its name.
    :param path: relative to the share folder, where it has to be there.
    :param machine: a machine, or the name that one was declared by; default: the default
        machine of this group or file.
    """

    word = 'remote-find-pkg-share'
    arguments = ('package', 'path')
    optional = 1

    def __init__(self, package: SomeSubstitutionsType, path: SomeSubstitutionsType = '', *,
                 machine: SomeMachine | None = None) -> None:
        """Keep what is to be asked; nothing is connected to."""
        super().__init__(machine, package, path)

    def _what(self, *parts: str) -> InPackage:
        return Share(*parts)


@expose_substitution('remote-exec-in-pkg')
class RemoteExecutableInPackage(_OnMachine):
    """
    The path of an executable of a package on a machine; RemoteNode looks by itself.

    In XML and YAML: `$(remote-exec-in-pkg robot1 arm_driver arm)`; without `robot1`, the
    default machine is asked. Launch waits meanwhile, and asks only once.

    :param executable: its name.
    :param package: the package that it belongs to.
    :param machine: a machine, or the name that one was declared by; default: the default
        machine of this group or file.
    """

    word = 'remote-exec-in-pkg'
    arguments = ('executable', 'package')

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType, *,
                 machine: SomeMachine | None = None) -> None:
        """Keep what is to be asked; nothing is connected to."""
        super().__init__(machine, executable, package)

    def _what(self, *parts: str) -> InPackage:
        executable, package = parts
        return Executable(package, executable)


def _find(context: LaunchContext, host: Host, what: InPackage) -> str:
    known: list[tuple[Host, InPackage, str]] = context.get_locals_as_dict().get(_KNOWN, [])
    for one, asked, path in known:
        if (one, asked) == (host, what):
            return path
    path = find(pool_of(context).open_session(host.target), host, what, TIMEOUT)
    context.extend_globals({_KNOWN: [*known, (host, what, path)]})
    return path


def _words(parts: list[Substitution]) -> str:
    return ' + '.join(part.describe() for part in parts)
