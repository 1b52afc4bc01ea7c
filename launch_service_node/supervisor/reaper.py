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
Signals and ends: who has ended, and who is told.

The supervisor is the parent of every process that it started and, as a subreaper,
of every orphan below. All are looked at with waitid() without being reaped, so
that nobody's status is taken by mistake, and then reaped one by one by pid.
"""

from __future__ import annotations

from collections.abc import Callable
import os
import signal

from .kernel import linux
from .kernel.loop import Loop
from .kernel.spawn import HANDLED
from .process import Process

#: Seconds to wait until whoever is the parent of an adopted process reaps it.
REAP_TIMEOUT = 1.0


class Reaper:
    """
    Tells processes that they have ended, and reaps orphans.

    :param on_signal: called with the number of each signal but SIGCHLD.
    :ivar leaders: pids of the processes that are registered.
    :ivar helpers: pids of other children that are no orphans either.
    """

    def __init__(self, loop: Loop, on_signal: Callable[[int], object]) -> None:
        self._loop = loop
        self._on_signal = on_signal
        self._by_pid: dict[int, Process] = {}
        self.helpers: set[int] = set()
        # A pipe takes 65536 numbers of signals, a socket 278: fewer than may end at once, and
        # what it does not take is lost.
        self._read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, _noted)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        loop.watch(self._read, self._on_wakeup)

    @property
    def leaders(self) -> set[int]:
        """Tell leaders and helpers from orphans."""
        return self._by_pid.keys() | self.helpers

    def register(self, process: Process) -> None:
        """Tell a process when what it runs as has ended."""
        if process.adopted:
            self._watch_adopted(process)
        else:
            self._by_pid[process.record.pid] = process

    def _on_wakeup(self, _: int) -> None:
        numbers = set(os.read(self._read, 65536))
        for number in numbers - {signal.SIGCHLD}:
            self._on_signal(number)
        if signal.SIGCHLD in numbers:
            self._note_stops()
            self._note_ends()

    def _note_stops(self) -> None:
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WSTOPPED | os.WCONTINUED | os.WNOHANG)
            except ChildProcessError:
                return
            if found is None:
                return
            process = self._by_pid.get(found.si_pid)
            if process is not None:
                process.note_suspended(found.si_code == os.CLD_STOPPED)

    def _note_ends(self) -> None:
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            # What fails for one must not keep the others from being told.
            process = self._by_pid.get(found.si_pid)
            if process is not None:
                self._loop.guarded(process.ending)
            _, status = os.waitpid(found.si_pid, 0)
            process = self._by_pid.pop(found.si_pid, None)
            if process is not None:
                self._loop.guarded(process.exited, status)

    def _watch_adopted(self, process: Process) -> None:
        """Its parent is somebody else: only the pidfd tells, and newer kernels how it ended."""
        handle = process.handle
        assert handle is not None
        fd = handle.fd
        deadline = 0.0

        def on_end(events: int) -> None:
            nonlocal deadline
            deadline = deadline or self._loop.now() + REAP_TIMEOUT
            status = linux.exit_status_of(fd)
            if status is None and not events & Loop.HANG_UP and self._loop.now() < deadline:
                # Ended but not reaped: its status comes with EPOLLHUP, when it is.
                self._loop.unwatch(fd)
                self._loop.after(0.02, again)
                return
            self._loop.unwatch(fd)
            process.exited(status)

        def again() -> None:
            if process.handle is handle and handle.fd == fd:
                self._loop.watch(fd, on_end)

        self._loop.watch(fd, on_end)


def _noted(number: int, frame: object) -> None:
    """Take a signal: the wakeup descriptor has told the loop."""
