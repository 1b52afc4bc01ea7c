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
Who belongs to a process: its descendants, its group, and those who left both.

Every process gets a mark that its descendants inherit, and the supervisor is the
new parent of every descendant whose own parent ended. So what is left of a tree
is found among the supervisor's own children, without a look at the rest of the
machine; only after a crash of the supervisor, when they have gone to init, is the
whole of /proc searched for the mark.

The mark is the soft limit RLIMIT_LOCKS. Linux has not enforced that limit since
2.4.25 (getrlimit(2)), but still hands it on through fork and exec, shows it to
everybody in /proc/<pid>/limits, and no program resets it, as many do with their
environment. It stands in the environment too, for people and for hosts where the
hard limit is too low for it.

Whatever a process starts inherits its mark, so also the next supervisor, which a managed
node brings back. That one sheds the mark (supervisor/main.py), and whatever it finds here,
itself and what it has started do not belong to its starter's tree.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
import errno
import os
import zlib

from ...environment import MARK
from .identity import read_stat

#: resource has no name for it.
RLIMIT_LOCKS = 10

_LIMIT = b'Max file locks'

#: Looks at a tree of which each time somebody else has just died.
_LOOKS = 8


def children(pid: int) -> list[int]:
    """Return the children of all threads of a process; empty when it is gone."""
    found: list[int] = []
    try:
        threads = os.listdir(f'/proc/{pid}/task')
    except (FileNotFoundError, ProcessLookupError):
        return found
    for thread in threads:
        try:
            with open(f'/proc/{pid}/task/{thread}/children', 'rb') as file:
                found += map(int, file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def descendants(pid: int) -> list[int]:
    """Return everybody below a process, but not itself, nor this supervisor and whom it has."""
    found: list[int] = []
    queue = children(pid)
    while queue:
        one = queue.pop()
        if one == os.getpid():
            continue
        found.append(one)
        queue += children(one)
    return found


def limit_of_mark(mark: str) -> int:
    """Return the value of RLIMIT_LOCKS that stands for a mark."""
    return 1 << 61 | zlib.crc32(mark.encode()) << 28 | zlib.crc32(mark[::-1].encode()) >> 4


def has_mark(pid: int, mark: str) -> bool:
    """
    Say whether a process has inherited this mark; False when it can't be read.

    :raises OSError: when there is no descriptor to look with.
    """
    try:
        with open(f'/proc/{pid}/limits', 'rb') as file:
            limits = file.read()
        at = limits.index(_LIMIT)
        if limits[at + len(_LIMIT):].split(None, 1)[0] == b'%d' % limit_of_mark(mark):
            return True
        with open(f'/proc/{pid}/environ', 'rb') as file:
            environment = file.read()
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return False
    except ValueError:
        return False
    return f'{MARK}={mark}'.encode() in environment.split(b'\0')


def everywhere(mark: str, strangers: set[int]) -> tuple[list[int], list[int]]:
    """
    Return who has the mark on this machine, but for this one, and who was gone too soon.

    :param strangers: who need not be looked at; whoever has no mark is added.
    """
    found, missed = [], []
    for pid in map(int, filter(str.isdigit, os.listdir('/proc'))):
        if pid == os.getpid() or pid in strangers:
            continue
        if has_mark(pid, mark):
            found.append(pid)
        elif os.path.exists(f'/proc/{pid}'):
            strangers.add(pid)
        else:
            missed.append(pid)
    return found, missed


def members(session: int, leader_alive: bool, mark: str, leaders: Container[int],
            search_everywhere: bool, listed: Iterable[int] = ()) -> dict[int, int]:
    """
    Return the living members of a tree, pid to start time; zombies do not live.

    Who dies while it is looked at may have had a child since its own were listed. So nobody
    is there only when nobody was met but those who were dead before that look began. Of those
    who die and give birth quicker than they can be looked at, the start time is 0.

    :param session: pid of the process that was started: its session and its group.
    :param leader_alive: whether that process still has its pid; a dead one's may be
        a stranger's by now.
    :param leaders: pids of all processes that are started, which are not orphans.
    :param search_everywhere: whether orphans may have gone to another parent.
    :param listed: who is in its cgroup.
    """
    dead: set[int] = set()
    met: set[int] = set()
    # On a busy machine somebody always dies meanwhile: only who is new is looked at once more.
    strangers: set[int] = set()
    for _ in range(_LOOKS):
        met = {*listed}
        missed: list[int] = []
        if leader_alive:
            met.update((session, *descendants(session)))
        orphans = [pid for pid in children(os.getpid()) if pid not in leaders]
        if search_everywhere:
            orphans, missed = everywhere(mark, strangers)
        for pid in orphans:
            if pid not in met and belongs(pid, session, mark):
                met.update((pid, *descendants(pid)))
        met.discard(os.getpid())
        stats = {pid: read_stat(pid) for pid in met}
        alive = {pid: stat.start_ticks for pid, stat in stats.items()
                 if stat is not None and stat.alive}
        if alive or dead.issuperset((*met, *missed)):
            return alive
        dead.update(met, missed)
    return dict.fromkeys(met, 0)


def belongs(pid: int, session: int, mark: str) -> bool:
    """Say whether a process is of this session or group, or has this mark."""
    stat = read_stat(pid)
    if stat is None:
        return False
    return session in (stat.session, stat.pgrp) or has_mark(pid, mark)
