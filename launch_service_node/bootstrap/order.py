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

"""What the launching side asks the machine's own package to do, as it travels. Values only."""

from __future__ import annotations

import base64
from collections.abc import Mapping
import json
from types import MappingProxyType
from typing import Any, NamedTuple

#: Of the order and its answers; another one is another language.
FORMAT = 1

#: What decides whom a node meets on the ROS graph.
GRAPH_VARIABLES = (
    'ROS_DOMAIN_ID', 'RMW_IMPLEMENTATION', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_STATIC_PEERS',
    'ROS_LOCALHOST_ONLY', 'ROS_DISCOVERY_SERVER', 'ROS_SECURITY_ENABLE', 'ROS_SECURITY_KEYSTORE',
    'FASTDDS_BUILTIN_TRANSPORTS')

#: The enclave's name in the key store that is made of what was sent.
ENCLAVE = '/launch_service'

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Order(NamedTuple):
    """
    An instance to be brought up; what is empty was not asked for.

    :ivar namespace: empty: made of the machine's host name.
    :ivar files: allow-lists to write there, by name.
    :ivar allow_list: paths of further allow-lists, which are there.
    :ivar parameters: of the node.
    :ivar ros_arguments: of the node.
    :ivar environment: set on top of what the set-up scripts leave.
    :ivar defaults: likewise, but only where the set-up scripts leave nothing.
    :ivar enclave: files of the one security enclave, by name.
    :ivar replace: whether an instance that runs otherwise is to be replaced.
    :ivar timeout: seconds until all has to be done.
    """

    namespace: str = ''
    files: Mapping[str, bytes] = _NOTHING
    allow_list: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = _NOTHING
    ros_arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = _NOTHING
    defaults: Mapping[str, str] = _NOTHING
    enclave: Mapping[str, bytes] = _NOTHING
    replace: bool = False
    timeout: float = 60.0

    def __repr__(self) -> str:
        # Files and variables may hold secrets.
        return f'Order({self.namespace!r}, replace={self.replace}, timeout={self.timeout:g})'


def pack(order: Order) -> bytes:
    """Return an order as it is sent: its length on a line of its own, then JSON."""
    data = json.dumps({
        'format': FORMAT, 'namespace': order.namespace, 'files': _encoded(order.files),
        'allow_list': order.allow_list, 'parameters': dict(order.parameters),
        'ros_arguments': order.ros_arguments, 'environment': dict(order.environment),
        'defaults': dict(order.defaults), 'enclave': _encoded(order.enclave),
        'replace': order.replace, 'timeout': order.timeout}).encode()
    return b'%d\n%b' % (len(data), data)


def unpack(data: bytes) -> Order:
    """
    Return the order in a packed one, without its length.

    :raises ValueError: it is none, or one of another format.
    """
    told = json.loads(data)
    if told.pop('format', None) != FORMAT:
        raise ValueError('an order of another format')
    for key in ('files', 'enclave'):
        told[key] = {name: base64.b64decode(text) for name, text in told[key].items()}
    for key in ('allow_list', 'ros_arguments'):
        told[key] = tuple(told[key])
    return Order(**told)


def _encoded(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in files.items()}
