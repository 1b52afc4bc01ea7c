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

"""How the services of a LaunchServiceNode are called, and what they are of."""

from __future__ import annotations

from typing import NamedTuple

from ..instance import valid_namespace

DEFAULT_NODE_NAME = 'launch_service'
DISCOVERY_SERVICE = 'list_processes'
DISCOVERY_TYPE = 'launch_service_node/srv/ListProcesses'


class Service(NamedTuple):
    """A service private to the node: its name there, and the package and class of its type."""

    name: str
    package: str
    type_name: str


START = Service('start_process', 'launch_service_node', 'StartProcess')
STOP = Service('stop_process', 'launch_service_node', 'StopProcess')
RESTART = Service('restart_process', 'launch_service_node', 'RestartProcess')
SIGNAL = Service('signal_process', 'launch_service_node', 'SignalProcess')
LIST = Service('list_processes', 'launch_service_node', 'ListProcesses')
EXECUTABLES = Service('list_executables', 'launch_service_node', 'ListExecutables')
READ_OUTPUT = Service('read_output', 'launch_service_node', 'ReadOutput')
RELOAD = Service('reload_allow_list', 'std_srvs', 'Trigger')
SHUTDOWN = Service('shutdown', 'launch_service_node', 'Shutdown')

SERVICES = (START, STOP, RESTART, SIGNAL, LIST, EXECUTABLES, READ_OUTPUT, RELOAD, SHUTDOWN)


def node_of(namespace: str, node_name: str = DEFAULT_NODE_NAME) -> str:
    """
    Return the fully qualified name of the LaunchServiceNode of a namespace.

    A namespace that already ends in the node's name is taken as the whole.

    :raises InvalidRequest: when a part is not a ROS name token.
    """
    full = valid_namespace(namespace)
    if full.rsplit('/', 1)[1] == node_name:
        return full
    return f'{full.rstrip("/")}/{node_name}'


def namespace_of_node(full_name: str) -> str:
    """Return the namespace of a fully qualified node name: `/` for `/launch_service`."""
    return full_name.rsplit('/', 1)[0] or '/'


def nodes_among(services: list[tuple[str, list[str]]]) -> list[str]:
    """Return the full names of the LaunchServiceNodes that offer services of the ROS graph."""
    suffix = '/' + DISCOVERY_SERVICE
    return sorted({name[:-len(suffix)] for name, types in services
                   if name.endswith(suffix) and len(name) > len(suffix)
                   and DISCOVERY_TYPE in types})
