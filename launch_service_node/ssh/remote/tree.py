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

"""Who is below this process, and how to signal them without hitting a stranger."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_CHILD_SUBREAPER = 36


class Stat:
    """What /proc/<pid>/stat says; proc_pid_stat(5) has the fields."""

    def __init__(self, state: str, parent: int, group: int, threads: int, start: int) -> None:
        self.state = state
        self.parent = parent
        self.group = group
        self.threads = threads
        self.start = start

    @property
    def alive(self) -> bool:
        """Say whether it is more than a zombie; one whose main thread alone has ended is."""
        return self.state not in 'ZX' or self.threads > 1


def become_subreaper() -> None:
    """Be the new parent of descendants whose own one ends, so that none gets out of sight."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        pass  # without it, those who leave both group and parent are not found


def read_stat(pid: int) -> Stat | None:
    """Return what the kernel says of a process, None when there is none."""
    try:
        with open(f'/proc/{pid}/stat', 'rb') as file:
            data = file.read()
    except OSError:
        return None
    # The command's name stands in parentheses and may hold some itself.
    fields = data[data.rindex(b')') + 2:].split()
    return Stat(fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[17]),
                int(fields[19]))


def descendants() -> dict[int, Stat]:
    """Return everybody below this process by pid, zombies included."""
    everybody = {}
    children: dict[int, list[int]] = {}
    for name in os.listdir('/proc'):
        stat = read_stat(int(name)) if name.isdigit() else None
        if stat is not None:
            everybody[int(name)] = stat
            children.setdefault(stat.parent, []).append(int(name))
    found, queue = {}, [os.getpid()]
    while queue:
        for pid in children.get(queue.pop(), ()):
            found[pid] = everybody[pid]
            queue.append(pid)
    return found


def living(leader: int) -> list[int]:
    """Return the living descendants; zombies other than the leader are reaped."""
    alive = []
    for pid, stat in descendants().items():
        if stat.alive:
            alive.append(pid)
        elif stat.parent == os.getpid() and pid != leader:
            os.waitpid(pid, os.WNOHANG)
    return sorted(alive)


def reap(leader: int) -> None:
    """Let go of children that have ended and that nobody asks for; the leader is kept."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid == leader:
            return  # behind the leader nobody is seen; `living` sees them all
        os.waitpid(ended.si_pid, 0)


def has_children() -> bool:
    """
    Say whether this process has any child, and so anybody below; those who ended are reaped.

    The kernel's own answer. Whoever forks and ends while /proc is read is not seen there.
    """
    while True:
        try:
            if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG) is None:
                return True
        except ChildProcessError:
            return False


def signal_all(leader: int, number: int) -> None:
    """
    Signal a group that this process's child leads, and the descendants outside of it.

    :param leader: 0: there is none, only descendants.
    """
    if leader:
        signal_group(leader, number)
    for pid, stat in descendants().items():
        if stat.group != leader and stat.alive:
            _signal_one(pid, stat.start, number)


def signal_group(leader: int, number: int) -> None:
    """Signal a group; its leader is this process's child and was not reaped."""
    try:
        os.killpg(leader, number)
    except OSError:
        pass  # nobody left in it; or another user's: who is left is told in the end


def _signal_one(pid: int, start: int, number: int) -> None:
    fd = _open(pid)
    try:
        stat = read_stat(pid)
        if stat is None or stat.start != start:
            return
        if fd >= 0:
            signal.pidfd_send_signal(fd, number)
        else:
            os.kill(pid, number)
    except OSError:
        pass  # as above
    finally:
        if fd >= 0:
            os.close(fd)


def _open(pid: int) -> int:
    """Return a descriptor for a process; -1 before Python 3.9, and where the kernel has none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
