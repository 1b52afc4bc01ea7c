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

"""From a start request to a process that may be started, or a refusal."""

from __future__ import annotations

import json
from typing import Any, TYPE_CHECKING
import zlib

from ..allow_list.checking import check_executable
from ..allow_list.model import Entry
from ..allow_list.resolve import resolve
from ..errors import InvalidRequest, NotAllowed, NotNow, ProcessError, ResultCode
from ..instance import NAME_TOKEN
from .process import Process
from .records.record import Record
from .records.uids import Past
from .requests import FIELDS
from .states import ENDED

if TYPE_CHECKING:
    from .supervisor import Supervisor

Fields = dict[str, Any]

_MAX_NAME = 128


def check_mode(supervisor: Supervisor) -> None:
    """
    Let pass when processes may be started at present.

    :raises NotNow: when not.
    """
    if supervisor.mode == 'stopping':
        raise NotNow('the instance is shutting down', ResultCode.SHUTTING_DOWN)
    if supervisor.mode != 'run':
        raise NotNow(f'the instance is in mode {supervisor.mode} and starts nothing; '
                     "set its parameter mode to 'run'")


def check_rate(supervisor: Supervisor) -> None:
    """
    Let one more start or restart pass.

    :raises NotNow: when there were too many.
    """
    wait = supervisor.start_rate.take(supervisor.loop.now())
    if wait:
        raise NotNow(f'more than {supervisor.start_rate.rate:g} starts a second are too many; '
                     f'try again in {wait:.2f} s', ResultCode.RATE_LIMITED)


def digest(fields: Fields) -> int:
    """Return what tells two different requests of one uid apart; it is never 0."""
    asked = [fields[key] for key in ('cmd', 'name', 'cwd', 'env', 'args', 'launch_id')]
    data = json.dumps(asked, sort_keys=True).encode()
    return zlib.crc32(data) << 32 | zlib.adler32(data)


def known_by_uid(supervisor: Supervisor, fields: Fields) -> Process | Past | None:
    """
    Return the process that an earlier request of this uid started; None: there is none.

    :raises InvalidRequest: when the earlier request was another one.
    """
    uid = fields['uid']
    if uid < 0:
        raise InvalidRequest('uid has to be 0 or more')
    known = supervisor.table.of_uid(uid) if uid else None
    if known is None:
        return None
    asked = known.record if isinstance(known, Process) else known
    if asked.digest != digest(fields):
        raise InvalidRequest(
            f'uid {uid} started process {asked.process_id} with a different request; choose a '
            'new uid for a new request', ResultCode.UID_CONFLICT)
    return known


def describe_past(supervisor: Supervisor, known: Past, fields: Fields) -> dict[str, Any]:
    """Return what clients are told of a process that is no longer listed, as far as is known."""
    # Its name, unless the request gave it, is not remembered: it may be another's by now.
    return {
        'timestamp_ns': supervisor.wall_ns(), 'process_name': fields['name'],
        'process_id': known.process_id, 'process_status': int(known.state),
        'executable_id': fields['cmd'], 'hostname': supervisor.hostname,
        'exit_known': known.exit_known, 'exit_code': known.exit_code,
        'term_signal': known.term_signal, 'start_time_ns': known.start_time_ns,
        'launch_id': fields['launch_id'], 'mem_usage': 0.0, 'processor_load': 0.0,
        'err_msg': '', 'os_pid': 0, 'restart_count': 0, 'resident_bytes': 0,
        'num_tree_procs': 0, 'sequence_number': supervisor.table.sequence_number,
        'command': [], 'output_path': supervisor.output_of(known.process_id).path,
        'restart_in': None, 'limits': []}


def new_process(supervisor: Supervisor, given: Fields) -> Process:
    """
    Return a new process, listed but not started.

    :raises LaunchServiceError: when the request is refused; nothing has changed then.
    """
    fields = {**FIELDS['start'], **given}
    check_mode(supervisor)
    entry = _entry(supervisor, fields)
    complaint = check_executable(entry)
    if complaint:
        raise ProcessError(complaint, ResultCode.EXECUTABLE_UNUSABLE)
    name = _name(supervisor, fields, entry)
    command = resolve(entry, fields['args'], fields['env'], fields['cwd'],
                      supervisor.namespace, name, own=supervisor.environment)
    _check_count(supervisor)
    table = supervisor.table
    before = table.named(name)
    if before is not None:
        supervisor.drop(before)
    record = Record(
        table.next_id, name, entry, list(command.argv), dict(command.environment),
        command.cwd or '', launch_id=fields['launch_id'], uid=fields['uid'],
        digest=digest(fields) if fields['uid'] else 0)
    process = Process(record, supervisor)
    table.add(process)
    return process


def check_restart(supervisor: Supervisor, process: Process) -> None:
    """
    Let pass when a process may be started again; nothing has happened to it yet.

    It is started with the command of its first start. So its entry must still stand in the
    allow-list, and still say of everything that makes up a command what it said then.

    :raises LaunchServiceError: when not.
    """
    entry = process.record.entry
    if not supervisor.settings.allow_any:
        in_force = supervisor.rules.entry(entry.id)
        if _commands(in_force) != _commands(entry):
            complaint = check_executable(in_force)
            if complaint:
                raise ProcessError(complaint, ResultCode.EXECUTABLE_UNUSABLE)
            raise NotAllowed(
                f'the allow-list says otherwise of {entry.id!r} than when {process.record.name} '
                'was started; stop it and start a new one')
    if process.state in ENDED:
        _check_count(supervisor)


def _commands(entry: Entry) -> tuple[object, ...]:
    """Return what an entry says of the commands that may be made of it."""
    return (entry.argv, entry.slots, entry.cwd, entry.cwd_from_caller, entry.environment,
            entry.environment_from_caller, entry.pass_environment, entry.limits, entry.user)


def _check_count(supervisor: Supervisor) -> None:
    counted = sum(process.state not in ENDED for process in supervisor.table)
    if counted >= supervisor.settings.max_processes:
        raise NotNow(
            f'there are {counted} processes, as many as max_processes allows; stop some first',
            ResultCode.LIMIT_REACHED)


def _entry(supervisor: Supervisor, fields: Fields) -> Entry:
    cmd = fields['cmd']
    if not cmd:
        raise InvalidRequest('cmd is empty; give the id of an executable')
    if supervisor.settings.allow_any and cmd not in supervisor.rules.current.entries:
        from ..allow_list.anything import entry_for_any
        return entry_for_any(cmd, supervisor.base_environment())
    return supervisor.rules.entry(cmd)


def _name(supervisor: Supervisor, fields: Fields, entry: Entry) -> str:
    name = fields['name']
    if not name:
        return supervisor.table.free_name(entry.id)
    if not NAME_TOKEN.match(name) or len(name) > _MAX_NAME:
        raise InvalidRequest(
            f'{ascii(name[:60])} is no valid process name: letters, digits and _, no digit first, '
            f'at most {_MAX_NAME}', ResultCode.NAME_INVALID)
    process = supervisor.table.named(name)
    if process is not None and process.state not in ENDED:
        raise InvalidRequest(
            f'name {name!r} is in use by process {process.record.process_id}, which is '
            f'{process.state.name}; choose another, or stop that one', ResultCode.NAME_IN_USE)
    return name
