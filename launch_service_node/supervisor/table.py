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

"""The processes of an instance by id, by name, and by the uid of the request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import fnmatch
import re

from ..errors import InvalidRequest, ResultCode
from .closest import closest
from .process import Process
from .records.uids import Past, past, PastUids
from .states import ALIVE, ENDED, State

_GLOB = re.compile(r'[*?[]')


def matcher(glob: str) -> Callable[[str], object]:
    """
    Return what says whether a text matches a glob.

    `fnmatch.fnmatch` would keep every glob that it was ever asked for, up to 32768.
    """
    return re.compile(fnmatch.translate(glob)).match


class Table:
    """
    All processes that are listed.

    A name is unique: a new process of a name takes the place of one that has ended.
    """

    def __init__(self) -> None:
        self.next_id = 1
        self.sequence_number = 0
        self._by_id: dict[int, Process] = {}
        self._by_name: dict[str, Process] = {}
        self._by_uid: dict[int, Process] = {}
        self.past_uids = PastUids()

    def __iter__(self) -> Iterator[Process]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, process: Process) -> None:
        """List a process; its name must be free."""
        record = process.record
        self._by_id[record.process_id] = process
        self._by_name[record.name] = process
        if record.uid:
            self._by_uid[record.uid] = process
        self.next_id = max(self.next_id, record.process_id + 1)

    def remove(self, process: Process) -> None:
        """List it no longer; its uid is remembered."""
        record = process.record
        del self._by_id[record.process_id]
        if self._by_name.get(record.name) is process:
            del self._by_name[record.name]
        if record.uid:
            self._by_uid.pop(record.uid, None)
            self.past_uids.remember(past(record))

    def of_uid(self, uid: int) -> Process | Past | None:
        """Return the process that a uid started, or what is remembered of it."""
        return self._by_uid.get(uid) or self.past_uids.find(uid)

    def named(self, name: str) -> Process | None:
        """Return the process of a name."""
        return self._by_name.get(name)

    def free_name(self, wanted: str) -> str:
        """Return the name, or the name with the first number that nobody alive has."""
        name, number = wanted, 1
        while (process := self._by_name.get(name)) is not None and process.state not in ENDED:
            number += 1
            name = f'{wanted}_{number}'
        return name

    def one(self, process_id: int, name: str) -> Process:
        """
        Return the process of an id or, without one, of a name.

        :raises InvalidRequest: when there is none, or neither was given.
        """
        if process_id:
            process = self._by_id.get(process_id)
            if process is not None and (not name or process.record.name == name):
                return process
            raise InvalidRequest(f'no process with id {process_id}' + (
                f' and name {name!r}' if process is not None else ''), ResultCode.NOT_FOUND)
        if not name:
            raise InvalidRequest('give the name or the id of a process')
        process = self._by_name.get(name)
        if process is None:
            raise InvalidRequest(f'no process named {name!r}{self._did_you_mean(name)}',
                                 ResultCode.NOT_FOUND)
        return process

    def select(self, process_id: int = 0, name: str = '', launch_id: str = '') -> list[Process]:
        """Return the processes that match all that is given, by id; a name may be a glob."""
        return [process for process in self._candidates(name)
                if (not process_id or process.record.process_id == process_id)
                and (not launch_id or process.record.launch_id == launch_id)]

    def _candidates(self, name: str) -> list[Process]:
        if name and not _GLOB.search(name):
            process = self._by_name.get(name)
            return [] if process is None else [process]
        matches = matcher(name or '*')
        return [process for _, process in sorted(self._by_id.items())
                if matches(process.record.name)]

    def some(self, process_id: int, name: str, launch_id: str) -> list[Process]:
        """
        Return the processes that a request means; see `select`.

        :raises InvalidRequest: when there is none, or nothing was given.
        """
        if not (process_id or name or launch_id):
            raise InvalidRequest("say which process: by id, name or launch id; the name '*' "
                                 'means all')
        found = self.select(process_id, name, launch_id)
        if not found:
            what = ', '.join(filter(None, (
                f'id {process_id}' if process_id else '', f'name {name!r}' if name else '',
                f'launch id {launch_id!r}' if launch_id else '')))
            hint = self._did_you_mean(name) if name and not process_id else ''
            raise InvalidRequest(f'no process with {what}{hint}', ResultCode.NOT_FOUND)
        return found

    def outdated(self, keep: int) -> list[Process]:
        """Return the ended processes beyond the `keep` that ended last."""
        ended = sorted((process for process in self._by_id.values() if process.state in ENDED),
                       key=lambda process: process.record.sequence_number)
        return ended[:max(0, len(ended) - keep)]

    def counts(self) -> dict[str, int]:
        """Return how many are alive, failed, and waiting to be restarted."""
        states = [process.state for process in self._by_id.values()]
        return {'num_procs': sum(state in ALIVE for state in states),
                'num_failed': states.count(State.FAILED),
                'num_restarting': states.count(State.BACKOFF)}

    def _did_you_mean(self, name: str) -> str:
        meant = closest(name, self._by_name)
        return f'; did you mean {meant!r}?' if meant else '; see the list of processes'
