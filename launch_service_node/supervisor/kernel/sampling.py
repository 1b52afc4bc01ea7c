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
Measures processes and the host, cheaply enough to do it every second.

The stat file of each member of a tree stays open and is read in place: a tenth
of the cost of opening it again; but only as long as enough descriptors are left
for all else. Who is in a tree is looked up afresh only when the machine has
forked since, and at most every TREE_PERIOD seconds.
"""

from __future__ import annotations

from collections.abc import Callable
import errno
import os
import resource
from typing import ClassVar, NamedTuple

from . import tree

#: Seconds between two looks at who is in a tree.
TREE_PERIOD = 5.0

#: Part of the descriptors that the files of all samplers together may take.
_SHARE = 4

_TICKS = os.sysconf('SC_CLK_TCK')
_PAGE = os.sysconf('SC_PAGE_SIZE')


class Measurement(NamedTuple):
    """
    What one measurement found.

    :ivar load: percent of one core since the measurement before.
    :ivar resident: bytes.
    :ivar num_procs: processes in the tree.
    :ivar stopped: whether the leader is stopped by a signal.
    """

    load: float
    resident: int
    num_procs: int
    stopped: bool


class HostSampler:
    """Load and memory of the machine."""

    def __init__(self) -> None:
        self._stat = os.open('/proc/stat', os.O_RDONLY | os.O_CLOEXEC)
        self._memory = os.open('/proc/meminfo', os.O_RDONLY | os.O_CLOEXEC)
        self._busy = 0
        self._all = 0
        self.forks = 0
        self.load = 0.0
        self.memory = 0.0
        self.total_memory = 1
        self.measure()

    def measure(self) -> None:
        """Bring `load` (percent of all cores, since the last call) and `memory` up to date."""
        data = os.pread(self._stat, 65536, 0)
        fields = [int(field) for field in data[:data.index(b'\n')].split()[1:9]]
        every, idle = sum(fields), fields[3] + fields[4]
        if every > self._all:
            self.load = 100.0 * (every - idle - self._busy) / (every - self._all)
        self._all, self._busy = every, every - idle
        at = data.find(b'\nprocesses ')
        self.forks = int(data[at + 11:data.index(b'\n', at + 11)]) if at >= 0 else self.forks + 1
        memory = os.pread(self._memory, 256, 0).split()
        self.total_memory = int(memory[1]) * 1024
        available = int(memory[7]) * 1024
        self.memory = 100.0 * (1.0 - available / self.total_memory)


class TreeSampler:
    """
    Load and memory of a process with all its descendants.

    :param orphans: returns those of its descendants whose own parent has ended.
    :cvar num_open: files that all samplers keep open.
    """

    num_open: ClassVar[int] = 0

    def __init__(self, leader: int, orphans: Callable[[], list[int]]) -> None:
        self._leader = leader
        self._orphans = orphans
        self._files: dict[int, int] = {}
        self._ticks: dict[int, int] = {}
        self._at = 0.0
        self._forks = -1
        self._tree_at = -TREE_PERIOD
        self.members: list[int] = []

    def measure(self, now: float, forks: int) -> Measurement | None:
        """
        Measure; None when the leader is gone.

        :param now: monotonic seconds.
        :param forks: how often the machine has forked since it booted.
        """
        if forks != self._forks and now - self._tree_at >= TREE_PERIOD:
            members = tree.descendants(self._leader)
            for pid in self._orphans():
                members += (pid, *tree.descendants(pid))
            self._forks, self._tree_at, self.members = forks, now, members
        used = resident = count = 0
        stopped = False
        for pid in (self._leader, *self.members):
            fields = self._read(pid)
            if fields is None or (fields[0] in b'ZX' and int(fields[17]) < 2):
                self._forget(pid)
                if pid == self._leader:
                    return None
                continue
            ticks = int(fields[11]) + int(fields[12])
            # A member that is new has used all of its time since the last look.
            used += ticks - self._ticks.get(pid, ticks if self._at == 0.0 else 0)
            self._ticks[pid] = ticks
            resident += int(fields[21]) * _PAGE
            count += 1
            if pid == self._leader:
                stopped = fields[0] in b'Tt'
        if len(self._ticks) != count:  # somebody has left the tree
            for pid in self._ticks.keys() - {self._leader, *self.members}:
                self._forget(pid)
        passed = now - self._at
        load = 100.0 * max(0, used) / _TICKS / passed if self._at and passed > 0 else 0.0
        self._at = now
        return Measurement(load, resident, count, stopped)

    def close(self) -> None:
        """Close the files; it can be used again."""
        for pid in tuple(self._ticks.keys() | self._files.keys()):
            self._forget(pid)

    def _read(self, pid: int) -> list[bytes] | None:
        fd = self._files.get(pid)
        try:
            data = os.pread(fd, 1024, 0) if fd is not None else self._read_new(pid)
        except (FileNotFoundError, ProcessLookupError):
            return None
        return data[data.rindex(b')') + 2:].split(None, 22)

    def _read_new(self, pid: int) -> bytes:
        try:
            fd = os.open(f'/proc/{pid}/stat', os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                for other in tuple(self._files):
                    self._close(other)
            raise
        if TreeSampler.num_open < resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE:
            self._files[pid] = fd
            TreeSampler.num_open += 1
            return os.pread(fd, 1024, 0)
        try:
            return os.read(fd, 1024)
        finally:
            os.close(fd)

    def _forget(self, pid: int) -> None:
        self._ticks.pop(pid, None)
        self._close(pid)

    def _close(self, pid: int) -> None:
        fd = self._files.pop(pid, None)
        if fd is not None:
            os.close(fd)
            TreeSampler.num_open -= 1
