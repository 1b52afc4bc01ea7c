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

"""How a node in the foreground ends: with its processes, or without."""

from __future__ import annotations

from collections.abc import Callable
import queue
import time
from typing import TYPE_CHECKING

from ..errors import ResultCode
from ..inbox import Signal
from ..protocol import Message
from .news import Answer, End, News, NodeInbox

if TYPE_CHECKING:
    from .launch_service import LaunchServiceNode

PATIENCE = 60.0  # seconds for the stop ladders of all processes, before they are killed
KILL_PATIENCE = 10.0  # seconds after that
DETACH_PATIENCE = 5.0  # seconds for the answer of a supervisor that has nothing to do
REMINDER = 5.0  # seconds between two lines that say what is waited for
SAME_PRESS = 0.5  # seconds within which a second signal is the same Ctrl-C, passed on
RETRY = 0.5  # seconds until a supervisor that is coming back is asked again

Say = Callable[[str], None]


def keep(node: LaunchServiceNode, inbox: NodeInbox, say: Say) -> int:
    """Leave the processes to the supervisor, and return the exit code."""
    node.link.send('detach', {}, lambda answer: inbox.put(Answer(answer)))
    deadline = time.monotonic() + DETACH_PATIENCE
    while True:
        news = _next(inbox, deadline - time.monotonic())
        if isinstance(news, Signal):
            continue
        if isinstance(news, Answer) and not news.message['ok']:
            say(f'could not tell the supervisor: {news.message["message"]}')
        names = node.alive_names()
        say(f'ends; {len(names)} processes live on; `launch-service list --local` shows them')
        return 0


def stop(node: LaunchServiceNode, inbox: NodeInbox, say: Say) -> int:
    """
    Stop all processes and the supervisor, and return the exit code.

    The next signal kills what is left at once, and the one after that ends the node
    without waiting; the supervisor goes on.
    """
    return _Stop(node, inbox, say).run()


class _Stop:

    def __init__(self, node: LaunchServiceNode, inbox: NodeInbox, say: Say) -> None:
        self._node = node
        self._inbox = inbox
        self._say = say
        self._killed = False
        self._last_press = time.monotonic()
        self._deadline = self._last_press + PATIENCE

    def run(self) -> int:
        names = self._node.alive_names()
        if names:
            self._say(f'stopping {_list(names)}; Ctrl-C again kills at once')
        self._ask()
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0 and self._killed:
                return self._give_up('in time')
            if left <= 0:
                self._kill()
            news = _next(self._inbox, min(max(left, 0.1), REMINDER))
            code = self._take(news)
            if code is not None:
                return code

    def _take(self, news: News | None) -> int | None:
        if news is None:
            self._say(f'waiting for {_list(self._node.alive_names())}')
        elif isinstance(news, End):
            return 0 if news.error is None else self._give_up(f'({news.error})')
        elif isinstance(news, Answer):
            return self._take_answer(news.message)
        elif news.time - self._last_press > SAME_PRESS:
            self._last_press = news.time
            if self._killed:
                return self._give_up('yet')
            self._kill()
        return None

    def _take_answer(self, answer: Message) -> int | None:
        if answer['ok']:
            return 0
        if answer['code'] == ResultCode.SUPERVISOR_UNAVAILABLE:
            news = _next(self._inbox, RETRY)  # the link brings it back
            if news is None:
                self._ask()
                return None
            return self._take(news)
        if answer['code'] == ResultCode.SHUTTING_DOWN:
            return None  # somebody else asked already: its end is the answer
        self._say(f'could not stop everything: {answer["message"]}')
        return 1

    def _ask(self) -> None:
        self._node.link.send('shutdown', {'keep_processes': False},
                             lambda answer: self._inbox.put(Answer(answer)))

    def _kill(self) -> None:
        self._say(f'killing {_list(self._node.alive_names())}')
        self._killed = True
        self._deadline = time.monotonic() + KILL_PATIENCE
        self._ask()  # the second time it means: at once

    def _give_up(self, why: str) -> int:
        self._say(f'ends, though {_list(self._node.alive_names())} did not end {why}; '
                  'the supervisor goes on')
        return 1


def _next(inbox: NodeInbox, timeout: float) -> News | None:
    try:
        return inbox.get(max(timeout, 0.0))
    except queue.Empty:
        return None


def _list(names: list[str]) -> str:
    if not names:
        return 'nothing but the supervisor'
    shown = ', '.join(names[:5])
    return shown if len(names) <= 5 else f'{shown} and {len(names) - 5} more'
