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

"""
Between the supervisor's answers and ROS messages: one function a message, no effects.

A field that is not a Python value of exactly the right type reaches C code that does
not look again (a 0 where a 0.0 belongs is read as garbage), so numbers are converted
where JSON can't tell the two apart. Nothing else is checked: the supervisor is trusted.
"""

from __future__ import annotations

import base64
import codecs
from collections.abc import Mapping
import math
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import KeyValue

from ..errors import ResultCode
from ..msg import ArgumentSlot, Executable, ProcessStatus
from ..srv import (
    ListExecutables,
    ListProcesses,
    ReadOutput,
    RestartProcess,
    Shutdown,
    SignalProcess,
    StartProcess,
    StopProcess,
)

Fields = dict[str, Any]

_SECOND = 10 ** 9
_LONGEST_CHARACTER = 4  # bytes of UTF-8


def text(value: str) -> str:
    """Return a string that a ROS message can carry: no NUL, no half of a surrogate pair."""
    if value.isascii():
        return value.replace('\0', '\ufffd') if '\0' in value else value
    return value.encode('utf-8', 'replace').decode().replace('\0', '\ufffd')


def time_message(nanoseconds: int) -> Time:
    """Return nanoseconds since the epoch as a message; 0 is zero."""
    return Time(sec=nanoseconds // _SECOND, nanosec=nanoseconds % _SECOND)


def key_values(pairs: Mapping[str, str]) -> list[KeyValue]:
    """Return pairs as messages, in their order."""
    return [KeyValue(key=text(key), value=text(value)) for key, value in pairs.items()]


def process_status(process: Fields, node_name: str) -> ProcessStatus:
    """Return the message for a `process` of the supervisor."""
    return ProcessStatus(
        timestamp=time_message(process['timestamp_ns']),
        process_name=process['process_name'],
        process_id=process['process_id'],
        process_status=process['process_status'],
        mem_usage=float(process['mem_usage']),
        processor_load=float(process['processor_load']),
        err_msg=text(process['err_msg']),
        executable_id=process['executable_id'],
        node_name=node_name,
        hostname=process['hostname'],
        os_pid=process['os_pid'],
        exit_known=process['exit_known'],
        exit_code=process['exit_code'],
        term_signal=process['term_signal'],
        restart_count=process['restart_count'],
        start_time=time_message(process['start_time_ns']),
        resident_bytes=process['resident_bytes'],
        num_tree_procs=process['num_tree_procs'],
        launch_id=text(process['launch_id']),
        sequence_number=process['sequence_number'],
    )


def measure(status: ProcessStatus, row: Fields, now_ns: int) -> None:
    """Put a row of a `measured` event into the status that it belongs to."""
    status.timestamp = time_message(now_ns)
    status.mem_usage = float(row['mem_usage'])
    status.processor_load = float(row['processor_load'])
    status.resident_bytes = row['resident_bytes']
    status.num_tree_procs = row['num_tree_procs']


def executable(entry: Fields) -> Executable:
    """Return the message for an `executable` of the supervisor."""
    return Executable(
        id=entry['id'],
        description=text(entry['description']),
        command=text(entry['command']),
        arguments=[ArgumentSlot(name=text(slot['name']), pattern=text(slot['pattern']),
                                required=slot['required'], repeated=slot['repeated'])
                   for slot in entry['arguments']],
        environment=list(entry['environment']),
        restart_policy=entry['restart_policy'],
        autostart=entry['autostart'],
        usable=entry['usable'],
        err_msg=text(entry['err_msg']),
        labels=key_values(entry['labels']),
    )


# Requests


def start_fields(request: StartProcess.Request) -> Fields:
    """Return the fields of `start`; of a variable that is given twice the last counts."""
    return {'cmd': request.cmd, 'name': request.name, 'uid': request.uid, 'cwd': request.cwd,
            'env': {pair.key: pair.value for pair in request.env}, 'args': list(request.args),
            'launch_id': request.launch_id, 'wait_ready': request.wait_ready}


def stop_fields(request: StopProcess.Request) -> Fields:
    """Return the fields of `stop`."""
    return {'process_id': request.proc_id, 'name': request.name, 'launch_id': request.launch_id,
            'sigterm_timeout': _timeout(request.sigterm_timeout),
            'sigkill_timeout': _timeout(request.sigkill_timeout)}


def restart_fields(request: RestartProcess.Request) -> Fields:
    """Return the fields of `restart`."""
    return {'process_id': request.proc_id, 'name': request.name, 'wait_ready': request.wait_ready}


def signal_fields(request: SignalProcess.Request) -> Fields:
    """Return the fields of `signal`."""
    return {'process_id': request.proc_id, 'name': request.name, 'signal': request.signal}


def list_fields(request: ListProcesses.Request) -> Fields:
    """Return the fields of `list`."""
    return {'name': request.name, 'launch_id': request.launch_id}


def executables_fields(request: ListExecutables.Request) -> Fields:
    """Return the fields of `executables`."""
    return {'executable_id': request.id}


def read_fields(request: ReadOutput.Request) -> Fields:
    """Return the fields of `read`, with room for one character at least."""
    max_bytes = max(request.max_bytes, _LONGEST_CHARACTER) if request.max_bytes else 0
    return {'process_id': request.proc_id, 'name': request.name, 'offset': request.offset,
            'lines': request.lines, 'max_bytes': max_bytes}


def shutdown_fields(request: Shutdown.Request) -> Fields:
    """Return the fields of `shutdown`."""
    return {'keep_processes': request.keep_processes}


def reload_fields(_: object) -> Fields:
    """Return the fields of `reload`: none."""
    return {}


def _timeout(seconds: float) -> float | None:
    return None if seconds < 0 and not math.isnan(seconds) else seconds


# Responses: each takes the response to fill, the answer, and the name of the node


def fill_outcome(response: Any, answer: Fields) -> None:
    """Fill in what all responses have: success, code and message."""
    response.success = answer['ok']
    response.code = answer['code']
    response.message = text(answer['message'])


def fill_process(response: Any, answer: Fields, node_name: str) -> None:
    """Fill in a response with one status: StartProcess and RestartProcess."""
    fill_outcome(response, answer)
    process = answer.get('process')
    if process:
        response.status = process_status(process, node_name)


def fill_processes(response: Any, answer: Fields, node_name: str) -> None:
    """Fill in a response with several statuses: StopProcess, SignalProcess and Shutdown."""
    fill_outcome(response, answer)
    response.processes = [process_status(process, node_name)
                          for process in answer.get('processes', ())]


def fill_list(response: ListProcesses.Response, answer: Fields, node_name: str) -> None:
    """Fill in a response of ListProcesses."""
    fill_processes(response, answer, node_name)
    if answer['ok']:
        response.timestamp = time_message(answer['timestamp_ns'])
        response.hostname = answer['hostname']
        response.total_mem_usage = float(answer['mem_usage'])
        response.total_processor_load = float(answer['processor_load'])
        response.num_procs = answer['num_procs']


def fill_executables(response: ListExecutables.Response, answer: Fields, _: str) -> None:
    """Fill in a response of ListExecutables."""
    fill_outcome(response, answer)
    response.executables = [executable(entry) for entry in answer.get('executables', ())]
    response.allow_any = answer.get('allow_any', False)
    response.files = [text(path) for path in answer.get('files', ())]
    response.errors = [text(error) for error in answer.get('errors', ())]


def fill_output(response: ReadOutput.Response, answer: Fields, _: str) -> None:
    """
    Fill in a response of ReadOutput.

    A character that is not complete yet is left for the next call, unless nothing
    follows any more.
    """
    fill_outcome(response, answer)
    if not answer['ok']:
        return
    data = base64.b64decode(answer['data'])
    output, used = codecs.utf_8_decode(data, 'replace', answer['eof'])
    response.data = output.replace('\0', '\ufffd') if '\0' in output else output
    response.offset = answer['offset']
    response.next_offset = answer['next_offset'] - (len(data) - used)
    response.dropped_bytes = answer['dropped_bytes']
    response.eof = answer['eof']


def fill_reload(response: Any, answer: Fields, _: str) -> None:
    """Fill in a response of std_srvs/Trigger: one line, or one for each complaint."""
    response.success = answer['ok']
    if 'num_executables' in answer:
        lines = [f'{answer["num_executables"]} executables', *answer['errors']]
    else:
        lines = [f'{code_name(answer["code"])}: {answer["message"]}']
    response.message = text('\n'.join(lines))


def code_name(code: int) -> str:
    """Return the name of a result code, such as NOT_FOUND."""
    try:
        return ResultCode(code).name
    except ValueError:
        return f'code {code}'
