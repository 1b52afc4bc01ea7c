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
small. The end of stdin, or silence for longer than agreed, starts the ladder.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time

from .frames import BLOCK, hello, INPUT, INPUT_END, Link, PING, PONG, SIGNAL, START, STOP
from .guard import fork_from_guard
from .job import Job, STEP
from .tree import become_subreaper

#: Seconds to wait for an order.
ORDER_WAIT = 60.0

_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Watchdog:
    """
    The link, and the command at its end.

    :param guard_fd: see `fork_from_guard`.
    """

    def __init__(self, link: Link, guard_fd: int) -> None:
        self._link = link
        self._guard_fd = guard_fd
        self._job: Job | None = None
        self._silence = ORDER_WAIT
        self._ended = False
        self._caught = 0
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
        try:
            while not self._done or self._link.unsent:
                self._turn()
        finally:
            if self._job:
                self._job.close()

    @property
    def _done(self) -> bool:
        return self._job.done if self._job else self._ended

    def _turn(self) -> None:
        link, poll = self._link, select.poll()
        # Of what is closed, poll speaks whether asked or not.
        if not link.deaf:
            poll.register(link.read_fd, select.POLLIN)
            poll.register(link.write_fd, select.POLLOUT if link.unsent else 0)
        poll.register(self._wake_fd, select.POLLIN)
        if self._job:
            self._job.register(poll)
        events = dict(poll.poll(1000 * self._patience()))
        if self._wake_fd in events:
            os.read(self._wake_fd, BLOCK)
        if self._caught:
            self._stop(f'signal {self._caught}')
            self._caught = 0
        if link.read_fd in events:
            self._receive()
        if self._job:
            self._job.handle(events)
        if not link.flush() or events.get(link.write_fd, 0) & _GONE:
            self._lost('the connection is gone')
        now = time.monotonic()
        if self._silence and now - self._heard > self._silence:
            self._lost('silence')
        if self._job:
            self._job.watch(now)

    def _patience(self) -> float:
        patience = self._job.patience if self._job else None
        if patience is not None:
            return patience
        return min(1.0, max(STEP, self._silence / 4)) if self._silence else 1.0

    def _receive(self) -> None:
        frames = self._link.receive()
        if frames is None:
            self._lost('the connection is closed')
            return
        self._heard = time.monotonic()
        for kind, payload in frames:
            self._frame(kind, payload)

    def _frame(self, kind: bytes, payload: bytes) -> None:
        if kind == PING:
            self._link.send(PONG, payload)
        elif kind == START:
            order = json.loads(payload)
            self._silence = order['silence']
            os.write(self._guard_fd, json.dumps(order['ladder']).encode())
            self._job = Job(self._link, order)
            self._job.start()
        elif kind == STOP:
            self._stop('asked', json.loads(payload)['ladder'])
        elif self._job is None:
            return
        elif kind == INPUT:
            self._job.streams.feed(payload)
        elif kind == INPUT_END:
            self._job.streams.end_input()
        elif kind == SIGNAL:
            self._job.signal(payload[0])

    def _stop(self, why: str, rungs: list[tuple[int, float]] | None = None) -> None:
        self._ended = True
        if self._job:
            self._job.stop(why, rungs)

    def _lost(self, why: str) -> None:
        self._ended = True
        if not self._link.deaf:
            self._link.hang_up()
            if self._job:
                self._job.give_up(why)


def main(word: str) -> None:
    """Be the watchdog; word: what the other side waits for."""
    guard_fd = fork_from_guard()
    become_subreaper()
    os.write(1, hello(word))
    Watchdog(Link(0, 1), guard_fd).run()
