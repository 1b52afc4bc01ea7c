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

"""Instances of this host and user, through their supervisors' sockets: no ROS in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
import time
from typing import Any

from ..client.records import PROCESS_FIELDS, Record, TIME_FIELDS
from ..client.waits import answer_within
from ..errors import InvalidRequest, LaunchServiceError, ResultCode, Unreachable
from ..instance import known_instances, valid_namespace
from ..protocol import SupervisorClient
from .backend import ENDING, Records, Selection, StartRequest, Waits

CALLER = 'launch-service --local'


class LocalBackend:
    """One instance, through its supervisor's socket; a connection a call."""

    def __init__(self, namespace: str, waits: Waits) -> None:
        self.namespace = valid_namespace(namespace)
        self._waits = waits
        self._node_name: str | None = None

    def start(self, request: StartRequest) -> Record:
        """Start a process and return it."""
        fields: dict[str, Any] = {
            'cmd': request.cmd, 'name': request.name, 'uid': request.uid or 0,
            'cwd': request.cwd, 'env': dict(request.env), 'args': list(request.args),
            'launch_id': request.launch_id, 'wait_ready': request.wait_ready}
        answer = self._call('start', waits_for_process=request.wait_ready, **fields)
        return self._process(answer['process'])

    def stop(self, which: Selection, sigterm_timeout: float | None,
             sigkill_timeout: float | None) -> Records:
        """Stop processes and return them."""
        return self._processes(self._call(
            'stop', waits_for_process=True, ladder=(sigterm_timeout, sigkill_timeout),
            process_id=which.process_id, name=which.name, launch_id=which.launch_id,
            sigterm_timeout=sigterm_timeout, sigkill_timeout=sigkill_timeout))

    def restart(self, which: Selection, wait_ready: bool) -> Records:
        """Restart a process and return it, in a list."""
        answer = self._call('restart', waits_for_process=True, process_id=which.process_id,
                            name=which.name, wait_ready=wait_ready)
        return [self._process(answer['process'])]

    def signal(self, which: Selection, signal: str) -> Records:
        """Signal processes and return them."""
        return self._processes(self._call('signal', process_id=which.process_id,
                                          name=which.name, signal=signal))

    def list(self, name: str, launch_id: str) -> dict[str, Any]:
        """Return `processes`, and of the host `timestamp_ns`, `hostname`, loads, `num_procs`."""
        answer = self._call('list', name=name, launch_id=launch_id)
        return {**{field: answer[field] for field in (
            'timestamp_ns', 'hostname', 'mem_usage', 'processor_load', 'num_procs')},
            'processes': self._processes(answer)}

    def executables(self, id_glob: str) -> dict[str, Any]:
        """Return `executables`, `allow_any`, `files` and `errors`."""
        answer = self._call('executables', usable=(ResultCode.ALLOW_LIST_INVALID,),
                            executable_id=id_glob)
        return {field: answer[field]
                for field in ('executables', 'allow_any', 'files', 'errors')}

    def read(self, which: Selection, offset: int, lines: int, max_bytes: int) -> dict[str, Any]:
        """Return `data` (str), `offset`, `next_offset`, `dropped_bytes` and `eof`."""
        answer = self._call('read', process_id=which.process_id, name=which.name,
                            offset=offset, lines=lines, max_bytes=max_bytes)
        data = base64.b64decode(answer['data'])
        kept = data if answer['eof'] else whole_characters(data)
        return {'data': kept.decode('utf-8', 'replace'), 'offset': answer['offset'],
                'next_offset': answer['next_offset'] - len(data) + len(kept),
                'dropped_bytes': answer['dropped_bytes'], 'eof': answer['eof']}

    def reload(self) -> str:
        """Read the allow-list again, and return what is to be said about it."""
        answer = self._call('reload')
        return f'{answer["num_executables"]} executables'

    def shutdown(self, keep_processes: bool) -> Records:
        """End the instance, and return what became of its processes."""
        with self._connection() as client:
            answer = self._ask(client, 'shutdown', waits_for_process=True,
                               keep_processes=keep_processes)
            if not keep_processes:
                _wait_closed(client)
        return self._processes(answer)

    def _call(self, op: str, **fields: Any) -> dict[str, Any]:
        with self._connection() as client:
            return self._ask(client, op, **fields)

    def _connection(self) -> SupervisorClient:
        return SupervisorClient(self.namespace, connect_timeout=self._waits.find)

    def _ask(self, client: SupervisorClient, op: str, *, waits_for_process: bool = False,
              ladder: tuple[float | None, float | None] = (None, None),
              usable: tuple[ResultCode, ...] = (), **fields: Any) -> dict[str, Any]:
        wait = answer_within(self._waits.answer, waits_for_process=waits_for_process,
                             ladder=ladder)
        if self._node_name is None:
            node = client.call('status', wait)['instance'].get('node')
            self._node_name = node['name'] if node else ''
        try:
            return client.call(op, wait, caller=CALLER, **fields)
        except LaunchServiceError as error:
            if error.code in usable:
                return error.facts
            if 'processes' in error.facts:
                error.facts['processes'] = self._processes(error.facts)
            raise

    def _processes(self, answer: Mapping[str, Any]) -> Records:
        return [self._process(process) for process in answer['processes']]

    def _process(self, process: Record) -> Record:
        """Return what a ProcessStatus says as well, so that both ways look the same."""
        record = {field: process[field] for field in PROCESS_FIELDS if field != 'node_name'}
        record.update((f'{field}_ns', process[f'{field}_ns']) for field in TIME_FIELDS)
        return {**record, 'node_name': self._node_name}


class LocalReach:
    """The instances that this user runs on this host."""

    where = 'on this host'

    def __init__(self, waits: Waits) -> None:
        self._waits = waits

    def namespaces(self) -> list[str]:
        """Return the namespaces whose supervisor runs, one that hangs included."""
        return [namespace for namespace in known_instances() if self._runs(namespace)]

    def only(self) -> list[str]:
        """Return the one namespace that there is, or some of several, or none."""
        return self.namespaces()

    def backend(self, namespace: str) -> LocalBackend:
        """Return the instance of a namespace."""
        return LocalBackend(namespace, self._waits)

    def missing(self) -> LaunchServiceError:
        """Return the error that says that there is no instance at all."""
        return Unreachable('no instance runs on this host for this user; start one with '
                           '`launch-service up`', ResultCode.SUPERVISOR_UNAVAILABLE)

    def _runs(self, namespace: str) -> bool:
        try:
            SupervisorClient(namespace, connect_timeout=self._waits.find).close()
        except InvalidRequest:
            return False  # a folder that is no instance's
        except Unreachable as error:
            return error.code == ResultCode.TIMED_OUT
        return True

    def __enter__(self) -> LocalReach:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _wait_closed(client: SupervisorClient) -> None:
    """Wait until the supervisor has closed the connection, so that `up` meets no dying one."""
    deadline = time.monotonic() + ENDING
    try:
        while (left := deadline - time.monotonic()) > 0:
            client.next_event(left)
    except Unreachable:
        pass


def whole_characters(data: bytes) -> bytes:
    """Return data without the first bytes of a UTF-8 character whose rest is to come."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return data[:-back] if length > back else data
    return data
