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

"""The supervisor of an instance: everything put together, and its life."""

from __future__ import annotations

from collections.abc import Callable, Container
import os
import resource
import signal
import socket
import sys
import time
from typing import Any

from .. import __version__
from ..allow_list.checking import check_executable, file_ids
from ..environment import base_environment, supervisor_environment
from ..errors import LaunchServiceError, ProcessError, ResultCode
from ..instance import make_private_dir, SOCKET_NAME
from ..protocol import PROTOCOL
from . import settings
from .kernel import linux, tree
from .kernel.cgroups import Cgroups
from .kernel.identity import boot_id
from .kernel.loop import Loop, Timer
from .kernel.spawn import Plan
from .measuring import Measuring
from .node_keeper import NodeKeeper
from .operations import Operations
from .output import Output
from .outputs import newest_output, OutputKeeper, remove_outputs
from .planning import make_plan
from .process import Process
from .rate import TokenBucket
from .reaper import Reaper
from .records.audit import AuditLog
from .records.environment import environment_of
from .records.history import History
from .records.record import describe, Record
from .rules import Rules
from .server import MAX_CLIENTS, Server
from .states import ALIVE, ENDED
from .table import Table

#: Output files of processes that are no longer listed; the newest are kept.
KEPT_OUTPUTS = 20

_NODE_LOG_LIMIT = 1024 * 1024

#: Seconds until an allow-list is read again that could not be.
_READ_AGAIN = 1.0

#: Seconds for which orphans need not be looked for again: the samplers of all processes ask
#: in the same round.
_ORPHANS_PERIOD = 0.5


