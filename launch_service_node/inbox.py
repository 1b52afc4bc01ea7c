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

"""What a main thread waits for: signals among other news, of which none is missed."""

from __future__ import annotations

import os
import queue
import select
import signal
import threading
import time
from types import FrameType
from typing import Any, Generic, NamedTuple, TypeVar

_BLOCK = 4096

News = TypeVar('News')


class Signal(NamedTuple):
    """A signal came, at this time of the monotonic clock."""

    name: str
    time: float


def not_ignored(*numbers: int) -> tuple[int, ...]:
    """Return the signals that whoever began this program did not tell it to ignore (`nohup`)."""
    return tuple(number for number in numbers if signal.getsignal(number) != signal.SIG_IGN)


class Inbox(Generic[News]):
    """
    A queue of the main thread that takes signals from when it is entered until it is left.

    They are only noted, so that nothing is interrupted halfway: an exception out of the
    blue leaves the locks of `threading` in any state. And none waits for other news to
    come. Python runs a handler when the main thread comes back to it, and one that is just
    about to wait for a lock, as an ordinary queue does, comes back when it gets that lock;
    here the signal itself ends the wait, by way of `signal.set_wakeup_fd`.

    :param numbers: the signals.
    """

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers
        self._queue: queue.SimpleQueue[Signal | News] = queue.SimpleQueue()  # for handlers too
        self._signalled = False
        self._before: dict[int, Any] = {}
        self._wakeup_before = -1
        self._pipe: tuple[int, int] | None = None
        self._piping = threading.Lock()

    def __enter__(self) -> Inbox[News]:
        self._pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._wakeup_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        for number in self._numbers:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        with self._piping:  # what comes later must not write to whom the number belongs then
            pipe, self._pipe = self._pipe, None
        for end in pipe or ():
            os.close(end)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def put(self, news: News) -> None:
        """Add something, from any thread."""
        self._queue.put(news)
        with self._piping:
            if self._pipe is None:
                return
            try:
                os.write(self._pipe[1], b'\0')
            except BlockingIOError:
                pass  # so full that it wakes anyway

    def get(self, timeout: float | None = None) -> Signal | News:
        """
        Wait for the next news; a signal is one.

        :param timeout: seconds; None: without an end, for who can do nothing else.
        :raises queue.Empty: when there is none in time.
        """
        assert self._pipe is not None, 'it has to be entered first'
        deadline = None if timeout is None else time.monotonic() + timeout
        poll = select.poll()
        poll.register(self._pipe[0], select.POLLIN)
        while True:
            left = None if deadline is None else 1000 * (deadline - time.monotonic())
            try:
                return self._queue.get_nowait()
            except queue.Empty:
                if left is not None and left <= 0:
                    raise
            if poll.poll(left):
                os.read(self._pipe[0], _BLOCK)

    def signalled(self) -> bool:
        """Return whether a signal has come."""
        return self._signalled

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signalled = True
        self._queue.put(Signal(signal.Signals(number).name, time.monotonic()))
