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

"""System calls of Linux that Python's standard library does not have."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import struct

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_CHILD_SUBREAPER = 36

_FALLOC_FL_KEEP_SIZE = 0x01
_FALLOC_FL_PUNCH_HOLE = 0x02

_IN_MODIFY = 0x00000002
_IN_ONESHOT = 0x80000000
_EVENT = struct.Struct('iIII')

# struct pidfd_info of <linux/pidfd.h>, as its first version had it.
_INFO = struct.Struct('=QQ11Ii')
_PIDFD_GET_INFO = (3 << 30) | (_INFO.size << 16) | (0xFF << 8) | 11
_PIDFD_INFO_EXIT = 1 << 3

_PIDFD_SIGNAL_PROCESS_GROUP = 1 << 2


def become_subreaper() -> None:
    """Become the parent of every descendant whose own parent ends (prctl(2))."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'PR_SET_CHILD_SUBREAPER')


def punch_hole(fd: int, start: int, end: int) -> bool:
    """Free the blocks of a part of a file; False where the file system can't."""
    call = _libc.fallocate
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if call(fd, _FALLOC_FL_PUNCH_HOLE | _FALLOC_FL_KEEP_SIZE, start, end - start) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(number, os.strerror(number))


def exit_status_of(pidfd: int) -> int | None:
    """
    Return the wait status of a process that has been reaped, whoever was its parent.

    None where the kernel (before 6.15) does not tell, or when it was not reaped yet.
    """
    request = bytearray(_INFO.pack(_PIDFD_INFO_EXIT, *([0] * 13)))
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, request)
    except OSError:
        return None
    fields = _INFO.unpack(request)
    return fields[-1] if fields[0] & _PIDFD_INFO_EXIT else None


def signal_group(pidfd: int, number: int) -> bool:
    """
    Signal the whole process group that a process leads, also after it was reaped.

    :return: False where the kernel (before 6.9) can't.
    :raises ProcessLookupError: when nobody is left in it.
    """
    try:
        signal.pidfd_send_signal(pidfd, number, None, _PIDFD_SIGNAL_PROCESS_GROUP)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    return True


class Inotify:
    """
    Tells once that a file was written to; watch it again for the next time.

    :raises OSError: when the user has no inotify instance left.
    """

    def __init__(self) -> None:
        self.fd = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), 'inotify_init1')

    def watch(self, path: str) -> int:
        """Watch a file for its next write and return the watch's number."""
        number = _libc.inotify_add_watch(
            self.fd, os.fsencode(path), ctypes.c_uint32(_IN_MODIFY | _IN_ONESHOT))
        if number < 0:
            raise OSError(ctypes.get_errno(), f'inotify_add_watch {path}')
        return int(number)

    def forget(self, number: int) -> None:
        """Stop watching; a watch that has told already is gone by itself."""
        _libc.inotify_rm_watch(self.fd, number)

    def read(self) -> list[int]:
        """Return the numbers of the watches whose file was written to; never waits."""
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return []
        told = []
        start = 0
        while start < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, start)
            start += _EVENT.size + length
            if mask & _IN_MODIFY:
                told.append(number)
        return told
