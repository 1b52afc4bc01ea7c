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

"""Every service of a LaunchServiceNode as a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TYPE_CHECKING

from ..errors import AllowListError, error_from_code, ResultCode
from . import checks, names
from .caller import service_type, ServiceCaller
from .waits import answer_within, FIND

if TYPE_CHECKING:
    from diagnostic_msgs.msg import KeyValue
    from rclpy.node import Node

    from launch_service_node.msg import ProcessStatus
    from launch_service_node.srv import ListExecutables, ListProcesses, ReadOutput

    Statuses = list[ProcessStatus]  # `list` is a method below

# A question may arrive twice without harm. On a lossy link the second arrives when the
# first did not.
ATTEMPTS = 3


class LaunchServiceClient:
    """
    Talks to one LaunchServiceNode.

    Somebody has to spin `node` in another thread (`RosSession` does). Methods may be
    called from several threads at once. Each raises, of launch_service_node.errors:

    - Unreachable with SERVICE_UNAVAILABLE when the service does not turn up within
      `find_within`, or goes away; with TIMED_OUT when it does not answer in time;
    - the class that belongs to the code of the response, when that is no success; its
      `facts['response']` is the whole response;
    - InvalidRequest for a value that no message can carry.

    `timeout` is the seconds to wait for an answer; by default 10, or 60 where processes
    have to stop or get ready.

    :param node: an rclpy node.
    :param namespace: of the instance, such as `/robot1`; the full name of its node,
        `/robot1/launch_service`, is taken too.
    :param node_name: of the LaunchServiceNode, for one that was renamed.
    :param find_within: seconds to wait for a service to be on the graph.
    """

    def __init__(self, node: Node, namespace: str, *, node_name: str = names.DEFAULT_NODE_NAME,
                 find_within: float = FIND) -> None:
        self.target = names.node_of(namespace, node_name)
        self.namespace = names.namespace_of_node(self.target)
        self.find_within = find_within
        self._caller = ServiceCaller(node, self.target)

    def start(self, cmd: str, args: Sequence[str] = (), *, name: str = '',
              uid: int | None = None, cwd: str = '', env: Mapping[str, str] | None = None,
              launch_id: str = '', wait_ready: bool = False,
              timeout: float | None = None) -> ProcessStatus:
        """
        Start a process of an executable, and return its status.

        :param uid: makes the call idempotent; None: a random one, so that the request
            may be sent again when its answer was lost; 0: none, every call starts anew.
        """
        if uid is None:
            import secrets  # not what a CLI that asks for help should wait for
            uid = secrets.randbits(64) or 1
        request = _request(
            names.START, cmd=checks.text('cmd', cmd), name=checks.text('name', name),
            uid=checks.number('uid', uid, 64), cwd=checks.text('cwd', cwd),
            env=_key_values(env or {}), args=[checks.text('an argument', arg) for arg in args],
            launch_id=checks.text('launch_id', launch_id), wait_ready=wait_ready)
        # An answer that waits is not asked for again: it may well come late.
        attempts = ATTEMPTS if uid and not wait_ready else 1
        return self._ask(names.START, request,
                         answer_within(timeout, waits_for_process=wait_ready), attempts).status

    def stop(self, name: str = '', *, proc_id: int = 0, launch_id: str = '',
             sigterm_timeout: float | None = None, sigkill_timeout: float | None = None,
             timeout: float | None = None) -> Statuses:
        """
        Stop processes, wait until their trees are gone, and return their statuses.

        :param name: or a glob for several.
        :param sigterm_timeout: seconds from SIGINT to SIGTERM; None: as the entry says.
        :param sigkill_timeout: seconds from SIGTERM to SIGKILL; None: as the entry says.
        """
        request = _request(
            names.STOP, proc_id=checks.number('proc_id', proc_id, 64),
            name=checks.text('name', name), launch_id=checks.text('launch_id', launch_id),
            sigterm_timeout=checks.seconds(sigterm_timeout),
            sigkill_timeout=checks.seconds(sigkill_timeout))
        wait = answer_within(timeout, waits_for_process=True,
                             ladder=(sigterm_timeout, sigkill_timeout))
        return list(self._ask(names.STOP, request, wait).processes)

    def restart(self, name: str = '', *, proc_id: int = 0, wait_ready: bool = False,
                timeout: float | None = None) -> ProcessStatus:
        """Stop a process, start it again under the same name and id, return its status."""
        request = _request(names.RESTART, proc_id=checks.number('proc_id', proc_id, 64),
                           name=checks.text('name', name), wait_ready=wait_ready)
        return self._ask(names.RESTART, request,
                         answer_within(timeout, waits_for_process=True)).status

    def signal(self, signal: str | int, name: str = '', *, proc_id: int = 0,
               timeout: float | None = None) -> Statuses:
        """Send a signal, by name or number, to processes; return their statuses."""
        request = _request(names.SIGNAL, proc_id=checks.number('proc_id', proc_id, 64),
                           name=checks.text('name', name),
                           signal=checks.text('signal', str(signal)))
        return list(self._ask(names.SIGNAL, request, answer_within(timeout)).processes)

    def list(self, name: str = '', *, launch_id: str = '',
             timeout: float | None = None) -> ListProcesses.Response:
        """Return the processes, ended ones included, that match a glob and a launch id."""
        request = _request(names.LIST, name=checks.text('name', name),
                           launch_id=checks.text('launch_id', launch_id))
        return self._ask(names.LIST, request, answer_within(timeout), ATTEMPTS)

    def executables(self, id_glob: str = '', *,
                    timeout: float | None = None) -> ListExecutables.Response:
        """
        Return what may be started.

        A response with ALLOW_LIST_INVALID is returned, not raised: it holds what is
        valid, and `errors` the rest.
        """
        request = _request(names.EXECUTABLES, id=checks.text('id', id_glob))
        return self._ask(names.EXECUTABLES, request, answer_within(timeout), ATTEMPTS,
                         usable=(ResultCode.ALLOW_LIST_INVALID,))

    def read_output(self, name: str = '', *, proc_id: int = 0, offset: int = -1,
                    lines: int = 10, max_bytes: int = 0,
                    timeout: float | None = None) -> ReadOutput.Response:
        """
        Return output of a process.

        :param offset: in bytes since its first start; negative: the last `lines` lines.
        :param max_bytes: the most to return; 0: 65536.
        """
        request = _request(
            names.READ_OUTPUT, proc_id=checks.number('proc_id', proc_id, 64),
            name=checks.text('name', name),
            offset=checks.number('offset', offset, 64, signed=True),
            lines=checks.number('lines', lines, 32),
            max_bytes=checks.number('max_bytes', max_bytes, 32))
        return self._ask(names.READ_OUTPUT, request, answer_within(timeout), ATTEMPTS)

    def reload(self, *, timeout: float | None = None) -> str:
        """
        Make the node read its allow-list again, and return what it says about it.

        :raises AllowListError: when a part could not be used; what was valid is in force.
        """
        response = self._call(names.RELOAD, _request(names.RELOAD), answer_within(timeout))
        if not response.success:
            raise AllowListError(response.message, response=response)
        return str(response.message)

    def shutdown(self, *, keep_processes: bool = False,
                 timeout: float | None = None) -> Statuses:
        """End the node, with or without its processes; return what became of each."""
        request = _request(names.SHUTDOWN, keep_processes=keep_processes)
        wait = answer_within(timeout, waits_for_process=True)
        return list(self._ask(names.SHUTDOWN, request, wait).processes)

    def wait_gone(self, timeout: float) -> bool:
        """Wait until the node has left the graph; False when it is there after the time."""
        return self._caller.wait_gone(timeout)

    def close(self) -> None:
        """Make calls that wait fail, and remove everything from the node; may be repeated."""
        self._caller.close()

    def __enter__(self) -> LaunchServiceClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, service: names.Service, request: Any, wait: float, attempts: int = 1) -> Any:
        return self._caller.call(service, request, find_within=self.find_within,
                                 answer_within=wait, attempts=attempts)

    def _ask(self, service: names.Service, request: Any, wait: float, attempts: int = 1,
             usable: tuple[ResultCode, ...] = ()) -> Any:
        response = self._call(service, request, wait, attempts)
        if response.success or response.code in usable:
            return response
        raise error_from_code(response.code, response.message, response=response)


def _request(service: names.Service, **fields: Any) -> Any:
    return service_type(service).Request(**fields)


def _key_values(values: Mapping[str, str]) -> list[KeyValue]:
    from diagnostic_msgs.msg import KeyValue
    return [KeyValue(key=checks.text('env', key), value=checks.text('env', value))
            for key, value in values.items()]
