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

"""Waits for descriptors and times, and calls who asked for them. One thread."""

from __future__ import annotations

from collections.abc import Callable
import heapq
import select
import sys
import time
from typing import Any

# epoll takes no more than 24 days at once.
_LONGEST_WAIT = 3600.0

# A call that fails must not take the supervisor along, and must not be silent.
_FAULT = 'defect in the supervisor, please report it:'


class Timer:
    """A call that is due; `cancel` it while it is."""

    __slots__ = ('when', 'call')

    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Call it off; no error when it has run."""
        self.call = None

    def __lt__(self, other: Timer) -> bool:
        return self.when < other.when


class Loop:
    """The only place of the supervisor that waits."""

    READ = select.EPOLLIN
    WRITE = select.EPOLLOUT
    HANG_UP = select.EPOLLHUP

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[int], object]] = {}
        self._timers: list[Timer] = []
        self._running = False

    @property
    def fd(self) -> int:
        """The descriptor of the epoll instance."""
        return self._epoll.fileno()

    def watch(self, fd: int, call: Callable[[int], object],
              events: int = select.EPOLLIN) -> None:
        """Call with the events when a descriptor is ready; replaces an earlier watch."""
        if fd in self._readers:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
        self._readers[fd] = call

    def unwatch(self, fd: int) -> None:
        """
        Stop watching; to be called before the descriptor is closed.

        A forked child may hold a copy of it, and epoll would go on telling of that.
        """
        if self._readers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def after(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call once, so many seconds from now on the monotonic clock."""
        timer = Timer(self.now() + seconds, call)
        heapq.heappush(self._timers, timer)
        return timer

    def now(self) -> float:
        """Return the monotonic time, in seconds, that timers go by."""
        return time.monotonic()

    def run(self) -> None:
        """Wait and call until `stop`."""
        self._running = True
        while self._running:
            self._run_timers()
            if self._running:
                self._wait()

    def stop(self) -> None:
        """Make `run` return."""
        self._running = False

    def _run_timers(self) -> None:
        now = self.now()
        while self._timers and (self._timers[0].call is None or self._timers[0].when <= now):
            call = heapq.heappop(self._timers).call
            if call is not None:
                self.guarded(call)

    def _wait(self) -> None:
        timeout = _LONGEST_WAIT
        if self._timers:
            timeout = min(timeout, max(0.0, self._timers[0].when - self.now()))
        for fd, events in self._epoll.poll(timeout):
            call = self._readers.get(fd)
            if call is not None:
                self.guarded(call, events)

    def guarded(self, call: Callable[..., object], *arguments: Any) -> None:
        """Call now; what it raises is reported and goes no further."""
        try:
            call(*arguments)
        except Exception:  # noqa: BLE001 - reported, and the children need their parent
            print(_FAULT, file=sys.stderr)
            sys.__excepthook__(*sys.exc_info())
            sys.stderr.flush()
