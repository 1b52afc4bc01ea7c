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

"""What whoever waits for a process is told when it did not come to that."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ProcessError, ResultCode
from .records.record import Record


def not_started(record: Record) -> ProcessError:
    """Return the error of a process that has ended before it was started, or ready."""
    return ProcessError(
        f'{record.name} did not start: {record.err_msg or "ended before it was ready"}')


def not_stopped(name: str, pids: Sequence[int]) -> tuple[str, ProcessError]:
    """
    Return what is known of a process of whose tree these are left after SIGKILL, and the error.

    :param pids: the fact `pids` of the error; none: there was no descriptor to look for them.
    """
    if not pids:
        said = 'out of descriptors (Too many open files): not all of it could be sent SIGKILL'
        return said, ProcessError(
            f'{name}: the supervisor is {said}; it goes on trying while it runs; give it more, '
            'with LimitNOFILE= or ulimit -n', ResultCode.NOT_STOPPED)
    numbers = ', '.join(map(str, pids))
    return f'still there after SIGKILL: pid {numbers}', ProcessError(
        f'{name}: pid {numbers} did not end even on SIGKILL: the kernel holds it, or it is '
        "another user's; look at /proc/PID/stack and /proc/PID/status",
        ResultCode.NOT_STOPPED, pids=pids)


def kept(name: str, pids: Sequence[int]) -> tuple[str, ProcessError]:
    """Return what is known of a process that has ended and that its debugger keeps, as above."""
    said = f'pid {", ".join(map(str, pids))} has ended, but the debugger that traces it keeps it'
    return said, ProcessError(
        f'{name}: {said}; have it detach (TracerPid in /proc/PID/status tells which one)',
        ResultCode.NOT_STOPPED, pids=pids)


def forgotten(process_id: int) -> ProcessError:
    """Return the error of a start that failed, of a process that is no longer listed."""
    return ProcessError(f'process {process_id}, which this uid started, did not start; it is no '
                        'longer listed, supervisor.log and audit.log have what is known')


def started_again(name: str) -> ProcessError:
    """Return the error of a stop that a restart followed before it was over."""
    return ProcessError(
        f'{name} was stopped and is started again: a restart was asked for meanwhile; stop it '
        'once more if it is to stay stopped', ResultCode.NOT_STOPPED)
