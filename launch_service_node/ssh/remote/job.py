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
One command: its set-up, its start, and the end of it and of everybody below.

It stays a zombie till all below it are gone, so its pid, which names its group, is
nobody else's.
"""

from __future__ import annotations

import json
import os
import select
import time

from .finding import NotThere
from .folder import Folder
from .frames import BLOCK, ERR, EXIT, FAILED, Link, OUT, STARTED
from .ladder import Ladder, LAST_WAIT
from .places import fill_in
from .sourcing import as_path, environment_in, is_missing, script_for
from .spawning import encode, open_terminal, spawn
from .streams import Streams
from .tree import has_children, living, reap, signal_group

TYPE_CHECKING = False  # typing takes longer to load than all the rest
if TYPE_CHECKING:
    from typing import Any

#: Seconds between two looks at who is left.
STEP = 0.05


class Job:
    """
    A command and everything below it.

    :param order: what the other side asked for; see `sending.py`.
    :ivar streams: its output and input.
    :ivar done: all is over, and told.
    """

    def __init__(self, link: Link, order: dict[str, Any]) -> None:
        self.streams = Streams(link)
        self.done = False
        self._link = link
        self._order = order
        self._ladder = Ladder()
        self._folder = Folder()
        self._main = 0
        self._leader = 0  # the same, until it is reaped: its group is signalled by it
        self._status: Any = None
        self._setting_up = False
        self._why = ''
        self._exec_fd = -1
        self._error: dict[str, Any] | None = None
        self._failure: dict[str, Any] | None = None
        self._looked = 0.0
        self._settled = False

    @property
    def patience(self) -> float | None:
        """Seconds until it is to be looked at, whatever happens; None: only if it does."""
        if self._status is not None and self.streams.awaited:
            return 0.0
        return STEP if self._ladder.sent or self._status is not None else None

    def start(self) -> None:
        """Source the set-up scripts if there are any, then run the command."""
        setup = [as_path(script) for script in self._order['setup']]
        for path in setup:
            if is_missing(path):
                self._fail(kind='setup', name=path)
                return
        if not setup:
            self._run(dict(os.environb))
            return
        self._setting_up = True
        fds = (os.open(os.devnull, os.O_RDONLY), self.streams.pipe(None), self.streams.pipe(ERR))
        self._launch([self._order['shell'], '-c', script_for(setup)], dict(os.environb), None,
                     fds, False)

    def close(self) -> None:
        """Remove what was sent along with it."""
        self._folder.remove()

    def register(self, poll: select.poll) -> None:
        """Say what is waited for."""
        if self._exec_fd >= 0:
            poll.register(self._exec_fd, select.POLLIN)
        self.streams.register(poll)

    def handle(self, events: dict[int, int]) -> None:
        """Take what has come."""
        if self._exec_fd in events:
            self._executed()
        self.streams.handle(events)

    def signal(self, number: int) -> None:
        """Signal the command's group."""
        if self._leader and not self._setting_up:
            signal_group(self._leader, number)

    def stop(self, why: str, rungs: list[tuple[int, float]] | None = None) -> None:
        """
        Begin the ladder, or another one, or take its next rung at once.

        :param why: told in the end; the first reason counts.
        :param rungs: None: those of the order.
        """
        self._why = self._why or why
        if not self._main and self._failure is None:
            self.done = True
            return
        if rungs is not None or not self._ladder.sent:
            self._ladder.set_up(self._order['ladder'] if rungs is None else rungs)
        self._ladder.climb(self._leader, time.monotonic())

    def give_up(self, why: str) -> None:
        """Begin the ladder, unless it was begun."""
        if not self._ladder.sent:
            self.stop(why)

    def watch(self, now: float) -> None:
        """See who is left, and do what is due."""
        if self.done or not (self._main or self._failure):
            return
        reap(self._leader)
        if self._main and self._status is None:
            self._status = os.waitid(os.P_PID, self._main,
                                     os.WEXITED | os.WNOHANG | os.WNOWAIT)
            # Its last words may have come since its output was looked at.
            self.streams.quiet = False
            if self._status is not None:
                self._looked, self._settled = now, False
            elif not self._ladder.sent:
                return
        settled = (self._status is not None and self._exec_fd < 0
                   and self.streams.settled)
        if now - self._looked < STEP / 2 and (self._settled or not settled):
            return  # looking at everybody costs more than a block of output
        self._looked, self._settled = now, settled
        alive = living(self._leader)
        if self._failure is not None:
            over = self._alone(alive, now)
        elif self._status is not None:
            over = self._over(alive, now)
        else:
            over = self._ladder.ended(now)  # nothing ends it: another user's, say
        if over:
            self._finish()
        else:
            self._ladder.go_on(self._leader, now)

    def _over(self, alive: list[int], now: float) -> bool:
        # The command itself has ended.
        if self._exec_fd >= 0:
            return False
        if not self._why and (self._setting_up or self._order['rest'] == 'leave'):
            return self.streams.settled
        if not self._alone(alive, now):
            return False
        if alive or not self.streams.open or self._link.deaf:
            return True
        # Somebody outside may hold the other end; nobody inside does.
        self._ladder.deadline = self._ladder.deadline or now + LAST_WAIT
        return self.streams.quiet and now >= self._ladder.deadline

    def _alone(self, alive: list[int], now: float) -> bool:
        """Say whether nobody is below this process, or nothing more can be done about it."""
        if not alive:
            self._let_go()
            if not has_children():
                return True
        if not self._ladder.sent:
            self.stop('')
        return self._ladder.ended(now)

    def _let_go(self) -> None:
        """Let somebody else have the pid of the command, which has ended."""
        if self._leader:
            os.waitpid(self._leader, 0)
            self._leader = 0

    def _finish(self) -> None:
        if self._failure is not None:
            self._tell_failure()
            return
        status, self._status = self._status, None
        if status is not None:
            self._let_go()
        self._main = 0
        self.streams.close()
        if self._error is not None:
            self._fail(**self._error)
        elif self._setting_up and not self._why:
            self._setting_up = False
            self._sourced(status)
        else:
            code, number = _end_of(status)
            self.close()
            asked = self._why or self._order['rest'] != 'leave'
            left = living(self._leader) if asked and has_children() else []
            self._link.say(EXIT, code=code, signal=number, why=self._why, left=left)
            self.done = True

    def _sourced(self, status: Any) -> None:
        env = environment_in(bytes(self.streams.kept))
        if status.si_code != os.CLD_EXITED or status.si_status or not env:
            self._fail(kind='sourcing', name=self._order['setup'][-1], status=status.si_status)
            return
        self._run(env)

    def _run(self, env: dict[bytes, bytes]) -> None:
        order = self._order
        env.update((encode(key), encode(value)) for key, value in order['env'].items())
        if order['cwd']:
            env.pop(b'PWD', None)
        try:
            order['argv'] = fill_in(order, env, self._folder)
        except NotThere as error:
            self._fail(**error.facts)
            return
        fds: tuple[int, ...]
        if order['pty']:
            ours, theirs = open_terminal(order['pty'])
            self.streams.add(ours, OUT)
            self.streams.input_to(ours)
            fds = (theirs, theirs, theirs)
        else:
            if order['stdin']:
                theirs, ours = os.pipe()
            else:
                theirs, ours = os.open(os.devnull, os.O_RDONLY), -1
            self.streams.input_to(ours)
            fds = (theirs, self.streams.pipe(OUT), self.streams.pipe(ERR))
        self._launch(order['argv'], env, order['cwd'], fds, bool(order['pty']))

    def _launch(self, argv: list[str], env: dict[bytes, bytes], cwd: str | None,
                fds: tuple[int, ...], terminal: bool) -> None:
        try:
            self._main, self._exec_fd = spawn(argv, env, cwd, fds, terminal)
            self._leader = self._main
        except OSError as error:
            self._fail(kind='exec', name=argv[0], text=os.strerror(error.errno or 0))
        for fd in set(fds):
            os.close(fd)

    def _executed(self) -> None:
        data = os.read(self._exec_fd, BLOCK)
        os.close(self._exec_fd)
        self._exec_fd = -1
        if data:
            told = json.loads(data)
            name = self._order['shell'] if self._setting_up else self._order['argv'][0]
            kind = 'interpreter' if self._setting_up else told['kind']
            self._error = {'kind': kind, 'text': os.strerror(told['errno']),
                           'name': self._order['cwd'] if kind == 'folder' else name}
        elif not self._setting_up:
            self._link.say(STARTED, pid=self._main)

    def _fail(self, **facts: Any) -> None:
        """End what a set-up script may have left running, then tell, unless it is to stay."""
        self.close()
        self._failure = facts
        if self._order['rest'] == 'leave' or not has_children():
            self._tell_failure()
        elif not self._ladder.sent:
            self.stop('')

    def _tell_failure(self) -> None:
        self._link.say(FAILED, **(self._failure or {}))
        self.done = True


def _end_of(status: Any) -> tuple[int | None, int | None]:
    """Return an exit status and a signal; neither: it has not ended."""
    if status is None:
        return None, None
    exited = status.si_code == os.CLD_EXITED
    return (status.si_status, None) if exited else (None, status.si_status)
