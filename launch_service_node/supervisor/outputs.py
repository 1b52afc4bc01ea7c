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
Keeps the output files of all processes within their bounds.

The kernel tells of the first write after a quiet time; from then on a file is
looked at again before it could have outgrown its limit, until it is quiet. Quiet
processes cost nothing. Without inotify (a user may be out of instances) every
file is looked at in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import os

from .kernel.linux import Inotify
from .kernel.loop import Loop, Timer
from .output import Output

#: Bytes a second that a process is expected to write at most, until it is known better.
_FIRST_RATE = 200e6
_SHORTEST = 0.002
_LONGEST = 1.0
_WITHOUT_INOTIFY = 0.25

#: Seconds between two attempts at an output that nobody writes and that can't be bounded.
_LONGEST_UNSETTLED = 60.0


class _Watched:
    def __init__(self, output: Output, on_growth: Callable[[], object]) -> None:
        self.output = output
        self.on_growth = on_growth
        self.watch = -1
        self.timer: Timer | None = None
        self.size = 0
        self.at = 0.0


class OutputKeeper:
    """Bounds outputs and tells when they grow."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._watched: dict[object, _Watched] = {}
        self._by_watch: dict[int, _Watched] = {}
        try:
            self._inotify: Inotify | None = Inotify()
        except OSError:
            self._inotify = None
        else:
            loop.watch(self._inotify.fd, self._on_inotify)

    def watch(self, key: object, output: Output, on_growth: Callable[[], object]) -> None:
        """Keep an output within its bounds from now on; replaces what the key had."""
        self.unwatch(key)
        watched = self._watched[key] = _Watched(output, on_growth)
        watched.at = self._loop.now()
        with suppress(OSError):
            watched.size = output.end()
        self._look(watched)

    def unwatch(self, key: object) -> None:
        """Leave an output alone, after a last look."""
        watched = self._watched.pop(key, None)
        if watched is None:
            return
        if watched.timer is not None:
            watched.timer.cancel()
        if watched.watch >= 0 and self._inotify is not None:
            self._by_watch.pop(watched.watch, None)
            self._inotify.forget(watched.watch)
        self.settle(watched.output)

    def settle(self, output: Output, again: float = _WITHOUT_INOTIFY) -> None:
        """
        Bound an output that nobody writes any more, now or soon after that can be done.

        :param again: seconds until it is tried again; each time twice as long.
        """
        try:
            output.bound()
        except OSError:  # out of descriptors; or the disk may only be read, which may last
            later = min(2 * again, _LONGEST_UNSETTLED)
            self._loop.after(again, lambda: self.settle(output, later))

    def _on_inotify(self, _: int) -> None:
        assert self._inotify is not None
        for number in self._inotify.read():
            watched = self._by_watch.pop(number, None)
            if watched is not None:
                watched.watch = -1
                watched.at = self._loop.now()
                self._look(watched)

    def _look(self, watched: _Watched) -> None:
        now = self._loop.now()
        try:
            room = watched.output.bound()
            size = watched.output.end()
        except OSError:
            # Out of descriptors, or of room to note what was dropped: it has to be tried again.
            watched.timer = self._loop.after(_WITHOUT_INOTIFY, lambda: self._look(watched))
            return
        grown, passed = size - watched.size, now - watched.at
        if grown > 0:
            watched.on_growth()
        elif self._rest(watched):
            return
        rate = grown / passed if passed > 0 and grown > 0 else _FIRST_RATE
        watched.size, watched.at = size, now
        # Half of the time in which it would fill its room, at twice the rate seen.
        delay = min(_LONGEST, max(_SHORTEST, room / max(rate, _FIRST_RATE) / 2))
        if self._inotify is None:
            delay = max(delay, _WITHOUT_INOTIFY)
        watched.timer = self._loop.after(delay, lambda: self._look(watched))

    def _rest(self, watched: _Watched) -> bool:
        """Have the kernel tell of the next write; False when something was written meanwhile."""
        if self._inotify is None:
            watched.timer = self._loop.after(_WITHOUT_INOTIFY, lambda: self._look(watched))
            return True
        try:
            watched.watch = self._inotify.watch(watched.output.path)
        except OSError:
            watched.timer = self._loop.after(_WITHOUT_INOTIFY, lambda: self._look(watched))
            return True
        self._by_watch[watched.watch] = watched
        with suppress(OSError):  # out of descriptors: as if it had been written to
            if watched.output.end() == watched.size:
                return True
        # It may have been written to between the look and the watch: look again.
        self._by_watch.pop(watched.watch)
        self._inotify.forget(watched.watch)
        watched.watch = -1
        return False


def newest_output(folder: str) -> int:
    """Return the largest process_id that has an output file; 0: there is none."""
    return max((int(name) for name in os.listdir(folder) if name.isdigit()), default=0)


def remove_outputs(folder: str, keep: set[str], newest: int) -> None:
    """Delete the output files of a folder, but for those to keep and the newest others."""
    try:
        with os.scandir(folder) as found:
            others = [(int(item.name), item.path) for item in found
                      if item.name.isdigit() and item.name not in keep]
    except OSError:
        return  # out of descriptors: the next time comes soon enough
    for _, path in sorted(others)[:-newest if newest else None]:
        Output(path, 0).remove()
