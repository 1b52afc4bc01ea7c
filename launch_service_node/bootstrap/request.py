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

"""What a user asks for: an instance on a machine. Values, and the files that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import Any

from ..domain import domain_id
from ..errors import InvalidRequest
from ..ssh.host import Host
from ..ssh.target import ACCEPT_NEW
from .graph import TIMEOUT as GRAPH_TIMEOUT
from .order import Order
from .placing import AUTO

#: Bytes of a file that is sent.
MOST = 1 << 20

#: What this side has of these, a machine whose set-up says nothing gets.
_FORWARDED = ('ROS_DOMAIN_ID', 'RMW_IMPLEMENTATION')

#: What the folder of an enclave has to hold.
_ENCLAVE_FILES = ('cert.pem', 'key.pem', 'governance.p7s', 'identity_ca.cert.pem',
                  'permissions.p7s', 'permissions_ca.cert.pem')


@dataclass(frozen=True)
class Request:
    """
    An instance that is to be up on a machine.

    :ivar namespace: empty: made of the machine's host name.
    :ivar allow_list: files here, or folders of them, that are sent.
    :ivar remote_allow_list: files or folders there; relative ones are of the home folder.
    :ivar parameters: of the node.
    :ivar labels: that its heartbeat carries.
    :ivar ros_arguments: of the node.
    :ivar domain_id: None: as the set-up there says, else as here.
    :ivar rmw: RMW_IMPLEMENTATION; None: likewise.
    :ivar enclave: the folder here of the one SROS2 enclave to send; empty: none.
    :ivar replace: whether an instance that runs otherwise is replaced.
    :ivar systemd: one of placing.CHOICES.
    :ivar timeout: seconds for the machine to bring it up.
    :ivar wait_for_graph: whether it has to show up on this side's graph.
    :ivar graph_timeout: seconds for that.
    """

    host: Host
    namespace: str = ''
    allow_list: tuple[str, ...] = ()
    remote_allow_list: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ros_arguments: tuple[str, ...] = ()
    domain_id: int | None = None
    rmw: str | None = None
    enclave: str = ''
    replace: bool = False
    systemd: str = AUTO
    timeout: float = 60.0
    wait_for_graph: bool = True
    graph_timeout: float = GRAPH_TIMEOUT


def make_order(request: Request, environ: Mapping[str, str] = os.environ) -> Order:
    """
    Return the order for a request; reads the files that are sent.

    :raises InvalidRequest: a file can't be read, is too large, or has the name of another;
        an enclave is incomplete, or would go to a host that nobody vouches for.
    """
    if request.enclave and request.host.target.host_key_policy == ACCEPT_NEW:
        raise InvalidRequest(
            f'the enclave holds a private key, and {request.host} may be anybody with the '
            'host-key policy accept-new: record its key first, and use strict')
    environment = dict(request.host.env)
    if request.domain_id is not None:
        environment['ROS_DOMAIN_ID'] = str(request.domain_id)
    if request.rmw is not None:
        environment['RMW_IMPLEMENTATION'] = request.rmw
    parameters = dict(request.parameters)
    if request.labels:
        parameters['labels'] = [f'{key}={value}' for key, value in request.labels.items()]
    return Order(
        request.namespace, _allow_lists(request.allow_list), request.remote_allow_list,
        parameters, request.ros_arguments, environment,
        {name: environ[name] for name in _FORWARDED if environ.get(name)},
        _enclave(request.enclave), request.replace, request.timeout)


def domain_of(request: Request, environ: Mapping[str, str] = os.environ) -> int | None:
    """Return the ROS domain in which this side looks for it; None: what is set is no number."""
    if request.domain_id is not None:
        return request.domain_id
    return domain_id(environ.get('ROS_DOMAIN_ID', ''))


def _allow_lists(paths: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in paths:
        for part in _files(path):
            if part.name in found:
                raise InvalidRequest(f'two allow-lists are called {part.name}: rename one')
            found[part.name] = _text(part)
    return found


def _files(path: str) -> list[Path]:
    # Not the one of Path, which raises a RuntimeError for a user that there is not.
    one = Path(os.path.expanduser(path))
    with _reading(path):
        if not one.is_dir():
            return [one]
        found = sorted(part for part in one.iterdir() if part.suffix in ('.yaml', '.yml')
                       and not part.name.startswith('.') and part.is_file())
    if not found:
        raise InvalidRequest(f'the folder {path} holds no allow-list, no file *.yaml')
    return found


def _enclave(folder: str) -> dict[str, bytes]:
    if not folder:
        return {}
    path = Path(os.path.expanduser(folder))
    with _reading(folder):
        missing = [name for name in _ENCLAVE_FILES if not (path / name).exists()]
        found = [] if missing else sorted(part for part in path.iterdir() if part.is_file())
    if missing:
        raise InvalidRequest(f'{folder} is no enclave, {", ".join(missing)} is not there: name '
                             'the folder that `ros2 security create_enclave` has made')
    return {part.name: _text(part) for part in found}


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """Say of what can't be read which it is."""
    try:
        yield
    except OSError as error:
        raise InvalidRequest(f'cannot read {path}: {error.strerror}') from error


def _text(path: Path) -> bytes:
    with _reading(path), open(path, 'rb') as file:
        text = file.read(MOST + 1)
    if len(text) > MOST:
        raise InvalidRequest(f'{path} has more than {MOST} bytes, too much to send')
    return text
