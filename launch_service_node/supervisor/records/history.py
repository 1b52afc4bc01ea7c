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

"""What the journal means: records, the node's record, uids of the past, and counters."""

from __future__ import annotations

from collections.abc import Iterator
import os
import sys
from typing import Any, TYPE_CHECKING

from ..kernel.loop import Loop, Timer
from .journal import Journal, SCHEMA
from .record import Record
from .uids import Past, past

if TYPE_CHECKING:
    from ..table import Table

#: Seconds between attempts to write down what a full disk did not take.
_MEND_PERIOD = 1.0


class History:
    """
    Writes what changes, and reads it back for the next supervisor.

    What the disk does not take is written as soon as it does, whatever it was.

    Keys of the journal's entries: `m` counters and schema, `p` a process, `d` the id of
    one that is no longer listed, `u` the uid of such a one, `n` the node.

    :ivar instance_id: of the instance whose journal it is; marks carry it.
    :ivar autostarted: the boot in which autostart was done.
    """

    def __init__(self, path: str, table: Table, loop: Loop) -> None:
        self._journal = Journal(path)
        self._table = table
        self._loop = loop
        self._mending: Timer | None = None
        self._node: dict[str, Any] | None = None
        self.instance_id = ''
        self.autostarted = ''
        self._mode = ('run', '')

    @property
    def trouble(self) -> str:
        """One line on why the last write failed; empty when it did not."""
        return self._journal.trouble

    def open(self, instance_id: str) -> tuple[list[Record], Record | None]:
        """
        Return the records of an earlier supervisor, and that of its node.

        :param instance_id: as the settings have it; empty: take that of the journal or,
            where that has none either, a new one.
        :raises OSError: when the journal can't be opened.
        """
        entries, damaged = self._journal.open()
        processes: dict[int, dict[str, Any]] = {}
        for entry in entries:
            try:
                self._replay(entry, processes)
            except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
                damaged += 1
        records = []
        for data in processes.values():
            record = _record(data)
            if record is None:
                damaged += 1
            else:
                records.append(record)
        if damaged:
            print(f'{self._journal.path}: {damaged} damaged entries were left out; processes '
                  'that stood only there are not looked after any more', file=sys.stderr)
        self.instance_id = instance_id or self.instance_id or os.urandom(16).hex()
        # Not rewritten here: the table does not have the processes yet.
        self._write({'m': self._counters()})
        return records, _record(self._node) if self._node else None

    def commit(self, record: Record) -> bool:
        """Write a record; False when the disk does not take it."""
        return self._append({'p': record.to_json()})

    def commit_node(self, record: Record) -> bool:
        """Write the node's record."""
        self._node = record.to_json()
        return self._append({'n': self._node})

    def drop(self, record: Record) -> None:
        """Note that a process is no longer listed."""
        if record.uid:
            self._append({'u': past(record)})
        self._append({'d': record.process_id})

    def set_autostarted(self, boot: str) -> None:
        """Note that autostart was done in a boot."""
        self.autostarted = boot
        self._append({'m': self._counters()})

    def mode(self, boot: str) -> str:
        """Return the mode in which a supervisor has to begin in this boot."""
        mode, of_boot = self._mode
        return mode if of_boot == boot else 'run'

    def set_mode(self, mode: str, boot: str) -> None:
        """Note the mode for the next supervisor of this boot."""
        if mode != self.mode(boot):
            self._mode = (mode, boot)
            self._append({'m': self._counters()})

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _append(self, entry: dict[str, Any]) -> bool:
        written = self._write(entry)
        if self._journal.wants_rewrite():
            self._journal.rewrite(self._everything())
        return written

    def _write(self, entry: dict[str, Any]) -> bool:
        written = self._journal.append(entry)
        if not written and self._mending is None:
            self._mending = self._loop.after(_MEND_PERIOD, self._mend)
        elif written and self._mending is not None:
            # There is room again: nothing that is missing may come after what was told now.
            self._mending.cancel()
            self._mend()
        return written

    def _mend(self) -> None:
        self._mending = None
        if not self._journal.rewrite(self._everything()):
            self._mending = self._loop.after(_MEND_PERIOD, self._mend)

    def _counters(self) -> dict[str, Any]:
        return {'schema': SCHEMA, 'instance_id': self.instance_id,
                'next_id': self._table.next_id,
                'sequence_number': self._table.sequence_number, 'autostarted': self.autostarted,
                'mode': self._mode}

    def _everything(self) -> Iterator[dict[str, Any]]:
        yield {'m': self._counters()}
        for found in self._table.past_uids.all():
            yield {'u': found}
        if self._node:
            yield {'n': self._node}
        for process in self._table:
            yield {'p': process.record.to_json()}

    def _replay(self, entry: dict[str, Any], processes: dict[int, dict[str, Any]]) -> None:
        table = self._table
        if 'm' in entry:
            counters = entry['m']
            table.next_id = max(table.next_id, int(counters.get('next_id', 1)))
            table.sequence_number = max(
                table.sequence_number, int(counters.get('sequence_number', 0)))
            self.instance_id = str(counters.get('instance_id', ''))
            self.autostarted = str(counters.get('autostarted', ''))
            mode, boot = counters.get('mode', self._mode)
            self._mode = (str(mode), str(boot))
        elif 'p' in entry:
            data = entry['p']
            processes[data.get('process_id', 0)] = data
            table.next_id = max(table.next_id, int(data.get('process_id', 0)) + 1)
            table.sequence_number = max(
                table.sequence_number, int(data.get('sequence_number', 0)))
        elif 'd' in entry:
            processes.pop(entry['d'], None)
        elif 'u' in entry:
            table.past_uids.remember(Past(*entry['u']))
        elif 'n' in entry:
            self._node = entry['n']


def _record(data: dict[str, Any]) -> Record | None:
    try:
        return Record.from_json(data)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
