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

"""Whether what runs is what is asked for; decisions about values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
from types import MappingProxyType
from typing import Any, NamedTuple

from .order import GRAPH_VARIABLES, Order

#: How a difference in the content of what was sent begins: it needs no other node.
CONTENT = 'the text of '


class Running(NamedTuple):
    """
    An instance whose node is up.

    :ivar instance: as docs/protocol.md describes it.
    :ivar argv: the command line of its node.
    :ivar environment: of its node.
    """

    instance: dict[str, Any]
    argv: tuple[str, ...] = ()
    environment: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        return f'Running({self.instance!r}, {self.argv!r})'  # there may be secrets in the rest

    @property
    def allow_list(self) -> list[str]:
        """Return the paths in force."""
        return list(self.instance['settings']['allow_list'])

    @property
    def graph(self) -> dict[str, str]:
        """Return what decides whom it meets on the ROS graph, as far as it is set."""
        return {name: self.environment[name] for name in GRAPH_VARIABLES
                if self.environment.get(name)}


def node_parameter(name: str, value: Any) -> str:
    """Return a parameter as it stands in the command line of a node."""
    return f'{name}:={value if isinstance(value, str) else json.dumps(value)}'


def differences(order: Order, paths: Sequence[str], stale: Sequence[str], keystore: str,
                running: Running) -> list[str]:
    """
    Return in a few words each how an instance differs from what is asked for.

    What isn't asked for doesn't count.

    :param paths: of the whole allow-list, those of sent files included; none: not asked for.
    :param stale: those of the sent files whose text on the machine is another one.
    :param keystore: where the enclave that is asked for will be; empty: not asked for.
    """
    found = []
    if paths and running.allow_list != list(paths):
        found.append(f'the allow-list is {", ".join(running.allow_list) or "none"}, '
                     f'asked for was {", ".join(paths)}')
    else:
        found += [f'{CONTENT}{path}' for path in stale]
    for name, value in order.parameters.items():
        if node_parameter(name, value) not in running.argv:
            found.append(f'the parameter {name} is not {value}')
    if order.ros_arguments and not _has(running.argv, order.ros_arguments):
        found.append(f'the ROS arguments are not {" ".join(order.ros_arguments)}')
    for name, value in order.environment.items():
        there = running.environment.get(name, '')
        if name in GRAPH_VARIABLES and _plain(name, there) != _plain(name, value):
            found.append(f'{name} is {there or "not set"}, asked for was {value or "nothing"}')
    if keystore and running.environment.get('ROS_SECURITY_KEYSTORE') != keystore:
        found.append('the security enclave is another one')
    return found


def only_content(found: Sequence[str]) -> bool:
    """Say whether the same files hold another text, and nothing else differs."""
    return all(one.startswith(CONTENT) for one in found)


def _plain(name: str, value: str) -> str:
    return (value or '0') if name == 'ROS_DOMAIN_ID' else value


def _has(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(tuple(words[start:start + len(part)]) == tuple(part)
               for start in range(len(words)))
