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

"""Whether an instance that runs is on the ROS graph of this side: its heartbeat tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
import os
import threading
import time
from typing import Any

from ..client import RosSession
from ..client.explain import no_ros
from ..client.loading import loaded
from ..errors import NotOnGraph, ResultCode, Unreachable

#: Seconds for a heartbeat to arrive.
TIMEOUT = 20.0

#: Seconds to load ROS here.
JOINING = 60.0

_POLL = 0.1

#: Seconds for the heartbeat of another node of the same name, where there is one.
_TWIN = 2.0

#: Seconds after which who was on the graph before us is known: Fast DDS announces a participant
#: every 3 s, and of the answers to a newcomer some get lost where there are many.
_SETTLED = 3.5

# The node of an endpoint that was met before its node (rmw_dds_common).
_UNNAMED = '_NODE_NAME_UNKNOWN_'

_HEARTBEAT = 'launch_service_node/msg/Heartbeat'

# ROS's own ports of a domain: 250 each, from 7400 on.
_FIRST_PORT, _PORTS = 7400, 250


class Listener:
    """
    This side's place on the ROS graph, taken while the machine is busy; close it.

    :param domain: None: as ROS_DOMAIN_ID says.
    :ivar others: hosts of other instances that were heard under the same name.
    """

    def __init__(self, domain: int | None = None) -> None:
        self._domain = domain
        self.others: set[str] = set()
        self._other_heard = threading.Event()
        self._session: RosSession | None = None
        self._since = 0.0  # monotonic
        self._error: Unreachable | None = None
        self._thread = threading.Thread(target=self._join, name='join the graph', daemon=True)
        self._thread.start()

    def _join(self) -> None:
        try:
            self._session = RosSession(domain_id=self._domain)
            self._since = time.monotonic()
        except Unreachable as error:
            self._error = error

    def joined(self) -> RosSession:
        """
        Return the place on the graph.

        :raises Unreachable: there is no ROS here, or it doesn't load.
        """
        self._thread.join(JOINING)
        error = self._error
        if error is None and self._session is None:
            error = no_ros(RuntimeError(f'ROS has not loaded after {JOINING:g} s'))
        if error is not None:
            cause = error.message.partition(';')[0]
            raise Unreachable(f"{cause}; source a ROS set-up here that has this package, or "
                              "don't wait for its heartbeat (--no-wait-graph)", error.code)
        assert self._session is not None
        return self._session

    def hear(self, node: str, instance_id: str, timeout: float,
             cancelled: Callable[[], bool] = lambda: False, is_new: bool = True) -> bool:
        """
        Wait for a heartbeat of an instance; False when none came.

        :param node: full name of its node.
        :param timeout: seconds.
        :param cancelled: ends the wait when it is true.
        :param is_new: there may be others of its name that nobody was told of: they are looked
            for until this side has been on the graph for 3.5 s.
        """
        session = self.joined()  # first, because it is the one that loads ROS
        from rclpy.qos import QoSProfile, ReliabilityPolicy

        from launch_service_node.msg import Heartbeat
        heard = threading.Event()

        def take(message: Any) -> None:
            if message.instance_id == instance_id:
                heard.set()
            elif message.node_name == node:  # a fleet may share one topic
                self.others.add(message.hostname)
                self._other_heard.set()

        qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        subscriptions: dict[str, Any] = {}
        try:
            deadline = time.monotonic() + timeout
            while not heard.is_set():
                for topic in {f'{node}/heartbeat', *_heartbeats_of(session, node)}:
                    if topic not in subscriptions:
                        subscriptions[topic] = session.node.create_subscription(
                            loaded(Heartbeat), topic, take, qos)
                if time.monotonic() >= deadline or cancelled():
                    return False
                heard.wait(_POLL)
            settled = min(deadline, self._since + _SETTLED if is_new else 0)
            deadline = min(deadline, max(settled, time.monotonic()) + _TWIN)
            while ((time.monotonic() < settled or _has_twin(session, subscriptions, node))
                   and time.monotonic() < deadline and not cancelled()
                   and not self._other_heard.wait(_POLL)):
                pass
            return True
        finally:
            for subscription in subscriptions.values():
                session.node.destroy_subscription(subscription)

    def settings(self, environ: Mapping[str, str] = os.environ) -> tuple[int, str, dict[str, str]]:
        """Return domain, middleware and environment of this side."""
        domain = self.joined().node.context.get_domain_id()
        from rclpy.utilities import get_rmw_implementation_identifier
        return domain, get_rmw_implementation_identifier(), dict(environ)

    def close(self) -> None:
        """Leave the graph."""
        self._thread.join(JOINING)
        if self._session is not None:
            self._session.close()


def _heartbeats_of(session: RosSession, node: str) -> list[str]:
    """Return where a node publishes its heartbeat, which may be remapped to a fleet's topic."""
    namespace, _, name = node.rpartition('/')
    try:
        found = session.node.get_publisher_names_and_types_by_node(name, namespace or '/')
    except RuntimeError:
        return []  # it is not on the graph yet
    return [topic for topic, types in found if _HEARTBEAT in types]


