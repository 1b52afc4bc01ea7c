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

"""What the main thread waits for: signals, the end of the link, answers."""

from __future__ import annotations

import queue
import signal
import time
from types import FrameType
from typing import Any, NamedTuple

from ..protocol import Message

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signal(NamedTuple):
    """A signal came, at this time of the monotonic clock."""

    name: str
    time: float


class End(NamedTuple):
    """There is nothing left to serve; the error is the reason, if there is one."""

    error: BaseException | None


class Answer(NamedTuple):
    """The supervisor answered."""

    message: Message


News = Signal | End | Answer


class Inbox:
    """
    A queue that takes signals from when it is entered until it is left.

    SIGINT, SIGTERM and SIGHUP are only noted, so that nothing is interrupted halfway.
    rclpy's own handlers would end the context, and with it the publishers that are
    still needed to tell how the processes end.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[News] = queue.SimpleQueue()  # may be used in a handler
        self._signalled = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Inbox:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def put(self, news: News) -> None:
        """Add something, from any thread."""
        self._queue.put(news)

    def get(self, timeout: float | None = None) -> News:
        """
        Wait for the next news; a signal ends the wait as well.

        :param timeout: seconds; None: without an end, which only the program's own end is.
        :raises queue.Empty: when there is none in time.
        """
        return self._queue.get(timeout=timeout)

    def signalled(self) -> bool:
        """Return whether a signal has come."""
        return self._signalled

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signalled = True
        self._queue.put(Signal(signal.Signals(number).name, time.monotonic()))
