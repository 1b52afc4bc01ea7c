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
Forks and executes, without waiting for it.

Not subprocess: that can't give a child a controlling terminal, and waits for exec
inside the call. The watchdog has one thread, which makes running Python in the child
safe.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import struct
import termios

#: Exit code of a child that could not execute.
NEVER_EXECUTED = 127


def encode(text: str) -> bytes:
    """Return the bytes of a file name or an argument, whatever the locale is."""
    return text.encode('utf-8', 'surrogateescape')


def decode(name: bytes) -> str:
    """Return the text whose bytes these are."""
    return name.decode('utf-8', 'surrogateescape')


def open_terminal(size: tuple[int, int]) -> tuple[int, int]:
    """Return both ends of a new terminal, ours first."""
    ours, theirs = os.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack('HHHH', size[0], size[1], 0, 0))
    return ours, theirs


def spawn(argv: list[str], env: dict[bytes, bytes], cwd: str | None, fds: tuple[int, ...],
          terminal: bool) -> tuple[int, int]:
    """
    Return the pid of a new child, and a descriptor that tells what went wrong, or ends.

    :param terminal: whether the first of the descriptors is to control it.
    :raises OSError: there can be no further process.
    """
    read_fd, write_fd = os.pipe()
    pid = -1
    # What is signalled before it executes waits for that: our handlers would swallow it.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
    except OSError:
        os.close(read_fd)
        os.close(write_fd)
        raise
    finally:
        if pid:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if pid:
        os.close(write_fd)
        os.set_blocking(read_fd, False)
        return pid, read_fd
    kind = 'exec'
    try:
        os.setsid()
        if terminal:
            fcntl.ioctl(fds[0], termios.TIOCSCTTY, 0)
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
        _reset_signals()
        if cwd:
            kind = 'folder'
            os.chdir(encode(cwd))
            kind = 'exec'
        os.execvpe(encode(argv[0]), [encode(one) for one in argv], env)
    except OSError as error:
        number = error.errno or 0
        if number == errno.ENOENT and kind == 'exec' and '/' in argv[0] \
                and os.path.exists(encode(argv[0])):
            kind = 'interpreter'  # the file is there; what its first line names is not
        os.write(write_fd, json.dumps({'kind': kind, 'errno': number}).encode())
    finally:
        os._exit(NEVER_EXECUTED)


def _reset_signals() -> None:
    # What is ignored or blocked stays so through exec.
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # the C library keeps it for itself
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