class Supervisor:
    """
    Looks after the processes of one instance; the World of each of them.

    :param namespace: of the instance.
    :param folder: its state folder; the caller holds its lock.
    :param python_prefix: `sys.prefix` of the Python that this package is installed for.
    :param module_paths: where PyYAML is found.
    :param started_by: the mark of the process that has started it; empty: it has none.
    :ivar environment: that of the instance.
    """

    def __init__(self, namespace: str, folder: str, python_prefix: str,
                 module_paths: list[str], started_by: str = '') -> None:
        self.namespace = namespace
        self.folder = folder
        self.hostname = socket.gethostname()
        self.mode = 'run'
        self.start_time_ns = self.wall_ns()
        self.loop = Loop()
        self.boot_id = boot_id()
        self.table = Table()
        self.audit = AuditLog(os.path.join(folder, 'audit.log'))
        self.environment = supervisor_environment(os.environ)
        self._started_by = started_by
        self._python_prefix = python_prefix
        self._outputs = make_private_dir(os.path.join(folder, 'output'))
        self._settings_path = os.path.join(folder, 'instance.json')
        self.instance_id, self.settings, complaint = settings.load(self._settings_path)
        if complaint:
            print(complaint, file=sys.stderr)
        self._open_files = _raise_open_files()
        linux.become_subreaper()
        self.start_rate = TokenBucket(self.settings.max_start_rate, self.loop.now())
        self.reaper = Reaper(self.loop, self._on_signal)
        self.rules = Rules(self.loop, module_paths, self.reaper.helpers)
        self.keeper = OutputKeeper(self.loop)
        self.cgroups = Cgroups(self.loop)
        self.node = NodeKeeper(self)
        self.history = History(os.path.join(folder, 'journal'), self.table, self.loop)
        self.measuring = Measuring(self.loop, self._all_processes, self.broadcast)
        self.server: Server | None = None
        self._reading_again: Timer | None = None
        self._orphans: list[int] = []
        self._orphans_at = -_ORPHANS_PERIOD

    # -- its life -----------------------------------------------------------------------

    def open(self) -> None:
        """
        Find what an earlier supervisor left, and serve from now on.

        :raises OSError: when the state folder can't be used.
        """
        records, node_record = self.history.open(self.instance_id)
        self.instance_id = self.history.instance_id
        self.mode = self.history.mode(self.boot_id)
        self.environment = environment_of(
            os.path.join(self.folder, 'environment.json'), self.environment,
            brought_back=self._started_by.partition(':')[0] == self.instance_id)
        for record in records:
            self.table.add(Process(record, self))
        # An output may be all that a full disk or a power cut has left of a process.
        self.table.next_id = max(self.table.next_id, newest_output(self._outputs) + 1)
        if node_record is not None:
            self.node.take_over(node_record)
        settings.save(self._settings_path, self.instance_id, self.settings)
        operations = Operations(self)
        self.server = Server(self.loop, os.path.join(self.folder, SOCKET_NAME), {
            'protocol': PROTOCOL, 'version': __version__, 'pid': os.getpid(),
            'instance_id': self.instance_id, 'namespace': self.namespace}, operations.handle,
            operations.note_stranger,
            min(MAX_CLIENTS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4))
        self._open_cgroups(records)
        for process in self._all_processes():
            process.adopt()
            self.keeper.settle(process.output)  # it may have ended when nobody looked
        self.measuring.every(self.settings.measure_period)
        self.read_rules(self._autostart)

    def run(self) -> None:
        """Look after everything until it is shut down."""
        self.loop.run()

    def close(self) -> None:
        """Let go of everything; what still runs is left alone."""
        if self.server is not None:
            self.server.close()
        for process in self.table:
            process.close()
        self.history.close()
        self.cgroups.close()

    def change_settings(self, data: dict[str, Any], then: Callable[[], object]) -> None:
        """
        Change settings, and call `then` when they are in force.

        :raises InvalidRequest: when one can't be right; then nothing has changed.
        """
        before = self.settings
        self.settings = before.changed_by(data)
        if self.settings == before:
            then()
            return
        settings.save(self._settings_path, self.instance_id, self.settings)
        if self.settings.measure_period != before.measure_period:
            self.measuring.every(self.settings.measure_period)
        if self.settings.max_start_rate != before.max_start_rate:
            self.start_rate = TokenBucket(self.settings.max_start_rate, self.loop.now())
        self._prune()
        if (self.settings.allow_list, self.settings.environment) != (
                before.allow_list, before.environment):
            def read() -> None:
                self._autostart()
                then()
            self.read_rules(read)
        else:
            then()

    def read_rules(self, then: Callable[[], object]) -> None:
        """Read the allow-list again, tell everybody, and call `then`."""
        def done() -> None:
            self.broadcast({'event': 'allow_list',
                            'num_executables': len(self.rules.current.entries),
                            'errors': self.rules.errors()})
            then()
            if self.rules.unread and self._reading_again is None:
                self._reading_again = self.loop.after(_READ_AGAIN, read_again)

        def read_again() -> None:
            self._reading_again = None
            if self.rules.unread and self.rules.stuck:
                self._reading_again = self.loop.after(_READ_AGAIN, read_again)
            elif self.rules.unread:
                self.read_rules(self._autostart)
        self.rules.read(self.settings.allow_list, self.base_environment(), done)

    def set_mode(self, mode: str) -> None:
        """Change what is accepted."""
        if mode != self.mode:
            self.mode = mode
            self.history.set_mode('run' if mode == 'stopping' else mode, self.boot_id)
            self.broadcast({'event': 'mode', 'mode': mode})

    def shut_down(self, then: Callable[[list[Process], list[LaunchServiceError]], object],
                  hurry: bool = False) -> None:
        """
        Stop every process, call `then` with all there were and with what is left, and end.

        :param hurry: with SIGKILL at once.
        """
        self.set_mode('stopping')
        self.node.retire()
        concerned = [process for process in self.table if process.state not in ENDED]
        waiting = len(concerned) + 1
        failures: list[LaunchServiceError] = []

        def one_done(error: LaunchServiceError | None) -> None:
            nonlocal waiting
            waiting -= 1
            if error is not None:
                failures.append(error)
                print(f'the shutdown leaves {error.message}', file=sys.stderr)
            if not waiting:
                then(concerned, failures)
                self.broadcast({'event': 'stopping', 'keep_processes': False})
                self.node.end(self.loop.stop)

        for process in concerned:
            process.stop(one_done, *((0.0, 0.0) if hurry else ()))
        one_done(None)

    def broadcast(self, message: dict[str, Any]) -> None:
        """Tell all who subscribed."""
        if self.server is not None:
            self.server.broadcast(message)

    def describe(self, process: Process) -> dict[str, Any]:
        """Return what clients are told of a process."""
        record = process.record
        return describe(record, process.measured, self.measuring.host.total_memory,
                        self.hostname, self.output(record).path, process.restart_in)

    def _autostart(self) -> None:
        if self.history.autostarted == self.boot_id or not self.rules.current.entries:
            return
        self.history.set_autostarted(self.boot_id)
        for entry in self.rules.current.entries.values():
            if entry.autostart:
                Operations(self).autostart(entry)

    def _on_signal(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self.shut_down(lambda *_: None, hurry=self.mode == 'stopping')

    def _open_cgroups(self, records: list[Record]) -> None:
        known = [record for record in records if record.boot_id == self.boot_id and record.cgroup]
        self.cgroups.open(self.instance_id, [record.cgroup for record in known],
                          [record.cgroup for record in known if record.state in ALIVE])

    def _all_processes(self) -> list[Process]:
        own = self.node.process
        return [*self.table, *([own] if own is not None else [])]

    def _prune(self) -> None:
        gone = self.table.outdated(self.settings.keep_ended)
        for process in gone:
            self._unlist(process)
        if gone:
            self._remove_outputs()

    def drop(self, process: Process) -> None:
        """List a process that has ended no longer."""
        self._unlist(process)
        self._remove_outputs()

    def _unlist(self, process: Process) -> None:
        self.table.remove(process)
        process.close()
        self.history.drop(process.record)
        self.broadcast({'event': 'removed', 'process_id': process.record.process_id})

    def _remove_outputs(self) -> None:
        listed = {str(other.record.process_id) for other in self.table}
        remove_outputs(self._outputs, listed, KEPT_OUTPUTS)

    # -- the World of each process --------------------------------------------------------

    def plan(self, record: Record, notify_socket: str) -> Plan:
        """See World."""
        checked = file_ids(record.entry)
        complaint = check_executable(record.entry)
        if complaint:
            raise ProcessError(complaint, ResultCode.EXECUTABLE_UNUSABLE)
        plan = make_plan(record, self.base_environment(), self.namespace, self.mark(record),
                         self.output(record).path, notify_socket, self._open_files, self.cgroups)
        return plan._replace(checked=checked)

    def commit(self, process: Process) -> bool:
        """See World."""
        record = process.record
        record.timestamp_ns = self.wall_ns()
        if process.internal:
            self.loop.after(0, self.node.noted)
            return self.note(process)
        self.table.sequence_number += 1
        record.sequence_number = self.table.sequence_number
        journaled = self.note(process)
        self.broadcast({'event': 'process', 'process': self.describe(process)})
        if process.state in ENDED:
            # Later: whoever is told of the end may still want to look at it.
            self.loop.after(0, self._prune)
        return journaled

    def note(self, process: Process) -> bool:
        """See World."""
        write = self.history.commit_node if process.internal else self.history.commit
        return write(process.record)

    def journal_trouble(self) -> str:
        """See World."""
        return self.history.trouble

    def restarts_allowed(self) -> bool:
        """See World."""
        return self.mode in ('run', 'hold')

    def register(self, process: Process) -> None:
        """See World."""
        self.reaper.register(process)

    def leaders(self) -> Container[int]:
        """See World."""
        return self.reaper.leaders

    def orphans(self) -> list[int]:
        """See World."""
        if self.loop.now() - self._orphans_at > _ORPHANS_PERIOD:
            leaders = self.leaders()
            self._orphans = [pid for pid in tree.children(os.getpid()) if pid not in leaders]
            self._orphans_at = self.loop.now()
        return self._orphans

    def mark(self, record: Record) -> str:
        """See World."""
        return f'{self.instance_id}:{record.process_id}'

    def output(self, record: Record) -> Output:
        """See World."""
        if record.process_id == 0:
            return Output(os.path.join(self.folder, 'node.log'), _NODE_LOG_LIMIT)
        return self.output_of(record.process_id)

    def output_of(self, process_id: int) -> Output:
        """Return the output of a process by its id, listed or not."""
        return Output(os.path.join(self._outputs, str(process_id)), self.settings.output_limit)

    def watch_output(self, process: Process) -> None:
        """See World."""
        def on_growth() -> None:
            if process.readiness is not None:
                process.readiness.output_grew()
        self.keeper.watch(process, process.output, on_growth)

    def unwatch_output(self, process: Process) -> None:
        """See World."""
        self.keeper.unwatch(process)

    def wanted_nodes_changed(self) -> None:
        """See World."""
        wanted = {process.readiness.wanted_node for process in self.table
                  if process.readiness is not None}
        self.node.tell({'event': 'want_graph', 'nodes': sorted(wanted - {''})})

    def random(self) -> float:
        """See World."""
        return int.from_bytes(os.urandom(6), 'big') / 2.0 ** 48

    def wall_ns(self) -> int:
        """See World."""
        return time.time_ns()

    def base_environment(self) -> dict[str, str]:
        """Return the clean environment of managed processes."""
        return self.settings.environment or base_environment(self.environment, self._python_prefix)


def _raise_open_files() -> tuple[int, int]:
    """Let the supervisor have all descriptors it may, and return what its children get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft, hard
