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

"""From what an action says of its machine to the machine."""

from __future__ import annotations

from typing import TypeAlias

from launch import LaunchContext, SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..errors import InvalidRequest
from .machine import Machine
from .registry import default_of, machines_of

#: A machine, or the name that one was declared by.
SomeMachine: TypeAlias = Machine | SomeSubstitutionsType


def find_machine(context: LaunchContext, machine: SomeMachine | None) -> Machine:
    """
    Return the machine itself, the one declared by that name, or the default of this scope.

    :param machine: None or an empty name: the default.
    :raises InvalidRequest: there is none.
    """
    if isinstance(machine, Machine):
        return machine
    name = '' if machine is None else perform_substitutions(
        context, normalize_to_list_of_substitutions(machine))
    if not name:
        name = default_of(context)
        if not name:
            raise InvalidRequest('no machine is named, and there is no default here: name one, '
                                 'or declare one with default="true" before')
    known = machines_of(context)
    if name not in known:
        those = f'those are {", ".join(sorted(known))}' if known else 'there is none so far'
        raise InvalidRequest(f'no machine {name} was declared before this action; {those}')
    return known[name]
