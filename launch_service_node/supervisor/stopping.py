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

"""Takes a tree down the stop ladder and tells when nothing of it is left."""

from __future__ import annotations

from collections.abc import Callable
import signal

from .identity import Handle, open_handle, read_stat
from .ladder import Rung
from .loop import Loop, Timer


class Stopper:
    """
    One stop of one tree.

    :param find: returns the living members of the tree, pid to start time.
    :param leader: the process that was started, also when it is gone: its group
        may not be. None when it is not known.
    :param on_gone: called once, when nothing is left.
    :ivar over: whether nothing is left, or nobody cares any more.
    :param on_left: called with the pids that are left when the ladder has ended;
        `on_gone` may still follow.
    """

    def __init__(self, loop: Loop, rungs: tuple[Rung, ...], find: Callable[[], dict[int, int]],
                 leader: Handle | None, on_gone: Callable[[], object],
                 on_left: Callable[[list[int]], object]) -> None:
        self._loop = loop
        self._rungs = list(rungs)
        self._find = find
        self._leader = leader
        self._on_gone = on_gone
        self._on_left = on_left
        self._timer: Timer | None = None
        self._watched: list[Handle] = []
        self.over = False

    def begin(self) -> None:
        """Step onto the first rung."""
        self._step()

    def hurry(self, rungs: tuple[Rung, ...]) -> None:
        """Go on with a shorter ladder, when what is left of the present one takes longer."""
        left = sum(rung.wait for rung in self._rungs)
        if self._timer is not None and self._timer.call is not None:
            left += max(0.0, self._timer.when - self._loop.now())
        if sum(rung.wait for rung in rungs) < left:
            self._rungs = list(rungs)
            self._step()

    def check(self) -> None:
        """Look whether anything is left; to be called when the leader has ended."""
        if self.over:
            return
        left = self._find()
        self._watch(left)
        if not left:
            self.over = True
            if self._timer is not None:
                self._timer.cancel()
            self._on_gone()

    def cancel(self) -> None:
        """Leave the tree alone from now on."""
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
        self._watch({})

    def _step(self) -> None:
        if self.over:
            return
        if self._timer is not None:
            self._timer.cancel()
        left = self._find()
        if not left:
            self.check()
        elif not self._rungs:
            self._on_left(sorted(left))
        else:
            rung = self._rungs.pop(0)
            self._send(left, rung.signal)
            self._timer = self._loop.after(rung.wait, self._step)

    def _send(self, members: dict[int, int], number: int) -> None:
        grouped = self._leader is not None and self._leader.send_group(number)
        for pid, ticks in members.items():
            stat = read_stat(pid)
            if stat is None:
                continue
            in_group = self._leader is not None and stat.pgrp == self._leader.pid
            handle = open_handle(pid, ticks)
            if handle is None:
                continue
            if not (grouped and in_group):
                handle.send(number)
            if stat.state in 'Tt' and number != signal.SIGKILL:
                handle.send(signal.SIGCONT)  # a stopped process takes no other signal
            handle.close()

    def _watch(self, members: dict[int, int]) -> None:
        for handle in self._watched:
            self._loop.unwatch(handle.fd)
            handle.close()
        self._watched = []
        for pid, ticks in members.items():
            if self._leader is not None and pid == self._leader.pid:
                continue  # its end is told by whoever owns it
            member = open_handle(pid, ticks)
            if member is not None:
                self._watched.append(member)
                self._loop.watch(member.fd, lambda _: self.check())
