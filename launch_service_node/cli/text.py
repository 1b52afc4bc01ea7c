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

"""Values as people read them."""

from __future__ import annotations

import signal
from typing import Any

from ..client.records import ALIVE, Record, state_name


def printable(text: str) -> str:
    """Return text in one line that does nothing to a terminal."""
    return ''.join(char if char.isprintable() else char.encode('unicode_escape').decode()
                   for char in text)


def size(number: float) -> str:
    """Return bytes in three digits or so: 512B, 12.3M."""
    for unit in 'BKMGT':
        if number < 1024 or unit == 'T':
            break
        number /= 1024
    return f'{number:.0f}{unit}' if unit == 'B' or number >= 100 else f'{number:.1f}{unit}'


def duration(seconds: float) -> str:
    """Return a time span in its two largest units: 42s, 4m05s, 2h13m, 5d04h."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f'{days}d{hour:02d}h'
    if hours:
        return f'{hours}h{minute:02d}m'
    return f'{minutes}m{second:02d}s' if minutes else f'{second}s'


def count(number: int, one: str, several: str = '') -> str:
    """Return a number of things: `1 file`, `2 files`."""
    return f'{number} {one if number == 1 else several or one + "s"}'


def uptime(process: Record, now_ns: int) -> str:
    """Return how long a process has been alive, or nothing; `now_ns` by its host's clock."""
    if state_name(process['process_status']) not in ALIVE or not process['start_time_ns']:
        return ''
    return duration((now_ns - process['start_time_ns']) / 1e9)


def signal_name(number: int) -> str:
    """Return SIGKILL for 9, and the number for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f'signal {number}'


def exit_status(process: Record) -> str:
    """Return how the last run of a process ended, or nothing when there was none."""
    if not process['exit_known']:
        return ''
    if process['term_signal']:
        return signal_name(process['term_signal'])
    return str(process['exit_code'])


def who(process: Record) -> str:
    """Return which process it is: `lidar (id 3, pid 4711)`."""
    pid = f', pid {process["os_pid"]}' if process['os_pid'] else ''
    return f'{process["process_name"]} (id {process["process_id"]}{pid})'


def describe(process: Record) -> str:
    """Return a process in a few words: `lidar (id 3, pid 4711) is RUNNING`."""
    words = f'{who(process)} is {state_name(process["process_status"])}'
    ended = exit_status(process)
    if ended and not process['os_pid']:
        words += f', {ended}' if process['term_signal'] else f', exit code {ended}'
    return printable(f'{words}: {process["err_msg"]}' if process['err_msg'] else words)


def named(process: dict[str, Any]) -> dict[str, Any]:
    """Return a process with its state by name as well, as --json shows it."""
    return {**process, 'state': state_name(process['process_status'])}
