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

"""Which machines a launch knows by name, and which one is the default where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from launch import LaunchContext

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from .machine import Machine

#: In the context's globals: machines by name.
_MACHINES = '_launch_service_node_machines'

#: A launch configuration, so that groups and included files scope it as all others.
_DEFAULT = '_launch_service_node_default_machine'


def machines_of(context: LaunchContext) -> Mapping[str, Machine]:
    """Return what was declared so far, by name."""
    known: dict[str, Machine] = context.get_locals_as_dict().get(_MACHINES, {})
    return known


def declare(context: LaunchContext, name: str, machine: Machine) -> None:
    """
    Make a machine known by a name, for the rest of the launch.

    :raises InvalidRequest: another one has this name.
    """
    known = machines_of(context)
    if name in known and known[name].host(context) != machine.host(context):
        raise InvalidRequest(f'two different machines are called {name}: give one of them '
                             'another name')
    context.extend_globals({_MACHINES: {**known, name: machine}})


def set_default(context: LaunchContext, name: str) -> None:
    """Make a machine that was declared the default of this scope; empty: there is none."""
    context.launch_configurations[_DEFAULT] = name


def default_of(context: LaunchContext) -> str:
    """Return the name of the default machine of this scope; empty: there is none."""
    return context.launch_configurations.get(_DEFAULT, '')
