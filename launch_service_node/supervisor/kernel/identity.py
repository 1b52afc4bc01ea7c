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
Which process a pid means: boot id, pid and start time, held by a pidfd.

A pid alone is a number that the kernel gives to somebody else tomorrow. The
pidfd is opened first and the start time compared after, so what the pidfd
holds is the process that was compared, whatever happens in between.
"""

from __future__ import annotations

import errno
import os
import select
import signal
from typing import NamedTuple

from . import linux

#: Of the kernel's flags of a process: it was forked and has executed nothing since.
_PF_FORKNOEXEC = 0x40


def boot_id() -> str:
    """Return the identity of this boot of the machine."""
    with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
        return file.read().strip()


class Stat(NamedTuple):
    """What /proc/<pid>/stat says; proc_pid_stat(5) has the fields."""

    state: str
    ppid: int
    pgrp: int
    session: int
    start_ticks: int
    executed: bool
    threads: int

    @property
    def alive(self) -> bool:
        """Say whether it is more than a zombie; one whose main thread alone has ended is."""
        return self.state not in 'ZX' or self.threads > 1


def read_stat(pid: int) -> Stat | None:
    """Return what the kernel says of a process, None when there is none."""
    try:
        fd = os.open(f'/proc/{pid}/stat', os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(fd, 1024)
        finally:
            os.close(fd)
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name stands in parentheses and may hold some itself.
    fields = data[data.rindex(b')') + 2:].split()
    return Stat(fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3]),
                int(fields[19]), not int(fields[6]) & _PF_FORKNOEXEC, int(fields[17]))


def kept_by_debugger(pid: int) -> bool:
    """Say whether a process has ended, and whoever traces it does not let it go."""
    try:
        with open(f'/proc/{pid}/status', encoding='utf-8', errors='replace') as file:
            fields = dict(line.split(':\t', 1) for line in file if ':\t' in line)
    except OSError:
        return False
    return fields['State'].startswith('Z') and int(fields['TracerPid']) != 0


class Handle:
    """A process that was told from all others; close it in the end."""

    def __init__(self, pid: int, start_ticks: int, fd: int) -> None:
        self.pid = pid
        self.start_ticks = start_ticks
        self.fd = fd

    def gone(self) -> bool:
        """Say whether it has ended; a zombie that nobody reaps has."""
        poller = select.poll()
        poller.register(self.fd, select.POLLIN)
        return bool(poller.poll(0))

    def send(self, number: int) -> bool:
        """Signal it alone; False when it is gone."""
        try:
            signal.pidfd_send_signal(self.fd, number)
        except ProcessLookupError:
            return False
        return True

    def send_group(self, number: int) -> bool:
        """Signal the group that it leads; False when the kernel can't or nobody is left."""
        try:
            return linux.signal_group(self.fd, number)
        except ProcessLookupError:
            return False

    def close(self) -> None:
        """Let go of it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def open_handle(pid: int, start_ticks: int | None = None) -> Handle | None:
    """
    Return a handle of the process that had this pid and start time, None when it is gone.

    :param start_ticks: field 22 of its stat; None: whoever has the pid now.
    """
    if pid <= 0:
        return None
    try:
        fd = os.pidfd_open(pid)
    except (ProcessLookupError, ValueError, OverflowError):
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None  # it is being reaped right now
        raise
    try:
        stat = read_stat(pid)
    except OSError:
        os.close(fd)
        raise
    if stat is None or (start_ticks is not None and stat.start_ticks != start_ticks):
        os.close(fd)
        return None
    return Handle(pid, stat.start_ticks, fd)
