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

"""Requests of clients: each checked, carried out, answered, and noted in the audit log."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable
import errno
import os
import socket
from typing import Any, TYPE_CHECKING

from .. import __version__
from ..allow_list.model import Entry
from ..errors import (
    InstanceError,
    InvalidRequest,
    LaunchServiceError,
    NotNow,
    ProcessError,
    ResultCode,
)
from ..protocol import Message
from . import admission
from .failures import forgotten
from .process import Process
from .records.uids import Past
from .requests import parse, plain, seconds, signal_number
from .server import Connection
from .states import ALIVE, ENDED
from .table import matcher

if TYPE_CHECKING:
    from .supervisor import Supervisor

Fields = dict[str, Any]

#: Operations that only look: not in the audit log unless they are refused.
_LOOKS = frozenset({'list', 'executables', 'read', 'status', 'subscribe', 'graph', 'wait_node'})

#: Operations that wait, right after the supervisor's own start, for the allow-list.
_NEED_RULES = frozenset({'start', 'restart', 'executables'})

#: What a host runs out of; a request that meets it has met no defect.
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})

MODES = ('run', 'hold', 'drain')


class Request:
    """A request that waits for its answer, which is given once."""

    def __init__(self, operations: Operations, connection: Connection, message: Message) -> None:
        self._operations = operations
        self._message = message
        self.connection = connection

    def answer(self, **fields: Any) -> None:
        """Answer that it was done."""
        self._note(ResultCode.OK, '', fields)
        self.connection.answer(self._message, **fields)

    def refuse(self, error: LaunchServiceError, **fields: Any) -> None:
        """Answer that it was not."""
        self._note(error.code, error.message, fields)
        self.connection.refuse(self._message, error.code, error.message, **fields)

    def _note(self, code: int, message: str, fields: Fields) -> None:
        op = plain(self._message.get('op'))
        if code == ResultCode.OK and op in _LOOKS:
            return
        asked = {key: value for key, value in self._message.items()
                 if key not in ('id', 'op', 'caller', 'settings', 'environment')}
        if 'env' in asked and isinstance(asked['env'], dict):
            asked['env'] = sorted(asked['env'])  # values may be secrets
        pid, uid = self.connection.peer
        ids = [process['process_id'] for process in
               fields.get('processes', [fields['process']] if 'process' in fields else [])]
        self._operations.supervisor.audit.write(
            op=str(op), caller=str(plain(self._message.get('caller', ''))), peer_pid=pid,
            peer_uid=uid, code=ResultCode(code).name, message=message, request=asked,
            process_ids=ids or None)


class Operations:
    """What clients may ask for; docs/protocol.md has the list."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self._handlers: dict[str, Callable[[Request, Fields], object]] = {
            'start': self._start, 'stop': self._stop, 'restart': self._restart,
            'signal': self._signal, 'list': self._list, 'executables': self._executables,
            'read': self._read, 'reload': self._reload, 'status': self._status,
            'set_mode': self._set_mode, 'subscribe': self._subscribe, 'attach': self._attach,
            'detach': self._detach, 'manage_node': self._manage_node,
            'wait_node': self._wait_node, 'graph': self._graph, 'shutdown': self._shutdown,
        }

    def handle(self, connection: Connection, message: Message) -> None:
        """Carry out a request, and see to it that it is answered."""
        request = Request(self, connection, message)
        try:
            op, fields = parse(message)
        except LaunchServiceError as error:
            request.refuse(error)
            return
        if op in _NEED_RULES:
            self.supervisor.rules.when_read(lambda: self._carry_out(request, op, fields))
        else:
            self._carry_out(request, op, fields)

    def _carry_out(self, request: Request, op: str, fields: Fields) -> None:
        try:
            self._handlers[op](request, fields)
        except LaunchServiceError as error:
            request.refuse(error)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _SHORTAGES:
                request.refuse(ProcessError(f'{error.strerror}; the host is short of it',
                                            ResultCode.RESOURCE_EXHAUSTED))
                return
            request.refuse(LaunchServiceError(
                f'defect in the supervisor ({type(error).__name__}: {error}); '
                'supervisor.log has the details'))
            raise

    def note_stranger(self, peer: tuple[int, int], message: str) -> None:
        """Note that somebody was not let in."""
        self.supervisor.audit.write(op='connect', peer_pid=peer[0], peer_uid=peer[1],
                                    code=ResultCode.PERMISSION_DENIED.name, message=message)

    def autostart(self, entry: Entry) -> None:
        """Start an executable as its entry says, for nobody in particular."""
        try:
            process = admission.new_process(self.supervisor, {'cmd': entry.id})
        except LaunchServiceError as error:
            self.supervisor.audit.write(op='autostart', code=error.code.name,
                                        message=error.message, request={'cmd': entry.id})
            return
        self.supervisor.audit.write(op='autostart', code='OK', request={'cmd': entry.id},
                                    process_ids=[process.record.process_id])
        process.start()

    def _start(self, request: Request, fields: Fields) -> None:
        known = admission.known_by_uid(self.supervisor, fields)
        wait_ready = bool(fields['wait_ready'])
        if isinstance(known, Past):
            described = admission.describe_past(self.supervisor, known, fields)
            if known.ready if wait_ready else known.executed:
                request.answer(process=described)
            else:
                request.refuse(forgotten(known.process_id), process=described)
            return
        if known is not None:
            known.wait_started(self._start_waiter(request, known), wait_ready)
            return
        admission.check_rate(self.supervisor)
        process = admission.new_process(self.supervisor, fields)
        process.start(self._start_waiter(request, process), wait_ready)

    def _start_waiter(self, request: Request, process: Process) -> Callable[..., None]:
        def tell(error: LaunchServiceError | None) -> None:
            described = self.supervisor.describe(process)
            if error is None:
                request.answer(process=described)
            else:
                request.refuse(error, process=described)
        return tell

    def _stop(self, request: Request, fields: Fields) -> None:
        sigterm = seconds(fields['sigterm_timeout'], 'sigterm_timeout')
        sigkill = seconds(fields['sigkill_timeout'], 'sigkill_timeout')
        processes = self.supervisor.table.some(
            fields['process_id'], fields['name'], fields['launch_id'])
        waiting = len(processes)
        failures: list[LaunchServiceError] = []

        def one_done(error: LaunchServiceError | None) -> None:
            nonlocal waiting
            waiting -= 1
            if error is not None:
                failures.append(error)
            if not waiting:
                self._answer_stopped(request, processes, failures)

        for process in processes:
            process.stop(one_done, sigterm, sigkill)

    def _answer_stopped(self, request: Request, processes: list[Process],
                        failures: list[LaunchServiceError]) -> None:
        described = [self.supervisor.describe(process) for process in processes]
        if failures:
            said = '; '.join(failure.message for failure in failures)
            request.refuse(ProcessError(said, ResultCode.NOT_STOPPED), processes=described)
        else:
            request.answer(processes=described)

    def _restart(self, request: Request, fields: Fields) -> None:
        process = self.supervisor.table.one(fields['process_id'], fields['name'])
        admission.check_mode(self.supervisor)
        admission.check_rate(self.supervisor)
        admission.check_restart(self.supervisor, process)
        process.restart(self._start_waiter(request, process), bool(fields['wait_ready']))

    def _signal(self, request: Request, fields: Fields) -> None:
        number = signal_number(fields['signal'])
        processes = self.supervisor.table.some(fields['process_id'], fields['name'], '')
        if len(processes) > 1:
            processes = [process for process in processes if process.state in ALIVE]
            if not processes:
                raise NotNow('none of the processes that are meant runs; there is nothing to '
                             'signal', ResultCode.WRONG_STATE)
        for process in processes:
            process.signal(number)
        request.answer(processes=[self.supervisor.describe(one) for one in processes])

    def _list(self, request: Request, fields: Fields) -> None:
        supervisor = self.supervisor
        supervisor.measuring.refresh_host()
        processes = supervisor.table.select(name=fields['name'], launch_id=fields['launch_id'])
        host = supervisor.measuring.host
        request.answer(
            processes=[supervisor.describe(process) for process in processes],
            timestamp_ns=supervisor.wall_ns(), hostname=supervisor.hostname,
            mem_usage=host.memory, processor_load=host.load,
            num_procs=sum(process.state in ALIVE for process in processes))

    def _executables(self, request: Request, fields: Fields) -> None:
        supervisor = self.supervisor
        entries = supervisor.rules.current.entries.values()
        matches = matcher(fields['executable_id'] or '*')
        self._answer_with_complaints(
            request,
            executables=[_describe_entry(entry) for entry in entries
                         if matches(entry.id)],
            allow_any=supervisor.settings.allow_any,
            files=list(supervisor.rules.current.files))

    def _read(self, request: Request, fields: Fields) -> None:
        supervisor = self.supervisor
        if not 0 <= fields['lines'] <= 1_000_000 or fields['max_bytes'] < 0:
            raise InvalidRequest('lines has to be 0 to 1000000, and max_bytes not negative')
        try:
            process = supervisor.table.one(fields['process_id'], fields['name'])
        except InvalidRequest:
            output = supervisor.output_of(fields['process_id'])
            if (fields['process_id'] <= 0 or not os.path.exists(output.path)
                    or supervisor.table.select(fields['process_id'])):
                raise
            ended = True  # no longer listed, but its output is still there
        else:
            output, ended = process.output, process.state in ENDED
        try:
            piece = output.read(fields['offset'], fields['lines'], fields['max_bytes'])
        except OSError as error:
            raise ProcessError(f'cannot read {output.path}: {error.strerror}',
                               ResultCode.RESOURCE_EXHAUSTED) from error
        request.answer(data=b2a_base64(piece.data, newline=False).decode(), offset=piece.offset,
                       next_offset=piece.next_offset, dropped_bytes=piece.dropped,
                       eof=piece.at_end and ended)

    def _reload(self, request: Request, fields: Fields) -> None:
        def done() -> None:
            self._answer_with_complaints(
                request, num_executables=len(self.supervisor.rules.current.entries))
        self.supervisor.read_rules(done)

    def _answer_with_complaints(self, request: Request, **told: Any) -> None:
        """Answer, as refused when a part of the allow-list is not in force."""
        errors = self.supervisor.rules.errors()
        if errors:
            more = f' (and {len(errors) - 1} more)' if len(errors) > 1 else ''
            request.refuse(LaunchServiceError(
                errors[0] + more, ResultCode.ALLOW_LIST_INVALID), errors=errors, **told)
        else:
            request.answer(errors=errors, **told)

    def _status(self, request: Request, fields: Fields) -> None:
        request.answer(instance=self._instance())

    def _instance(self) -> dict[str, Any]:
        supervisor = self.supervisor
        supervisor.measuring.refresh_host()
        settings = supervisor.settings._asdict()
        del settings['environment']
        return {
            'namespace': supervisor.namespace, 'instance_id': supervisor.instance_id,
            'hostname': socket.gethostname(), 'mode': supervisor.mode, 'version': __version__,
            'supervisor_pid': os.getpid(), 'start_time_ns': supervisor.start_time_ns,
            'state_dir': supervisor.folder, 'settings': settings, 'node': supervisor.node.info,
            'mem_usage': supervisor.measuring.host.memory,
            'processor_load': supervisor.measuring.host.load,
            **supervisor.table.counts()}

    def _set_mode(self, request: Request, fields: Fields) -> None:
        if fields['mode'] not in MODES:
            raise InvalidRequest(f'mode has to be one of {", ".join(MODES)}')
        self._check_not_stopping()
        self.supervisor.set_mode(fields['mode'])
        request.answer(mode=fields['mode'])

    def _check_not_stopping(self) -> None:
        if self.supervisor.mode == 'stopping':
            raise NotNow('the instance is shutting down', ResultCode.SHUTTING_DOWN)

    def _subscribe(self, request: Request, fields: Fields) -> None:
        request.answer(**self._snapshot())
        request.connection.subscribed = True

    def _snapshot(self) -> dict[str, Any]:
        table = self.supervisor.table
        return {'processes': [self.supervisor.describe(process) for process in table.select()],
                'sequence_number': table.sequence_number}

    def _attach(self, request: Request, fields: Fields) -> None:
        self._check_not_stopping()
        self.supervisor.settings.changed_by(fields['settings'])  # refuses before anything changes
        self.supervisor.node.attach(request.connection, {
            'name': fields['node_name'], 'domain_id': fields['domain_id'], 'rmw': fields['rmw']})

        def done() -> None:
            if not self.supervisor.node.serves(request.connection):
                request.refuse(InstanceError('this node was told to end, or has ended, before its '
                                             'settings were in force'))
                return
            request.answer(**self._snapshot(), instance=self._instance())
            request.connection.subscribed = True
            self.supervisor.wanted_nodes_changed()
            self.supervisor.node.in_force()
        self.supervisor.change_settings(fields['settings'], done)

    def _detach(self, request: Request, fields: Fields) -> None:
        self.supervisor.node.release()
        request.answer()

    def _manage_node(self, request: Request, fields: Fields) -> None:
        self._check_not_stopping()
        argv = fields['argv']
        if not argv or not os.path.isabs(argv[0]):
            raise InvalidRequest('argv has to begin with the absolute path of a program')
        self.supervisor.node.manage(argv, fields['environment'])
        request.answer()

    def _wait_node(self, request: Request, fields: Fields) -> None:
        def tell(error: LaunchServiceError | None) -> None:
            if error is None:
                request.answer(instance=self._instance())
            else:
                request.refuse(error)
        self.supervisor.node.wait(min(max(fields['seconds'], 0.0), 600.0), tell)

    def _graph(self, request: Request, fields: Fields) -> None:
        nodes = frozenset(fields['nodes'])
        for process in self.supervisor.table:
            if process.readiness is not None:
                process.readiness.graph_has(nodes)
        request.answer()

    def _shutdown(self, request: Request, fields: Fields) -> None:
        supervisor = self.supervisor
        if fields['keep_processes']:
            supervisor.node.retire()  # recorded before it is told
            request.answer(processes=self._snapshot()['processes'])
            supervisor.node.dismiss()
            return

        def done(processes: list[Process], failures: list[LaunchServiceError]) -> None:
            self._answer_stopped(request, processes, failures)
        supervisor.shut_down(done, hurry=supervisor.mode == 'stopping')


def _describe_entry(entry: Entry) -> dict[str, Any]:
    return {
        'id': entry.id, 'description': entry.description, 'command': entry.command,
        'arguments': [{'name': slot.name, 'pattern': slot.pattern, 'required': slot.required,
                       'repeated': slot.repeated} for slot in entry.slots],
        'environment': list(entry.environment_from_caller),
        'restart_policy': entry.restart.policy, 'autostart': entry.autostart,
        'usable': not entry.error, 'err_msg': entry.error, 'labels': entry.labels}
