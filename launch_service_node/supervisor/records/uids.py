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
The uids of processes that are no longer listed.

Every retried request has to find the process that its first try started, however many
have come and gone since. What is kept lies in arrays of a fixed size: thousands of
small objects that live long, between others that do not, would cost ten times as much.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from ..states import State
from .record import Record

#: How many are remembered; the oldest is forgotten first.
SIZE = 4096


class Past(NamedTuple):
    """
    What is remembered of a process.

    :ivar digest: of the request, to tell two different ones of the same uid apart.
    :ivar outcome: state, exit code and signal, and how far it came, as `past` packs them.
    """

    uid: int
    process_id: int
    digest: int
    outcome: int
    start_time_ns: int

    @property
    def state(self) -> State:
        """Its last state."""
        return State(self.outcome & 0xff)

    @property
    def exit_known(self) -> bool:
        """Whether the next two are known."""
        return bool(self.outcome >> 8 & 1)

    @property
    def executed(self) -> bool:
        """Whether its last run got past exec."""
        return not self.outcome >> 9 & 1

    @property
    def ready(self) -> bool:
        """Whether its last run was ready."""
        return not self.outcome >> 10 & 1

    @property
    def exit_code(self) -> int:
        """Its last exit code."""
        return self.outcome >> 16 & 0xff

    @property
    def term_signal(self) -> int:
        """The signal that ended it; 0: none."""
        return self.outcome >> 24 & 0xff


def past(record: Record) -> Past:
    """Return what is remembered of the process of a record."""
    # What it did not come to: a journal that knows nothing of these bits tells of success.
    outcome = (record.state | record.exit_known << 8 | (not record.executed) << 9
               | (not record.ready_at) << 10 | record.exit_code << 16 | record.term_signal << 24)
    return Past(record.uid, record.process_id, record.digest, outcome, record.start_time_ns)


class PastUids:
    """The last SIZE of them."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._columns = [array('Q', bytes(8 * size)) for _ in Past._fields]
        self._next = 0

    def remember(self, found: Past) -> None:
        """
        Remember one, in place of the oldest.

        :raises OverflowError, TypeError: when a field is no unsigned 64-bit number.
        """
        for column, value in zip(self._columns, found, strict=True):
            column[self._next] = value
        self._next = (self._next + 1) % self._size

    def find(self, uid: int) -> Past | None:
        """Return what is remembered of the process that a uid (not 0) started."""
        try:
            at = self._columns[0].index(uid)
        except ValueError:
            return None
        return self._row(at)

    def all(self) -> Iterator[Past]:
        """Give one after the other, the oldest first."""
        for at in chain(range(self._next, self._size), range(self._next)):
            if self._columns[0][at]:
                yield self._row(at)

    def _row(self, at: int) -> Past:
        return Past(*(column[at] for column in self._columns))
