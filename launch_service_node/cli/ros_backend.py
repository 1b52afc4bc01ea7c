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

"""Instances on the ROS graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..client import explain, find_nodes, LaunchServiceClient, namespace_of_node, RosSession
from ..client.records import executable_record, process_record, Record, time_ns
from ..errors import LaunchServiceError
from ..last_resort import ends_within
from .backend import ENDING, Records, Selection, StartRequest, Waits
from .ending import at_the_end
from .exit_codes import ExitCode

JOINING = 60.0  # seconds for the middleware to come up; on a busy robot it takes a few


class RosBackend:
    """One LaunchServiceNode, through its services."""

    def __init__(self, client: LaunchServiceClient, waits: Waits) -> None:
        self.namespace = client.namespace
        self._client = client
        self._timeout = waits.answer

    def start(self, request: StartRequest) -> Record:
        """Start a process and return it."""
        return process_record(self._client.start(
            request.cmd, request.args, name=request.name, uid=request.uid, cwd=request.cwd,
            env=dict(request.env), launch_id=request.launch_id, wait_ready=request.wait_ready,
            timeout=self._timeout))

    def stop(self, which: Selection, sigterm_timeout: float | None,
             sigkill_timeout: float | None) -> Records:
        """Stop processes and return them."""
        with _processes_told():
            return _processes(self._client.stop(
                which.name, proc_id=which.process_id, launch_id=which.launch_id,
                sigterm_timeout=sigterm_timeout, sigkill_timeout=sigkill_timeout,
                timeout=self._timeout))

    def restart(self, which: Selection, wait_ready: bool) -> Records:
        """Restart a process and return it, in a list."""
        return _processes([self._client.restart(
            which.name, proc_id=which.process_id, wait_ready=wait_ready, timeout=self._timeout)])

    def signal(self, which: Selection, signal: str) -> Records:
        """Signal processes and return them."""
        with _processes_told():
            return _processes(self._client.signal(
                signal, which.name, proc_id=which.process_id, timeout=self._timeout))

    def list(self, name: str, launch_id: str) -> dict[str, Any]:
        """Return `processes`, and of the host `timestamp_ns`, `hostname`, loads, `num_procs`."""
        response = self._client.list(name, launch_id=launch_id, timeout=self._timeout)
        return {'timestamp_ns': time_ns(response.timestamp), 'hostname': response.hostname,
                'mem_usage': response.total_mem_usage,
                'processor_load': response.total_processor_load,
                'num_procs': response.num_procs, 'processes': _processes(response.processes)}

    def executables(self, id_glob: str) -> dict[str, Any]:
        """Return `executables`, `allow_any`, `files` and `errors`."""
        response = self._client.executables(id_glob, timeout=self._timeout)
        return {'executables': [executable_record(item) for item in response.executables],
                'allow_any': response.allow_any, 'files': list(response.files),
                'errors': list(response.errors)}

    def read(self, which: Selection, offset: int, lines: int, max_bytes: int) -> dict[str, Any]:
        """Return `data` (str), `offset`, `next_offset`, `dropped_bytes` and `eof`."""
        response = self._client.read_output(
            which.name, proc_id=which.process_id, offset=offset, lines=lines,
            max_bytes=max_bytes, timeout=self._timeout)
        return {field: getattr(response, field)
                for field in ('data', 'offset', 'next_offset', 'dropped_bytes', 'eof')}

    def reload(self) -> str:
        """Read the allow-list again, and return what is to be said about it."""
        return self._client.reload(timeout=self._timeout)

    def shutdown(self, keep_processes: bool) -> Records:
        """End the instance, and return what became of its processes."""
        with _processes_told():
            processes = _processes(self._client.shutdown(keep_processes=keep_processes,
                                                         timeout=self._timeout))
        self._client.wait_gone(ENDING)
        return processes


class RosReach:
    """The ROS graph, joined when it is first needed, and left when the answer is told."""

    where = 'on the ROS graph'

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._session: RosSession | None = None

    def namespaces(self) -> list[str]:
        """Return the namespaces of the LaunchServiceNodes that show up on the graph."""
        found = find_nodes(self._joined().node, within=self._waits.find)
        return [namespace_of_node(name) for name in found]

    def only(self) -> list[str]:
        """Return the one namespace that there is, or some of several, or none."""
        found = find_nodes(self._joined().node, within=self._waits.find,
                           stop=lambda names: len(names) > 1)
        return [namespace_of_node(name) for name in found]

    def backend(self, namespace: str) -> RosBackend:
        """Return the instance of a namespace."""
        client = LaunchServiceClient(self._joined().node, namespace,
                                     find_within=self._waits.find)
        at_the_end(client.close)
        return RosBackend(client, self._waits)

    def missing(self) -> LaunchServiceError:
        """Return the error that says that there is no instance at all."""
        return explain.none_found(self._waits.find)

    def __enter__(self) -> RosReach:
        return self

    def __exit__(self, *_: object) -> None:
        pass  # what was joined is left at the end of the program

    def _joined(self) -> RosSession:
        if self._session is None:
            with ends_within(JOINING, ExitCode.TIMED_OUT, explain.no_middleware(JOINING)):
                self._session = RosSession()
            at_the_end(self._session.close)
        return self._session


def _processes(statuses: Any) -> Records:
    return [process_record(status) for status in statuses]


@contextmanager
def _processes_told() -> Iterator[None]:
    """Put the processes of a failed request into its error, as the socket's client does."""
    try:
        yield
    except LaunchServiceError as error:
        response: Any = error.facts.get('response')
        if response is not None:
            error.facts['processes'] = _processes(response.processes)
        raise
