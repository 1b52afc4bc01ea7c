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
The allow-list in force, read in a child of its own.

Reading follows paths that may hang (a network disk) and text that may be made to
cost (YAML); and its libraries are not needed afterwards. So a forked child reads,
within a bound, and sends the result through a pipe. Until then, and when it fails,
the list before stays in force.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import json
import os
import signal
import sys

from ..allow_list.model import AllowList, Entry, Problem, report
from ..errors import NotAllowed
from .closest import closest
from .kernel.identity import Handle, open_handle
from .kernel.loop import Loop

#: Seconds that reading may take.
TIMEOUT = 20.0


class Rules:
    """
    The allow-list of an instance.

    :param module_paths: folders to add to the module search path for reading.
    :param children: pids of children that are no orphans; the reading child is among them
        while it runs.
    :ivar unread: whether it could not be read for want of time or of something that the host
        is short of, so that it is worth while to try again.
    """

    def __init__(self, loop: Loop, module_paths: list[str], children: set[int]) -> None:
        self._loop = loop
        self._module_paths = module_paths
        self._children = children
        self._waiters: list[Callable[[], object]] = []
        self._again = False
        self._pid = 0
        self._killed: Handle | None = None
        self._read_once = False
        self._data = b''
        self._paths: list[str] = []
        self._base: dict[str, str] = {}
        self.unread = False
        self.current = AllowList()

    def read(self, paths: list[str], base: dict[str, str], then: Callable[[], object]) -> None:
        """
        Read these files and folders, and call `then`.

        :param base: the clean environment, in which packages are looked up.
        """
        self._paths, self._base = paths, base
        self._waiters.append(then)
        if self._pid:
            self._again = True
        else:
            self._fork()

    @property
    def stuck(self) -> bool:
        """
        Say whether one that took too long has not ended yet, though it was killed.

        On a network disk that hangs the kernel may hold it, and would hold each that follows.
        """
        if self._killed is not None and self._killed.gone():
            self._killed.close()
            self._killed = None
        return self._killed is not None

    def when_read(self, then: Callable[[], object]) -> None:
        """Call `then` at once or, before the list was ever read, when it has been."""
        if self._read_once:
            then()
        else:
            self._waiters.append(then)

    def entry(self, cmd: str) -> Entry:
        """
        Return the entry of an id.

        :raises NotAllowed: when there is none.
        """
        entry = self.current.entries.get(cmd)
        if entry is not None:
            return entry
        if not self.current.entries:
            complaints = self.errors()
            if complaints:
                raise NotAllowed('nothing may be started here: no entry of the allow-list can be '
                                 f'used: {complaints[0]}')
            raise NotAllowed('nothing may be started here: the allow-list is empty; name its file '
                             'with the parameter allowable_processes')
        meant = closest(cmd[:200], self.current.entries)
        hint = f'did you mean {meant!r}?' if meant else 'see the list of executables'
        raise NotAllowed(f'no executable {ascii(cmd[:60])} on the allow-list; {hint}')

    def errors(self) -> list[str]:
        """Return every complaint about the files, a line each."""
        return report(self.current)

    def _fork(self) -> None:
        self._again = False
        fds: tuple[int, ...] = ()
        try:
            fds = read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
            before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            try:
                pid = os.fork()
                if pid == 0:
                    _read_in_child(write_fd, self._paths, self._base, self._module_paths)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        except OSError as error:
            for fd in fds:
                os.close(fd)
            self.unread = True
            self._done(f'it can not be read: {error.strerror}; the list before is in force, and '
                       'it is tried again')
            return
        os.close(write_fd)
        os.set_blocking(read_fd, False)
        self._pid, self._data = pid, b''
        self._children.add(pid)
        timer = self._loop.after(TIMEOUT, lambda: self._finish(read_fd, True))

        def on_readable(_: int) -> None:
            try:
                data = os.read(read_fd, 1 << 20)
            except BlockingIOError:
                return
            self._data += data
            if not data:
                timer.cancel()
                self._finish(read_fd, False)

        self._loop.watch(read_fd, on_readable)

    def _finish(self, read_fd: int, late: bool) -> None:
        self._loop.unwatch(read_fd)
        os.close(read_fd)
        if late:
            _kill_child(self._pid)
            if not self.stuck:
                with suppress(OSError):  # out of descriptors
                    self._killed = open_handle(self._pid)
        self._children.discard(self._pid)
        self._pid = 0
        self.unread = late
        complaint = ''
        try:
            self.current = AllowList.from_json(json.loads(self._data))
        except (ValueError, KeyError, TypeError):
            complaint = (f'reading took more than {TIMEOUT:g} s, and is tried again' if late else
                         'reading it failed, see supervisor.log') + '; the list before is in force'
        self._data = b''
        self._done(complaint)

    def _done(self, complaint: str) -> None:
        if complaint:
            problem = Problem(', '.join(self._paths), 0, '', complaint)
            self.current = AllowList(self.current.entries, (problem,), self.current.files)
        if self._again:
            self._fork()
            return
        self._read_once = True
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            self._loop.guarded(waiter)  # what fails for one must not keep the others waiting


def _kill_child(pid: int) -> None:
    """Kill a child, unless it was reaped: its pid may be a stranger's then."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return
    os.kill(pid, signal.SIGKILL)


def _read_in_child(write_fd: int, paths: list[str], base: dict[str, str],
                   module_paths: list[str]) -> None:
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.dup2(write_fd, 3)
        os.closerange(4, os.sysconf('SC_OPEN_MAX'))
        sys.path += module_paths
        from ..allow_list.reading import read_allow_list
        data = json.dumps(read_allow_list(paths, base).to_json()).encode()
        with open(3, 'wb') as file:
            file.write(data)
        os._exit(0)
    except BrokenPipeError:
        pass  # the supervisor has fallen, or waits no longer
    except Exception:  # noqa: BLE001 - the parent says so, this says why
        sys.__excepthook__(*sys.exc_info())
        sys.stderr.flush()
    finally:
        # Whatever happened: the child must not go on as a second supervisor.
        os._exit(1)
