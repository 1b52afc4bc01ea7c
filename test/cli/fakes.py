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

"""An instance in memory, for tests of what is above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch_service_node.cli.backend import Selection, StartRequest
from launch_service_node.client.records import PROCESS_FIELDS, Record, STATES
from launch_service_node.errors import LaunchServiceError, Unreachable


def record(name: str = 'lidar', process_id: int = 1, state: str = 'RUNNING',
           **fields: Any) -> Record:
    """Return a process with every field."""
    values: Record = dict.fromkeys(PROCESS_FIELDS, 0)
    texts = ('err_msg', 'executable_id', 'node_name', 'hostname', 'launch_id')
    values.update(dict.fromkeys(texts, ''), exit_known=False, timestamp_ns=0, start_time_ns=0)
    values.update(process_name=name, process_id=process_id, process_status=STATES.index(state),
                  os_pid=4000 + process_id if state == 'RUNNING' else 0)
    return {**values, **fields}


class FakeBackend:
    """
    One instance with a fixed list of processes; every call is noted in `calls`.

    :param error: what every call raises instead of answering.
    :param outputs: what `read` answers, one after the other.
    """

    def __init__(self, namespace: str, processes: list[Record] | None = None,
                 error: LaunchServiceError | None = None,
                 outputs: list[dict[str, Any]] | None = None) -> None:
        self.namespace = namespace
        self.processes = processes if processes is not None else [record()]
        self.error = error
        self.outputs = outputs or []
        self.calls: list[tuple[Any, ...]] = []

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.error:
            raise self.error

    def start(self, request: StartRequest) -> Record:
        self._note('start', request)
        return record(request.name or request.cmd)

    def stop(self, which: Selection, sigterm_timeout: float | None,
             sigkill_timeout: float | None) -> list[Record]:
        self._note('stop', which, sigterm_timeout, sigkill_timeout)
        return self.processes

    def restart(self, which: Selection, wait_ready: bool) -> list[Record]:
        self._note('restart', which, wait_ready)
        return self.processes

    def signal(self, which: Selection, signal: str) -> list[Record]:
        self._note('signal', which, signal)
        return self.processes

    def list(self, name: str, launch_id: str) -> dict[str, Any]:
        self._note('list', name, launch_id)
        found = [one for one in self.processes if not name or one['process_name'] == name]
        return {'timestamp_ns': 10 ** 9, 'hostname': 'host', 'mem_usage': 1.0,
                'processor_load': 2.0, 'num_procs': len(found), 'processes': found}

    def executables(self, id_glob: str) -> dict[str, Any]:
        self._note('executables', id_glob)
        return {'executables': [], 'allow_any': False, 'files': [], 'errors': []}

    def read(self, which: Selection, offset: int, lines: int, max_bytes: int) -> dict[str, Any]:
        self._note('read', which, offset, lines, max_bytes)
        return self.outputs.pop(0)

    def reload(self) -> str:
        self._note('reload')
        return '2 executables'

    def shutdown(self, keep_processes: bool) -> list[Record]:
        self._note('shutdown', keep_processes)
        return self.processes


class FakeReach:
    """Instances in memory, in place of the graph or of this host."""

    where = 'in memory'

    def __init__(self, *backends: FakeBackend) -> None:
        self.backends = {backend.namespace: backend for backend in backends}
        self.looked = 0

    def namespaces(self) -> list[str]:
        self.looked += 1
        return list(self.backends)

    def only(self) -> list[str]:
        return self.namespaces()

    def backend(self, namespace: str) -> FakeBackend:
        return self.backends.get(namespace) or FakeBackend(
            namespace, error=self.missing())

    def missing(self) -> LaunchServiceError:
        return Unreachable('nobody is here')

    def __enter__(self) -> FakeReach:
        return self

    def __exit__(self, *_: object) -> None:
        pass


Run = Callable[..., Any]
