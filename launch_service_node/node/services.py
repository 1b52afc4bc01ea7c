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

"""The node's services: which operation of the supervisor each one is."""

from __future__ import annotations

from collections.abc import Callable
import traceback
from typing import Any, NamedTuple

from rclpy.node import Node
from std_srvs.srv import Trigger

from .. import srv
from ..errors import ResultCode
from ..protocol import Message
from . import conversion
from .deferred import Deferred, let_defer, Reply
from .late_clients import keep_trying
from .link import refusal, SupervisorLink

OnDone = Callable[[str, Message], None]


class Operation(NamedTuple):
    """
    A service, the operation that it stands for, and how one becomes the other.

    :param fields: from a request to the fields of the operation.
    :param fill: puts an answer into a response; takes the node's name as well.
    """

    service: str
    type: Any
    op: str
    fields: Callable[[Any], dict[str, Any]]
    fill: Callable[[Any, dict[str, Any], str], None]


OPERATIONS = (
    Operation('start_process', srv.StartProcess, 'start',
              conversion.start_fields, conversion.fill_process),
    Operation('stop_process', srv.StopProcess, 'stop',
              conversion.stop_fields, conversion.fill_processes),
    Operation('restart_process', srv.RestartProcess, 'restart',
              conversion.restart_fields, conversion.fill_process),
    Operation('signal_process', srv.SignalProcess, 'signal',
              conversion.signal_fields, conversion.fill_processes),
    Operation('list_processes', srv.ListProcesses, 'list',
              conversion.list_fields, conversion.fill_list),
    Operation('list_executables', srv.ListExecutables, 'executables',
              conversion.executables_fields, conversion.fill_executables),
    Operation('read_output', srv.ReadOutput, 'read',
              conversion.read_fields, conversion.fill_output),
    Operation('shutdown', srv.Shutdown, 'shutdown',
              conversion.shutdown_fields, conversion.fill_processes),
    Operation('reload_allow_list', Trigger, 'reload',
              conversion.reload_fields, conversion.fill_reload),
)


def offer(node: Node, link: SupervisorLink, on_done: OnDone) -> None:
    """
    Create the services of a node.

    :param on_done: takes the operation and its answer after the response was sent.
    """
    node_name = node.get_fully_qualified_name()
    logger = node.get_logger()
    ours = [node.create_service(operation.type, f'~/{operation.service}',
                                _callback(operation, node_name, link, logger, on_done))
            for operation in OPERATIONS]
    for service in node.services:  # those of its parameters, too
        keep_trying(service, logger.warning)
    for service in ours:
        let_defer(service, logger.warning)


def _callback(operation: Operation, node_name: str, link: SupervisorLink, logger: Any,
              on_done: OnDone) -> Callable[[Any, Any], Deferred]:
    def answer_later(request: Any, response: Any, reply: Reply) -> None:
        def on_answer(answer: Message) -> None:
            try:
                operation.fill(response, answer, node_name)
            except (KeyError, TypeError, ValueError, AttributeError):
                logger.error(f'the answer to {operation.op} does not fit its service:\n'
                             + traceback.format_exc())
                broken = operation.type.Response()
                defect = refusal(ResultCode.INTERNAL_ERROR,
                                 'the answer of the supervisor is not understood; '
                                 'the log of the node says more')
                (conversion.fill_reload(broken, defect, node_name) if operation.op == 'reload'
                 else conversion.fill_outcome(broken, defect))
                reply(broken)
            else:
                reply(response)
            on_done(operation.op, answer)
        link.send(operation.op, {**operation.fields(request), 'caller': f'ros {node_name}'},
                  on_answer)

    def callback(request: Any, response: Any) -> Deferred:
        return Deferred(lambda reply: answer_later(request, response, reply))
    return callback
