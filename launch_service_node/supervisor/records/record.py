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

"""What is known of a process: what is journaled, and what clients are told."""

from __future__ import annotations

import os
import signal
from typing import Any

from ...allow_list.model import Entry
from ..kernel.sampling import Measurement
from ..states import State

#: Characters of a command that clients are told: a list of many processes has to stay small.
SHOWN_COMMAND = 1000


class Record:
    """
    All that must survive the supervisor, as it stands in the journal.

    Times in `_ns` are wall-clock nanoseconds, others are monotonic seconds of the
    boot `boot_id`.

    :ivar argv: with every placeholder filled in.
    :ivar environment: what is added to the environment of all.
    :ivar run: how often it was spawned.
    :ivar executed: whether the present run got past exec.
    :ivar output_start: offset at which the output of the present run begins.
    :ivar ready_at: when the present run was ready; 0: not yet.
    :ivar late: why the present run was ended before it was ready; empty: it was not.
    :ivar stop_asked: whether somebody asked for its end.
    :ivar restart_asked: whether it is to be started again after that end.
    :ivar cgroup: folder of the present run's cgroup; empty: it has none.
    :ivar limits: which limits are in force for the present run, and how.
    """

    process_id: int
    name: str
    entry: Entry
    argv: list[str]
    environment: dict[str, str]
    cwd: str
    restarts: list[float]
    limits: list[str]
    launch_id: str = ''
    uid: int = 0
    digest: int = 0
    state: State = State.STOPPED
    run: int = 0
    pid: int = 0
    start_ticks: int = 0
    boot_id: str = ''
    cgroup: str = ''
    executed: bool = False
    output_start: int = 0
    start_time_ns: int = 0
    ready_at: float = 0.0
    late: str = ''
    stop_asked: bool = False
    restart_asked: bool = False
    exit_known: bool = False
    exit_code: int = 0
    term_signal: int = 0
    restart_count: int = 0
    in_a_row: int = 0
    restart_at: float = 0.0
    err_msg: str = ''
    sequence_number: int = 0
    timestamp_ns: int = 0

    def __init__(self, process_id: int, name: str, entry: Entry, argv: list[str],
                 environment: dict[str, str], cwd: str, **more: Any) -> None:
        self.process_id = process_id
        self.name = name
        self.entry = entry
        self.argv = argv
        self.environment = environment
        self.cwd = cwd
        self.restarts = []
        self.limits = []
        vars(self).update(more)
        self._entry_json = entry.to_json()  # it never changes, and is written often

    def to_json(self) -> dict[str, Any]:
        """Return it as the journal has it."""
        data = {name: getattr(self, name) for name in _FIELDS}
        data['entry'] = self._entry_json
        return data

    def begin_run(self, boot_id: str, start_time_ns: int) -> None:
        """Take note that another run is about to be spawned."""
        self.run += 1
        self.pid = self.start_ticks = 0
        self.executed, self.ready_at = False, 0.0
        self.late = self.err_msg = ''
        self.boot_id, self.start_time_ns = boot_id, start_time_ns
        self.exit_known = False
        self.exit_code = self.term_signal = 0

    def end_run(self, status: int | None) -> None:
        """
        Take note that the run has ended.

        :param status: the wait status; None: it can't be known.
        """
        self.pid = 0
        self.exit_known = status is not None
        self.exit_code = self.term_signal = 0
        if status is not None and os.WIFSIGNALED(status):
            self.term_signal = os.WTERMSIG(status)
        elif status is not None:
            self.exit_code = os.WEXITSTATUS(status)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        """
        Return the record that the journal has; fields of a newer version are left out.

        :raises KeyError, TypeError, ValueError: when a field is missing or can't be right.
        """
        known = {name: data[name] for name in _FIELDS if name in data}
        known['entry'] = Entry.from_json(data['entry'])
        known['state'] = State(data['state'])
        for name, value in known.items():
            kind = type(getattr(_EXAMPLE, name))
            if not isinstance(value, (int, float) if kind is float else kind):
                raise TypeError(f'{name} is no {kind.__name__}')
        return cls(**known)


_FIELDS = tuple(Record.__annotations__)
_EXAMPLE = Record(0, '', Entry(''), [], {}, '')


def exit_in_words(record: Record) -> str:
    """Say how the last run ended; empty when it ended well or has not."""
    if not record.exit_known:
        return ''
    if record.term_signal:
        return f'was ended by {signal_name(record.term_signal)}'
    return f'exited with code {record.exit_code}' if record.exit_code else ''


def signal_name(number: int) -> str:
    """Return the name of a signal, such as SIGTERM; real-time signals by number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f'signal {number}'


def shown_command(argv: list[str]) -> list[str]:
    """Return a command as clients are told: all of it, or its first SHOWN_COMMAND characters."""
    left = SHOWN_COMMAND
    if sum(map(len, argv)) <= left:
        return argv
    shown = []
    for word in argv:
        if len(word) > left or not left:
            shown.append(f'{word[:left]}…')
            break
        shown.append(word)
        left -= len(word)
    return shown


def describe(record: Record, measured: Measurement | None, total_memory: int, hostname: str,
             output_path: str, restart_in: float | None) -> dict[str, Any]:
    """Return what clients are told; docs/protocol.md has the meaning."""
    return {
        'timestamp_ns': record.timestamp_ns,
        'process_name': record.name,
        'process_id': record.process_id,
        'process_status': int(record.state),
        'mem_usage': 100.0 * measured.resident / total_memory if measured else 0.0,
        'processor_load': measured.load if measured else 0.0,
        'err_msg': record.err_msg,
        'executable_id': record.entry.id,
        'hostname': hostname,
        'os_pid': record.pid,
        'exit_known': record.exit_known,
        'exit_code': record.exit_code,
        'term_signal': record.term_signal,
        'restart_count': record.restart_count,
        'start_time_ns': record.start_time_ns,
        'resident_bytes': measured.resident if measured else 0,
        'num_tree_procs': measured.num_procs if measured else int(record.pid != 0),
        'launch_id': record.launch_id,
        'sequence_number': record.sequence_number,
        'command': shown_command(record.argv),
        'output_path': output_path,
        'restart_in': restart_in,
        'limits': record.limits,
    }
