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

"""Messages as plain dictionaries, in the form in which the supervisor's socket gives them."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

# In the order of the constants of msg/ProcessStatus.msg.
STATES = ('STOPPED', 'RUNNING', 'SUSPENDED', 'STARTING', 'STOPPING', 'BACKOFF', 'FAILED',
          'UNKNOWN')
ALIVE = frozenset(('RUNNING', 'SUSPENDED', 'STARTING', 'STOPPING'))
ENDED = frozenset(('STOPPED', 'FAILED', 'UNKNOWN'))

TIME_FIELDS = ('timestamp', 'start_time')
PROCESS_FIELDS = (
    'process_name', 'process_id', 'process_status', 'mem_usage', 'processor_load', 'err_msg',
    'executable_id', 'node_name', 'hostname', 'os_pid', 'exit_known', 'exit_code', 'term_signal',
    'restart_count', 'resident_bytes', 'num_tree_procs', 'launch_id', 'sequence_number')
EXECUTABLE_FIELDS = ('id', 'description', 'command', 'environment', 'restart_policy',
                     'autostart', 'usable', 'err_msg')
SLOT_FIELDS = ('name', 'pattern', 'required', 'repeated')


def state_name(number: int) -> str:
    """Return the name of a state; a number that is none is UNKNOWN."""
    return STATES[number] if 0 <= number < len(STATES) else 'UNKNOWN'


def time_ns(stamp: Any) -> int:
    """Return a builtin_interfaces/Time as nanoseconds since the epoch."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def process_record(status: Any) -> Record:
    """Return a ProcessStatus message as a dictionary."""
    record = {field: getattr(status, field) for field in PROCESS_FIELDS}
    record.update((f'{field}_ns', time_ns(getattr(status, field))) for field in TIME_FIELDS)
    return record


def executable_record(executable: Any) -> Record:
    """Return an Executable message as a dictionary."""
    record = {field: getattr(executable, field) for field in EXECUTABLE_FIELDS}
    record['environment'] = list(executable.environment)
    record['arguments'] = [{field: getattr(slot, field) for field in SLOT_FIELDS}
                           for slot in executable.arguments]
    record['labels'] = {pair.key: pair.value for pair in executable.labels}
    return record
