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
Runs one command, and ends it when nobody is there any more.

One thread, no call that blocks: pings and signals are read also while output is stuck,
and output is not read while nobody takes it, so that nothing is lost and memory stays
small. The end of stdin, or silence for longer than agreed, starts the ladder: SIGINT,
SIGTERM, SIGKILL to everybody below. The command stays a zombie till all are gone, so
its pid, which names its group, is nobody else's.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from typing import Any

from .frames import (
    BLOCK,
    ERR,
    EXIT,
    FAILED,
    hello,
    INPUT,
    INPUT_END,
    Link,
    OUT,
    PING,
    PONG,
    SIGNAL,
    START,
    STARTED,
    STOP,
)
from .spawning import encode, open_terminal, spawn
from .streams import Streams
from .tree import become_subreaper, living, signal_all, signal_group

#: Seconds from SIGKILL to giving up.
LAST_WAIT = 5.0

#: Seconds to wait for an order.
ORDER_WAIT = 60.0

_STEP = 0.05
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL

# Whatever a set-up script prints is not mistaken for the environment that it leaves.
_SOURCE = 'exec 3>&1 1>&2\n{}\nexec /bin/cat /proc/self/environ >&3'


class Watchdog:
    """One command and everything below it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._streams = Streams(link)
        self._order: dict[str, Any] = {}
        self._main = 0
        self._status: Any = None
        self._setting_up = False
        self._why = ''
        self._done = False
        self._exec_fd = -1
        self._error: dict[str, Any] | None = None
        self._rungs: list[tuple[int, float]] = []
        self._sent = 0
        self._deadline = 0.0
        self._caught = 0
        self._looked = 0.0
        self._heard = time.monotonic()
        self._wake_fd, wake = os.pipe()
        os.set_blocking(self._wake_fd, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, lambda number, _: setattr(self, '_caught', number))

    def run(self) -> None:
        """Serve until all is over and told."""
        while not self._done or self._link.unsent:
            self._turn()

    def _turn(self) -> None:
        link, poll = self._link, select.poll()
        # Of what is closed, poll speaks whether asked or not.
        if not link.deaf:
            poll.register(link.read_fd, select.POLLIN)
            poll.register(link.write_fd, select.POLLOUT if link.unsent else 0)
        poll.register(self._wake_fd, select.POLLIN)
        if self._exec_fd >= 0:
            poll.register(self._exec_fd, select.POLLIN)
        self._streams.register(poll)
        events = dict(poll.poll(1000 * self._patience()))
        if self._wake_fd in events:
            os.read(self._wake_fd, BLOCK)
        if self._caught:
            self._stop(f'signal {self._caught}')
            self._caught = 0
        if link.read_fd in events:
            self._receive()
        if self._exec_fd in events:
            self._executed()
        self._streams.handle(events)
        if not link.flush() or events.get(link.write_fd, 0) & _GONE:
            self._lost('the connection is gone')
        self._watch(time.monotonic())

    def _silence(self) -> float:
        return float(self._order['silence'] if self._order else ORDER_WAIT)

    def _patience(self) -> float:
        if self._sent or self._status is not None:
            return _STEP
        silence = self._silence()
        return min(1.0, max(_STEP, silence / 4)) if silence else 1.0

    def _watch(self, now: float) -> None:
        silence = self._silence()
        if silence and now - self._heard > silence:
            self._lost('silence')
        if not self._main or self._done:
            return
        if self._status is None:
            self._status = os.waitid(os.P_PID, self._main,
                                     os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if self._status is None and not self._sent:
                return
        if now - self._looked < _STEP / 2:
            return  # looking at everybody costs more than a block of output
        self._looked = now
        alive = living(self._main)
        if self._status is not None and self._over(alive, now):
            self._finish(alive)
        elif self._rungs and now >= self._deadline:
            self._climb(now)
        elif self._sent == signal.SIGKILL:
            signal_all(self._main, signal.SIGKILL)  # those who were forked meanwhile

    def _over(self, alive: list[int], now: float) -> bool:
        # The command itself has ended.
        if self._exec_fd >= 0:
            return False
        if not self._why and (self._setting_up or self._order['rest'] == 'leave'):
            return self._streams.quiet
        if alive:
            if not self._sent:
                self._stop('')
            return self._sent == signal.SIGKILL and now >= self._deadline
        if not self._streams.open or self._link.deaf:
            return True
        # Somebody outside may hold the other end; nobody inside does.
        self._deadline = self._deadline or now + LAST_WAIT
        return self._streams.quiet and now >= self._deadline

    def _finish(self, alive: list[int]) -> None:
        status, self._status = self._status, None
        os.waitpid(self._main, 0)
        self._main = 0
        self._streams.close()
        if self._error is not None:
            self._fail(**self._error)
        elif self._setting_up and not self._why:
            self._setting_up = False
            self._sourced(status)
        else:
            exited = status.si_code == os.CLD_EXITED
            left = alive if self._why or self._order['rest'] != 'leave' else []
            self._link.say(EXIT, code=status.si_status if exited else None,
                           signal=None if exited else status.si_status, why=self._why, left=left)
            self._done = True

    def _stop(self, why: str, rungs: list[tuple[int, float]] | None = None) -> None:
        """Begin the ladder, or another one, or take its next rung at once."""
        self._why = self._why or why
        if not self._main:
            self._done = True
            return
        if rungs is not None or not self._sent:
            rungs = self._order['ladder'] if rungs is None else rungs
            self._rungs = [*rungs, (signal.SIGKILL, LAST_WAIT)]
        self._climb(time.monotonic())

    def _climb(self, now: float) -> None:
        if self._rungs:
            self._sent, wait = self._rungs.pop(0)
            self._deadline = now + wait
            signal_all(self._main, self._sent)
            if self._sent != signal.SIGKILL:
                signal_all(self._main, signal.SIGCONT)  # or it waits for that

    def _lost(self, why: str) -> None:
        if not self._link.deaf:
            self._link.hang_up()
            if not self._sent:
                self._stop(why)

    def _receive(self) -> None:
        frames = self._link.receive()
        if frames is None:
            self._lost('the connection is closed')
            return
        self._heard = time.monotonic()
        for kind, payload in frames:
            if kind == START:
                self._order = json.loads(payload)
                self._start()
            elif kind == INPUT:
                self._streams.feed(payload)
            elif kind == INPUT_END:
                self._streams.end_input()
            elif kind == PING:
                self._link.send(PONG, payload)
            elif kind == SIGNAL and self._main and not self._setting_up:
                signal_group(self._main, payload[0])
            elif kind == STOP:
                self._stop('asked', json.loads(payload)['ladder'])

    def _start(self) -> None:
        setup = [path if path.startswith('/') else './' + path for path in self._order['setup']]
        for path in setup:
            if not os.access(encode(path), os.R_OK) or os.path.isdir(encode(path)):
                self._fail(kind='setup', name=path)
                return
        if not setup:
            self._run(dict(os.environb))
            return
        self._setting_up = True
        lines = '\n'.join(". '" + path.replace("'", "'\\''") + "'" for path in setup)
        fds = (os.open(os.devnull, os.O_RDONLY), self._streams.pipe(None),
               self._streams.pipe(ERR))
        self._launch([self._order['shell'], '-c', _SOURCE.format(lines)], dict(os.environb),
                     None, fds, False)

    def _sourced(self, status: Any) -> None:
        env = dict(one.split(b'=', 1) for one in bytes(self._streams.kept).split(b'\0')
                   if b'=' in one)
        if status.si_code != os.CLD_EXITED or status.si_status or not env:
            self._fail(kind='sourcing', name=self._order['setup'][-1], status=status.si_status)
            return
        for name in (b'_', b'OLDPWD'):
            env.pop(name, None)
        self._run(env)

    def _run(self, env: dict[bytes, bytes]) -> None:
        order = self._order
        env.update((encode(key), encode(value)) for key, value in order['env'].items())
        if order['cwd']:
            env.pop(b'PWD', None)
        fds: tuple[int, ...]
        if order['pty']:
            ours, theirs = open_terminal(order['pty'])
            self._streams.add(ours, OUT)
            self._streams.input_to(ours)
            fds = (theirs, theirs, theirs)
        else:
            if order['stdin']:
                theirs, ours = os.pipe()
            else:
                theirs, ours = os.open(os.devnull, os.O_RDONLY), -1
            self._streams.input_to(ours)
            fds = (theirs, self._streams.pipe(OUT), self._streams.pipe(ERR))
        self._launch(order['argv'], env, order['cwd'], fds, bool(order['pty']))

    def _launch(self, argv: list[str], env: dict[bytes, bytes], cwd: str | None,
                fds: tuple[int, ...], terminal: bool) -> None:
        try:
            self._main, self._exec_fd = spawn(argv, env, cwd, fds, terminal)
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

    def _fail(self, **facts: object) -> None:
        self._link.say(FAILED, **facts)
        self._done = True


def main(word: str) -> None:
    """Be the watchdog; word: what the other side waits for."""
    become_subreaper()
    os.write(1, hello(word))
    Watchdog(Link(0, 1)).run()