def _has_twin(session: RosSession, topics: Iterable[str], node: str) -> bool:
    """Say whether more than one node of this name, or of none yet, publishes a heartbeat."""
    found = [info for topic in topics for info in session.node.get_publishers_info_by_topic(topic)
             if info.node_name == _UNNAMED
             or f'{info.node_namespace.rstrip("/")}/{info.node_name}' == node]
    return len(found) > 1


def not_on_graph(name: str, result: Mapping[str, Any], here: tuple[int, str, Mapping[str, str]],
                 seconds: float) -> NotOnGraph:
    """
    Return the error for an instance that runs, and whose heartbeat doesn't arrive.

    :param result: what the machine answered.
    :param here: domain, middleware and environment of this side.
    """
    found = differing(result, here)
    namespace = result['namespace']
    runs = (f'{namespace} runs on {name}, but is not on this graph: no heartbeat came within '
            f'{seconds:g} s')
    if found:
        why = f'{", ".join(found)}; give both sides the same'
    else:
        first = _FIRST_PORT + _PORTS * here[0]
        why = (f'the settings are the same (domain {here[0]}, {here[1]}), so look at what is '
               f'between: a firewall (UDP {first} to {first + _PORTS - 1}), or a network without '
               'multicast (then name the other side in ROS_STATIC_PEERS)')
    return NotOnGraph(f'{runs}; {why}', ResultCode.SERVICE_UNAVAILABLE, host=name,
                      namespace=namespace, differences=found, result=dict(result))


def differing(result: Mapping[str, Any], here: tuple[int, str, Mapping[str, str]]) -> list[str]:
    """Return in a few words each which settings keep two sides apart."""
    domain, rmw, environ = here
    node, there = result['instance']['node'], result['graph']
    found = []
    if node['domain_id'] != domain:
        found.append(f'it uses domain {node["domain_id"]}, here domain {domain}')
    if node['rmw'] != rmw:
        found.append(f'it uses {node["rmw"]}, here {rmw}')
    for side, settings in (('there', there), ('here', environ)):
        found += [f'{text} {side}' for text in _alone(settings)]
    for variable in ('ROS_DISCOVERY_SERVER', 'ROS_SECURITY_ENABLE', 'FASTDDS_BUILTIN_TRANSPORTS'):
        its, ours = there.get(variable, ''), environ.get(variable, '')
        if its != ours:
            found.append(f'{variable} is {its or "not set"} there, {ours or "not set"} here')
    return found


def _alone(settings: Mapping[str, str]) -> Sequence[str]:
    """Return what keeps a side to its own machine."""
    reach = settings.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper()
    if reach in ('LOCALHOST', 'OFF') and not settings.get('ROS_STATIC_PEERS'):
        return [f'ROS_AUTOMATIC_DISCOVERY_RANGE={reach}']
    if not reach and settings.get('ROS_LOCALHOST_ONLY') == '1':
        return ['ROS_LOCALHOST_ONLY=1']
    return []
