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

"""LaunchServiceNode itself: brings its parts together and passes the news around."""

from __future__ import annotations

from collections.abc import Callable
import os
import sys
import threading
import time
from typing import Any

from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.utilities import get_rmw_implementation_identifier

from ..environment import base_environment
from ..errors import LaunchServiceError
from ..msg import ProcessStatus
from ..protocol import Message
from . import late_clients, qos, services
from .conversion import text
from .diagnostics import DiagnosticsPublisher
from .graph_watch import GraphWatch
from .heartbeat import HeartbeatPublisher
from .link import SupervisorLink
from .parameters import Parameters, parameters_of, settings_of
from .process_table import ALIVE, ProcessTable
from .pulse import Pulse
from .view import InstanceView

NODE_NAME = 'launch_service'

#: Seconds for discovery to find whoever asked last; less than a supervisor gives its node to end.
LATE_CLIENTS = 2.5

#: Seconds for those who listen to have all that was published.
ACKNOWLEDGED = 1.0


class LaunchServiceNode(Node):
    """
    Serves one instance on the ROS graph.

    Three threads meet here: the executor's (requests and parameters), the link's (answers
    and events of the supervisor, published from there at once) and the pulse's (heartbeat
    and diagnostics). `begin` has to be called before the node is given to an executor.

    :param namespace: unless the ROS arguments say otherwise.
    :param managed: whether a supervisor brought this node up: then only parameters that
        were given replace what the supervisor remembers.
    :param on_end: is told once that there is nothing left to serve, and the error if
        that is why; on the link's thread.
    :param home: the folder of all instances; None: where this user has it.
    :raises InvalidRequest: when a parameter is not good.
    """

    def __init__(self, namespace: str, managed: bool,
                 on_end: Callable[[BaseException | None], None], *,
                 context: Context | None = None, home: str | None = None) -> None:
        super().__init__(NODE_NAME, namespace=namespace, context=context,
                         # A service of each node that hardly anybody calls, and 0.6 MB.
                         parameter_overrides=[
                             Parameter('start_type_description_service', value=False)])
        self._managed = managed
        self._on_end = on_end
        self.ros_parameters = Parameters(self, self._parameters_changed)
        self.view = InstanceView(self.get_fully_qualified_name())
        self.link = SupervisorLink(self.get_namespace(), self, home)
        self.table: ProcessTable | None = None
        self._sent = set(self.ros_parameters.given if managed else self.ros_parameters.values)
        self._pulse = Pulse(self._turn, on_end)
        self._graph_watch = GraphWatch(self, self._tell_graph)
        self._status_publisher: Publisher | None = None
        self._heartbeat: HeartbeatPublisher | None = None
        self._logged_errors: list[str] = []
        self._last_answer = 0.0

    def begin(self) -> None:
        """
        Attach to the supervisor, offer the services, and start to publish.

        :raises InstanceError: when another node serves the instance.
        :raises LaunchServiceError: when there is no supervisor to be had.
        """
        values = self.ros_parameters.values
        mode = values['mode']  # as it was given: attaching shows the one in force
        self.link.open()
        # Only now: a node that is refused must not be found by those who want the one that serves.
        services.offer(self, self.link, self._service_done)
        assert self.table is not None  # `attached` made it
        self._heartbeat = HeartbeatPublisher(self, self.view, self.table, self.ros_parameters,
                                             self._ask_status)
        self._pulse.every(self._heartbeat.period, self._heartbeat.beat)
        if values['diagnostics_period']:
            self._pulse.every(values['diagnostics_period'],
                              DiagnosticsPublisher(self, self.view, self.table).report)
        self._heartbeat.beat()
        self._pulse.start()
        if 'mode' in self.ros_parameters.given:
            self._set_mode(mode)
        self._look_at_allow_list(self._log_ready)

    def alive_names(self) -> list[str]:
        """Return the names of the processes that are alive, as far as is known."""
        return [] if self.table is None else self.table.alive_names()

    def say_goodbye(self, timeout: float) -> None:
        """
        Let the last heartbeat say that this end is meant, and see all off that was sent.

        Topics are waited for up to ACKNOWLEDGED, which it takes only where a subscriber is
        gone without a word. A response whose client discovery has not found yet is waited
        for up to LATE_CLIENTS.

        :param timeout: seconds for a response that has just been sent: whether it has
            arrived, the middleware does not say.
        """
        self._pulse.stop(timeout)
        if self._heartbeat is None or self._status_publisher is None:
            return
        self.view.mode = 'stopping'
        self._heartbeat.beat()
        deadline = time.monotonic() + ACKNOWLEDGED
        for publisher in (self._heartbeat.publisher, self._status_publisher):
            publisher.wait_for_all_acked(
                Duration(seconds=max(0.0, deadline - time.monotonic())))
        if late_clients.wait_sent(LATE_CLIENTS):
            self._last_answer = time.monotonic()
        threading.Event().wait(max(0.0, self._last_answer + timeout - time.monotonic()))

    # What the link tells

    def attach_fields(self) -> Message:
        """Return the fields of `attach`: who this is, and the settings that it brings."""
        values = self.ros_parameters.values
        return {'node_name': self.view.node_name, 'domain_id': self.context.get_domain_id(),
                'rmw': get_rmw_implementation_identifier(), 'caller': f'ros {self.view.node_name}',
                'settings': {**settings_of({name: values[name] for name in self._sent}),
                             # What was sourced before this node was started counts, also
                             # where the supervisor is older.
                             'environment': base_environment(os.environ, sys.prefix)}}

    def attached(self, answer: Message) -> None:
        """Take the whole picture from the supervisor, at the start and after each loss."""
        first = self.table is None
        again = bool(self.view.supervisor_trouble)
        self.view.take_instance(answer['instance'])
        self.view.supervisor_trouble = ''
        self._follow()
        if self.table is None:
            depth = qos.status_depth(self._most_listed())
            self._status_publisher = self.create_publisher(
                ProcessStatus, '~/process_status', qos.process_status(depth))
            self.table = ProcessTable(self.view.node_name, depth, self._status_publisher.publish)
        self.table.snapshot(answer['processes'])
        if self.view.settings.get('allow_any'):
            self.get_logger().warning(
                'allow_any is ON: everyone on the ROS graph can run any command as this user')
        if not first:
            self._look_at_allow_list(None)
        if again:
            self.get_logger().info('attached to the supervisor again')

    def event(self, event: Message) -> None:
        """Pass on an event of the supervisor."""
        kind = event['event']
        assert self.table is not None
        if kind == 'process':
            self.table.changed(event['process'])
        elif kind == 'measured':
            self.view.take_host(event)
            self.table.measured(event['processes'], time.time_ns())
        elif kind == 'removed':
            self.table.removed(event['process_id'])
        elif kind == 'mode':
            self._take_mode(event['mode'])
        elif kind == 'allow_list':
            self._take_allow_list(event['num_executables'], event['errors'])
        elif kind == 'want_graph':
            self._graph_watch.want(event['nodes'])

    def lost(self, error: LaunchServiceError) -> None:
        """Say that there is no supervisor for now; the link brings it back."""
        if not self.view.supervisor_trouble:
            self.get_logger().warning(text(f'{error.message}; bringing it back'))
        self.view.supervisor_trouble = error.message

    def ended(self, error: BaseException | None) -> None:
        """Pass on that the link is over."""
        self._on_end(error)

    # What happens then

    def _turn(self, call: Callable[[], None]) -> None:
        if self.executor is not None:
            self.executor.create_task(call)

    def _take_mode(self, mode: str) -> None:
        if mode != self.view.mode:
            self.view.mode = mode
            self._follow()
            self.get_logger().info(f'mode {mode}')

    def _follow(self) -> None:
        values = parameters_of(self.view.settings)
        if self.view.mode != 'stopping':
            values['mode'] = self.view.mode
        self.ros_parameters.follow(values)

    def _most_listed(self) -> int:
        values = self.ros_parameters.values
        return values['max_processes'] + values['keep_ended']

    def _parameters_changed(self, changed: dict[str, Any]) -> None:
        if 'mode' in changed:
            self._set_mode(changed['mode'])
        if settings_of(changed):
            self._sent.update(changed)
            self.link.send('attach', self.attach_fields(), self._settings_taken)

    def _settings_taken(self, answer: Message) -> None:
        if answer['ok']:
            self.attached(answer)
        else:
            self.get_logger().error(text(f'the settings are not in force: {answer["message"]}'))
            self._follow()

    def _set_mode(self, mode: str) -> None:
        def on_answer(answer: Message) -> None:
            if not answer['ok']:
                self.get_logger().error(
                    text(f'the mode stays {self.view.mode}: {answer["message"]}'))
                self._follow()
        self.link.send('set_mode', {'mode': mode, 'caller': f'ros {self.view.node_name}'},
                       on_answer)

    def _ask_status(self) -> None:
        def on_answer(answer: Message) -> None:
            if answer['ok']:
                self.view.take_host(answer['instance'])
        self.link.send('status', {}, on_answer)

    def _tell_graph(self, present: list[str]) -> None:
        self.link.send('graph', {'nodes': present}, lambda answer: None)

    def _look_at_allow_list(self, then: Callable[[], None] | None) -> None:
        def on_answer(answer: Message) -> None:
            if 'executables' in answer:  # also where some were left out; not where it was lost
                self._take_allow_list(len(answer['executables']), answer.get('errors', []))
            if then is not None:
                then()
        self.link.send('executables', {}, on_answer)

    def _take_allow_list(self, num_executables: int, errors: list[str]) -> None:
        self.view.num_executables = num_executables
        self.view.allow_list_errors = errors
        for error in errors:
            if error not in self._logged_errors:
                self.get_logger().warning(text(f'allow-list: {error}'))
        self._logged_errors = errors

    def _log_ready(self) -> None:
        assert self.table is not None
        self.get_logger().info(
            f'ready: {self.view.node_name} on domain {self.context.get_domain_id()} '
            f'({get_rmw_implementation_identifier()}), {self.view.num_executables} executables, '
            f'{self.table.count(*ALIVE)} processes')

    def _service_done(self, op: str, answer: Message) -> None:
        self._last_answer = time.monotonic()
        if op == 'shutdown' and answer['ok']:
            self._on_end(None)
