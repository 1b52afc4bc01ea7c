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
from functools import partial
import signal

from .kernel.identity import Handle, open_handle, read_stat
from .kernel.loop import Loop, Timer
from .ladder import Rung, rungs

#: Seconds from an end to a look at who is left: ends come in crowds.
_GATHER = 0.005

#: Seconds until the next look, when there is no descriptor for one.
_OUT_OF_DESCRIPTORS = 0.1

#: Members that are watched, each with a descriptor: while anybody is left, one of them is, or
#: its end is the time to look for others.
_MOST_WATCHED = 8


class Stopper:
    """
    One stop of one tree.

    :param find: returns the living members of the tree, pid to start time.
    :param leader: the process that was started, also when it is gone: its group
        may not be. None when it is not known.
    :param on_gone: called once, when nothing is left.
    :ivar over: whether nothing is left, or nobody cares any more.
    :param on_left: called with the pids that are left when the ladder has ended, with none
        when there was no descriptor to reach them with, which is then tried again;
        `on_gone` may still follow.
    :param kill_at_once: kills the whole tree in one go, as far as that is possible.
    """

    def __init__(self, loop: Loop, ladder: tuple[Rung, ...], find: Callable[[], dict[int, int]],
                 leader: Handle | None, on_gone: Callable[[], object],
                 on_left: Callable[[list[int]], object],
                 kill_at_once: Callable[[], object]) -> None:
        self._loop = loop
        self._rungs = list(ladder)
        self._find = find
        self._leader = leader
        self._on_gone = on_gone
        self._on_left = on_left
        self._kill_at_once = kill_at_once
        self._timer: Timer | None = None
        self._check: Timer | None = None
        self._watched: list[Handle] = []
        self._signal = 0
        self._missed = False
        self._again = False
        self.over = False

    def begin(self) -> None:
        """Step onto the first rung."""
        self._step()

    def hurry(self, ladder: tuple[Rung, ...]) -> None:
        """Go on with another ladder, when the present one has ended or takes longer."""
        left = sum(rung.wait for rung in self._rungs)
        if self._timer is not None:
            left += max(0.0, self._timer.when - self._loop.now())
        if self._timer is None or sum(rung.wait for rung in ladder) < left:
            self._rungs = list(ladder)
            self._step()

    def check(self) -> None:
        """Look whether anything is left; to be called when the leader has ended."""
        if self._check is not None:
            self._check.cancel()
            self._check = None
        if self.over:
            return
        left = self._look()
        if left is None:
            self._check_soon(_OUT_OF_DESCRIPTORS)
        elif left:
            if self._signal == signal.SIGKILL:
                self._send(left, signal.SIGKILL)  # who was born since then
            self._keep_looking(left)
        else:
            self.cancel()
            self._on_gone()

    def cancel(self) -> None:
        """Leave the tree alone from now on."""
        self.over = True
        for timer in (self._timer, self._check):
            if timer is not None:
                timer.cancel()
        self._watch({})

    def _step(self) -> None:
        if self.over:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        left = self._look()
        if left is not None and not left:
            self.check()
        elif self._rungs:
            rung = self._rungs.pop(0)
            self._signal = rung.signal
            self._send(left or {}, rung.signal)  # to its group at least, which takes no descriptor
            self._timer = self._loop.after(rung.wait, self._step)
            if left is None:
                self._check_soon(_OUT_OF_DESCRIPTORS)
            else:
                self._keep_looking(left)
        elif left is None or self._missed:
            # Who was not looked for, or not sent SIGKILL, has not withstood it.
            if self._again:
                self._on_left([])
            self._again = True
            self._rungs = list(rungs(0.0, 0.0))
            self._timer = self._loop.after(_OUT_OF_DESCRIPTORS, self._step)
        else:
            self._keep_looking(left)
            self._on_left(sorted(left))

    def _send(self, members: dict[int, int], number: int) -> None:
        if number == signal.SIGKILL:
            self._kill_at_once()
        leader = self._leader
        self._missed = False
        grouped = leader is not None and _signal(leader.send_group, number)
        for pid, ticks in members.items():
            try:
                stat = read_stat(pid)
                handle = open_handle(pid, ticks) if stat is not None else None
            except OSError:
                self._missed = True  # out of descriptors: the next rung or check has some
                continue
            if stat is None or handle is None:
                continue
            if not (grouped and leader is not None and stat.pgrp == leader.pid):
                _signal(handle.send, number)
            # A stopped process takes no other signal. What is left of a process shows as a
            # zombie when its main thread has ended, also while the others are stopped.
            if stat.state in 'TtZ' and number != signal.SIGKILL:
                _signal(handle.send, signal.SIGCONT)
            handle.close()

    def _look(self) -> dict[int, int] | None:
        """Return who is left, and watch them; None without a descriptor for looking."""
        try:
            left = self._find()
        except OSError:
            self._watch({})  # that takes descriptors, too
            return None
        try:
            self._watch(left)
        except OSError:
            self._watch({})
            self._check_soon(_OUT_OF_DESCRIPTORS)
        return left

    def _watch(self, members: dict[int, int]) -> None:
        for handle in self._watched:
            self._loop.unwatch(handle.fd)
            handle.close()
        self._watched = []
        if self._leads(members):
            return  # its end is told by whoever owns it, and then is the time to look
        for pid, ticks in members.items():
            if len(self._watched) == _MOST_WATCHED:
                return
            member = open_handle(pid, ticks)
            if member is not None:
                self._watched.append(member)
                self._loop.watch(member.fd, partial(self._on_end, member))

    def _on_end(self, handle: Handle, _: int) -> None:
        self._loop.unwatch(handle.fd)
        self._check_soon(_GATHER)

    def _keep_looking(self, left: dict[int, int]) -> None:
        """Look again soon if nobody's end will tell: all who were seen are gone by now."""
        if not self._watched and not self._leads(left):
            self._check_soon(_GATHER)

    def _leads(self, members: dict[int, int]) -> bool:
        """Say whether the leader is among them, and not only a pid that was its own."""
        leader = self._leader
        return leader is not None and members.get(leader.pid) == leader.start_ticks

    def _check_soon(self, seconds: float) -> None:
        if self._check is None:
            self._check = self._loop.after(seconds, self.check)


def _signal(send: Callable[[int], bool], number: int) -> bool:
    try:
        return send(number)
    except PermissionError:
        return False  # it has become another user; whoever is left is told in the end
