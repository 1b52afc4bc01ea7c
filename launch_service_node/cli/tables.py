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

"""The tables that `list` and `executables` show."""

from __future__ import annotations

from collections.abc import Sequence

from ..client.records import Record, state_name
from .table import Cell, Column, render
from .text import exit_status, printable, size, uptime

PROCESS_COLUMNS = (
    Column('NAMESPACE', least=9), Column('NAME', least=10), Column('ID', right=True),
    Column('STATE'), Column('PID', right=True), Column('CPU%', right=True),
    Column('MEM', right=True), Column('UPTIME', right=True), Column('RESTARTS', right=True),
    Column('EXIT'), Column('ERROR', least=8))

EXECUTABLE_COLUMNS = (
    Column('ID', least=10), Column('USABLE'), Column('RESTART'), Column('AUTOSTART'),
    Column('ARGUMENTS', least=10), Column('COMMAND', least=12), Column('ABOUT', least=8))

GREEN, YELLOW, RED, MAGENTA, DIM = '32', '33', '31', '35', '2'
_COLOURS = {'RUNNING': GREEN, 'STARTING': YELLOW, 'STOPPING': YELLOW, 'BACKOFF': YELLOW,
            'SUSPENDED': YELLOW, 'FAILED': RED, 'UNKNOWN': MAGENTA, 'STOPPED': DIM}


def process_table(rows: Sequence[tuple[str, int, Record]], width: int | None,
                  colour: bool) -> list[str]:
    """Return the lines for processes, each with the namespace and the time of its instance."""
    return render(PROCESS_COLUMNS, [_process_row(*row) for row in rows], width, colour)


def _process_row(namespace: str, now_ns: int, process: Record) -> list[Cell]:
    state = state_name(process['process_status'])
    alive = bool(process['os_pid'])
    return [
        Cell(namespace), Cell(printable(process['process_name'])),
        Cell(str(process['process_id'])), Cell(state, _COLOURS[state]),
        Cell(str(process['os_pid']) if alive else ''),
        Cell(f'{process["processor_load"]:.1f}' if alive else ''),
        Cell(size(process['resident_bytes']) if alive else ''), Cell(uptime(process, now_ns)),
        Cell(str(process['restart_count'])), Cell(exit_status(process)),
        Cell(printable(process['err_msg']), RED)]


def executable_table(executables: Sequence[Record], width: int | None,
                     colour: bool) -> list[str]:
    """Return the lines for the executables of an allow-list."""
    return render(EXECUTABLE_COLUMNS, [_executable_row(item) for item in executables], width,
                  colour)


def _executable_row(item: Record) -> list[Cell]:
    slots = ' '.join(_slot(slot) for slot in item['arguments'])
    about = item['description'] if item['usable'] else item['err_msg']
    return [
        Cell(item['id']), Cell('yes', GREEN) if item['usable'] else Cell('no', RED),
        Cell(item['restart_policy']), Cell('yes' if item['autostart'] else ''),
        Cell(printable(slots)), Cell(printable(item['command'])),
        Cell(printable(about), '' if item['usable'] else RED)]


def _slot(slot: Record) -> str:
    """Return a slot in the notation of usage lines: NAME, [NAME], NAME..."""
    text = slot['name'] + ('...' if slot['repeated'] else '')
    return text if slot['required'] else f'[{text}]'
