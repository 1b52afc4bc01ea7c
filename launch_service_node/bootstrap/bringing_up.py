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
Brings up an instance on a machine and lets go of it: connect, check, hand over, listen.

Up to the hand-over nothing has happened there; after it the machine goes on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
import os
import threading
from typing import Any

from ..errors import Unreachable
from ..ssh.pool import Pool
from . import finding
from .graph import Listener, not_on_graph
from .handing_over import hand_over
from .order import Order
from .placing import place
from .request import domain_of, make_order, Request

Note = Callable[[str], object]

#: Seconds to go on trying to connect: sshd turns some away when many come at once.
_PATIENCE = 3.0


@dataclass(frozen=True)
class Outcome:
    """
    What bringing an instance up on a machine came to.

    :ivar what: attached, started or replaced.
    :ivar instance: as docs/protocol.md describes it.
    :ivar ready: boot_id, version and graph (the settings of its node) there.
    :ivar seen: whether its heartbeat has arrived here; False: it was not waited for.
    :ivar notes: what a user should know, a line each.
    """

    what: str
    namespace: str
    host: str
    instance: dict[str, Any]
    ready: dict[str, Any] = field(default_factory=dict)
    seen: bool = False
    notes: tuple[str, ...] = ()


def bring_up(pool: Pool, request: Request, note: Note = lambda line: None,
             step: Note = lambda words: None, cancel: threading.Event | None = None,
             environ: Mapping[str, str] = os.environ,
             leave: Callable[[Callable[[], None]], object] = lambda close: close()) -> Outcome:
    """
    Bring up an instance on a machine, and return what it came to.

    :param note: gets what a user should know, a line each.
    :param step: gets what is being done, a few words each.
    :param cancel: when it is set, the wait ends; what the machine has begun it finishes.
    :param environ: what decides which ROS graph this side is on.
    :param leave: gets what leaves that graph, and may put it off.
    :raises InvalidRequest: the request can't be right; nothing has happened.
    :raises PackageMissing: the machine doesn't have what it takes; nothing has happened.
    :raises InstanceError: CONFLICT, an instance runs there otherwise; it is left alone.
    :raises NotOnGraph: it is up, and this side doesn't see it.
    :raises LaunchServiceError: SSH doesn't get there, or it can't be brought up.
    """
    cancel = cancel or threading.Event()
    order = make_order(request, environ)
    listener = Listener(domain_of(request, environ)) if request.wait_for_graph else None
    notes: list[str] = []

    def tell(line: str) -> None:
        notes.append(line)
        note(line)

    def go_on(words: str, otherwise: str = 'and has begun nothing') -> None:
        if cancel.is_set():
            raise Unreachable(f'{request.host} is not waited for any longer, {otherwise}')
        step(words)

    try:
        result = _on_the_machine(pool, request, order, listener, tell, go_on, step, cancel)
        outcome = Outcome(result['outcome'], result['namespace'], str(request.host),
                          result['instance'],
                          {key: result[key] for key in ('boot_id', 'version', 'graph')})
        if listener is not None:
            is_up = f'and has brought {outcome.namespace} up'
            go_on('waiting for its heartbeat', is_up)
            node = outcome.instance['node']['name']
            seen = listener.hear(node, outcome.instance['instance_id'], request.graph_timeout,
                                 cancel.is_set, is_new=outcome.what == 'started')
            for other in sorted(listener.others):
                tell(f'another {node} runs on {other}: give one of them another namespace')
            if not seen:
                go_on('looking what differs', is_up)
                raise not_on_graph(outcome.host, result, listener.settings(environ),
                                   request.graph_timeout)
        return replace(outcome, seen=listener is not None, notes=tuple(notes))
    finally:
        if listener is not None:
            leave(listener.close)


def _on_the_machine(pool: Pool, request: Request, order: Order, listener: Listener | None,
                    tell: Note, go_on: Note, step: Note,
                    cancel: threading.Event) -> dict[str, Any]:
    host = request.host
    go_on('connecting')
    session = pool.open_session(host.target, _PATIENCE)
    try:
        go_on('checking')
        found = finding.find(session, host)
    finally:
        session.close()
    for line in finding.check(found, host):
        tell(line)
    where = place(request.systemd, found.logind, found.user, str(host))
    if where.warning:
        tell(where.warning)
    if listener is not None:
        listener.joined()  # or there is no telling whether it is on the graph
    go_on('handing over')
    result = hand_over(pool.open_session(host.target, _PATIENCE), host, where, order, step,
                       cancel.is_set)
    instance = result['instance']
    if instance['version'] != result['version']:
        tell(f'the supervisor of {result["namespace"]} is still version {instance["version"]}, '
             f'{result["version"]} is installed: replace it to have that (--replace)')
    for line in result['problems']:
        tell(f'allow-list: {line}')
    return result
