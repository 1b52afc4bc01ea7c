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
Starts a process in two steps, so that it never runs without having been recorded.

The child is forked, sets itself up and waits on a pipe. Only when the parent
has written its pid into the journal does it say go; if the parent dies before,
the child reads the end of the pipe and leaves without having run anything.
Exec is awaited through a second pipe, by the loop and not by a blocking call:
an executable that is slow to load (a network disk) stalls nobody else. That is
also why this is fork and not subprocess, which waits for exec inside the call.
The supervisor has one thread, which makes running Python in the child safe.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
from typing import NamedTuple

from ...allow_list.checking import file_id, FileId
from .identity import read_stat
from .restricting import restrict
from .tree import RLIMIT_LOCKS

#: Exit code of a child that was never told to go; no program ran.
NEVER_STARTED = 125

#: Signals that the supervisor has handlers for.
HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)

_GO = b'g'
_GO_FD = 3
_ERROR_FD = 4
_HIGH_FD = 10


class Replaced(Exception):
    """A file is not the one that was checked."""


class Account(NamedTuple):
    """The user that a process runs as."""

    uid: int
    gid: int
    groups: tuple[int, ...]


class Plan(NamedTuple):
    """
    All that a child needs to know to become the process.

    :ivar rlimits: (RLIMIT_*, soft, hard) to set.
    :ivar nice: None: that of the supervisor.
    :ivar account: None: the same user.
    :ivar more_processes: processes and threads that its user may have besides those of others;
        None: as many as ever.
    :ivar cgroup: folder of the cgroup to enter; empty: none.
    :ivar limits: which limits are in force then, for people.
    :ivar checked: files that have to be the same still, right before exec.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    cwd: str
    output_path: str
    rlimits: tuple[tuple[int, int, int], ...] = ()
    nice: int | None = None
    account: Account | None = None
    more_processes: int | None = None
    cgroup: str = ''
    limits: tuple[str, ...] = ()
    checked: tuple[FileId, ...] = ()


class Spawned:
    """A child that waits to be told to go."""

    def __init__(self, pid: int, go_fd: int, error_fd: int) -> None:
        self.pid = pid
        self.error_fd = error_fd
        self._go_fd = go_fd

    def go(self) -> None:
        """Let it run."""
        try:
            os.write(self._go_fd, _GO)
        except BrokenPipeError:
            pass  # it was killed before; its exit tells
        self.give_up()

    def give_up(self) -> None:
        """Without `go` before: let it leave without having run anything."""
        if self._go_fd >= 0:
            os.close(self._go_fd)
            self._go_fd = -1

    def abandon(self) -> None:
        """Let it leave, and do not ask how that went."""
        self.give_up()
        os.close(self.error_fd)

    def failure(self) -> str | None:
        """
        Return why exec failed in one line, '' when it succeeded, None when it is not known yet.

        To be called when `error_fd` is readable; the caller closes that afterwards.
        """
        try:
            # It may have been cut inside a character.
            return os.read(self.error_fd, 512).decode(errors='replace')
        except BlockingIOError:
            return None

    def executed(self) -> bool:
        """
        Say whether it has become its program, now that no reason came why not.

        To be called before it is reaped. A child that was killed before exec says nothing
        either, and may not even be a zombie yet when its end of the pipe is closed.
        """
        try:
            stat = read_stat(self.pid)
        except OSError:
            return True  # what /proc does not show has become another user, by exec
        return stat is None or stat.executed


def spawn(plan: Plan) -> Spawned:
    """
    Fork a child that waits to be told to go.

    :raises OSError: when the host has no process, descriptor or memory to give, or the
        output file can't be opened.
    """
    fds: list[int] = []
    try:
        output = os.open(plan.output_path,
                         os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fds.append(output)
        go_read, go_write = os.pipe2(os.O_CLOEXEC)
        fds += [go_read, go_write]
        error_read, error_write = os.pipe2(os.O_CLOEXEC)
        fds += [error_read, error_write]
        os.set_blocking(error_read, False)
        # A signal between fork and the reset of the handlers would run the
        # supervisor's own handlers in the child.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        # From its first moment the child has its mark, also when its parent has not.
        unmarked = resource.getrlimit(RLIMIT_LOCKS)
        _set_mark(plan.rlimits)
        try:
            pid = os.fork()
            if pid == 0:
                _become(plan, output, go_read, error_write)
        finally:
            resource.setrlimit(RLIMIT_LOCKS, unmarked)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except OSError:
        for fd in fds:
            os.close(fd)
        raise
    for fd in (output, go_read, error_write):
        os.close(fd)
    return Spawned(pid, go_write, error_read)


def _set_mark(rlimits: tuple[tuple[int, int, int], ...]) -> None:
    for which, soft, hard in rlimits:
        if which == RLIMIT_LOCKS:
            resource.setrlimit(which, (soft, hard))


def _become(plan: Plan, output: int, go_read: int, error_write: int) -> None:
    """Turn the child into the process; never returns."""
    code = 127
    tell = error_write
    try:
        stage = 'set up'
        try:
            _arrange_descriptors(output, go_read, error_write)
            tell = _ERROR_FD
            _reset_signals()
            os.setsid()
            if os.read(_GO_FD, 1) != _GO:
                os._exit(NEVER_STARTED)
            os.close(_GO_FD)
            for step in restrict(plan):
                stage = step
            stage = f'enter the working directory {plan.cwd}'
            os.chdir(plan.cwd)
            stage = f'execute {plan.argv[0]}'
            for checked in plan.checked:
                if file_id(checked.path) != checked:
                    raise Replaced(checked.path)
            os.execve(plan.argv[0], plan.argv, plan.environment)
        except MemoryError:
            os.write(tell, b'its memory limit is too small to execute anything')
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            os.write(tell, explain(stage, plan.argv[0], error).encode(errors='replace')[:500])
    finally:
        # Whatever happened: the child must not go on as a second supervisor.
        os._exit(code)


def _arrange_descriptors(output: int, go_read: int, error_write: int) -> None:
    import fcntl
    # The lock, sockets and pidfds of the supervisor: none may live on in a child. They go
    # first, so that there is room also when the supervisor has run out of descriptors.
    last = _ERROR_FD
    for kept in (*sorted({output, go_read, error_write} - set(range(last + 1))),
                 os.sysconf('SC_OPEN_MAX')):
        os.closerange(last + 1, kept)
        last = kept
    null = os.open('/dev/null', os.O_RDONLY)
    # Out of the way: any of them may have a number that is a target.
    output, go_read, error_write = (
        fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH_FD) for fd in (output, go_read, error_write))
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(go_read, _GO_FD, inheritable=False)
    os.dup2(error_write, _ERROR_FD, inheritable=False)
    os.closerange(_ERROR_FD + 1, os.sysconf('SC_OPEN_MAX'))


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    # Python ignores SIGPIPE and SIGXFSZ, and ignored signals stay so through exec.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGQUIT,
                   signal.SIGPIPE, signal.SIGXFSZ, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def explain(stage: str, executable: str, error: Exception) -> str:
    """Say in one line why a child could not do a stage, and what to do."""
    if isinstance(error, Replaced):
        return (f'{error} was replaced after it had been checked, and before it was executed; '
                'start it again')
    number = getattr(error, 'errno', 0)
    why = os.strerror(number) if number else str(error) or type(error).__name__
    advice = {
        errno.ENOENT: 'it or the interpreter in its first line does not exist',
        errno.EACCES: f'make it executable: chmod +x {executable}',
        errno.ENOEXEC: 'it is no program of this machine, and has no #! line',
        errno.ETXTBSY: 'it is being written to; try again when that has ended',
    }.get(number, '') if stage.startswith('execute') else ''
    return f'cannot {stage}: {why}' + (f' ({advice})' if advice else '')
