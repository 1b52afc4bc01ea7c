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

"""One way to call a service: bounded wait for it, bounded call, bounded attempts."""

from __future__ import annotations

import importlib
import os
import threading
import time
from typing import Any, TYPE_CHECKING

from . import explain
from .loading import loaded
from .names import nodes_among, Service

if TYPE_CHECKING:
    from rclpy.client import Client
    from rclpy.node import Node
    from rclpy.task import Future

# rclpy has no event for a change of the graph, so it has to be looked at.
GRAPH_PERIOD = 0.02
PRESENCE_PERIOD = 0.5


def service_type(service: Service) -> Any:
    """
    Return the generated class of a service.

    :raises Unreachable: when its package was not built, or is not on the path.
    """
    try:
        return loaded(getattr(importlib.import_module(f'{service.package}.srv'),
                              service.type_name))
    except ImportError as error:
        raise explain.no_ros(error) from error


class ServiceCaller:
    """
    Calls the services of one node, from any thread but the one that spins `node`.

    Someone else has to spin `node`; no call waits without a bound. A client entity is
    made with the first call of a service and lives until `close`; a request that got no
    answer leaves nothing behind.

    :param node: of the caller.
    :param target: fully qualified name of the node to call.
    """

    def __init__(self, node: Node, target: str) -> None:
        self._node = node
        self.target = target
        self._lock = threading.Lock()
        self._clients: dict[Service, Client[Any, Any]] = {}
        self._closed = threading.Event()
        self._waiting: set[threading.Event] = set()

    def call(self, service: Service, request: Any, *, find_within: float,
             answer_within: float, attempts: int = 1) -> Any:
        """
        Return the response of a service, whatever it says.

        :param find_within: seconds to wait for the service to be on the graph.
        :param answer_within: seconds to wait for its answer, all attempts together.
        :param attempts: how often to send the request within that time. The first answer
            counts; only for requests that do no harm when they arrive twice. When the service
            goes away meanwhile, such a request waits for it once more, as long as at first,
            and is sent to the next one.
        :raises Unreachable: SERVICE_UNAVAILABLE when the service does not turn up or goes
            away, TIMED_OUT when it is there and does not answer.
        """
        try:
            return self._call(self._client(service), request, find_within, answer_within, attempts)
        except RuntimeError as error:  # rclpy: an entity or the context is gone
            if isinstance(error.__context__, KeyboardInterrupt):
                raise  # Ctrl-C amidst a lock of threading, which takes it ill
            raise explain.closed(f'{self.target}/{service.name}', str(error)) from error

    def _call(self, client: Client[Any, Any], request: Any, find_within: float,
              answer_within: float, attempts: int) -> Any:
        self._find(client, find_within)
        answered = threading.Event()
        futures: list[Future[Any]] = []
        with self._lock:
            self._waiting.add(answered)
        try:
            deadline = time.monotonic() + answer_within
            while (now := time.monotonic()) < deadline:
                futures.append(client.call_async(request))
                futures[-1].add_done_callback(lambda _: answered.set())
                until = min(deadline, now + answer_within / attempts)
                there = self._await(answered, client, until)
                response = _first_response(futures)
                if response is not None:
                    return response
                if self._closed.is_set():
                    raise explain.closed(client.srv_name)
                if not there and (attempts == 1 or not self._turns_up(client, find_within)):
                    raise explain.went_away(client.srv_name)
            raise explain.timed_out(client.srv_name, answer_within)
        finally:
            for future in futures:
                client.remove_pending_request(future)
            with self._lock:
                self._waiting.discard(answered)

    def wait_gone(self, timeout: float) -> bool:
        """Wait until the target has left the graph; False when it is there after the time."""
        deadline = time.monotonic() + timeout
        while self.target in nodes_among(self._node.get_service_names_and_types()):
            left = deadline - time.monotonic()
            if left <= 0 or self._closed.wait(min(GRAPH_PERIOD, left)):
                return False
        return True

    def close(self) -> None:
        """Make waiting calls fail, and remove everything from the node; may be repeated."""
        self._closed.set()
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
            for event in self._waiting:
                event.set()
        for client in clients:
            self._node.destroy_client(client)

    def _client(self, service: Service) -> Client[Any, Any]:
        with self._lock:
            if self._closed.is_set():
                raise explain.closed(f'{self.target}/{service.name}')
            if service not in self._clients:
                self._clients[service] = self._node.create_client(
                    service_type(service), f'{self.target}/{service.name}')
            return self._clients[service]

    def _find(self, client: Client[Any, Any], seconds: float) -> None:
        if not self._turns_up(client, seconds):
            others = nodes_among(self._node.get_service_names_and_types())
            # Not ROS_DOMAIN_ID, which may have been another one when the session began.
            domain = self._node.context.get_domain_id()
            raise explain.not_found(
                self.target, seconds, [name for name in others if name != self.target],
                {**os.environ, 'ROS_DOMAIN_ID': str(domain)})

    def _turns_up(self, client: Client[Any, Any], seconds: float) -> bool:
        """Wait until the service is on the graph; False when it is not after the time."""
        deadline = time.monotonic() + seconds
        while not self._present(client):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._closed.wait(min(GRAPH_PERIOD, left))
        return True

    def _await(self, answered: threading.Event, client: Client[Any, Any], until: float) -> bool:
        """Return True when `answered` is set or the time is over, False when it went away."""
        absent = 0
        while (left := until - time.monotonic()) > 0:
            if answered.wait(min(PRESENCE_PERIOD, left)):
                break
            absent = 0 if self._present(client) else absent + 1
            if absent == 2:  # once may be a blink of discovery
                return False
        return True

    def _present(self, client: Client[Any, Any]) -> bool:
        if self._closed.is_set():
            raise explain.closed(client.srv_name)
        return client.service_is_ready()


def _first_response(futures: list[Future[Any]]) -> Any:
    for future in futures:
        if future.done() and not future.cancelled():
            return future.result()
    return None
