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
Stands behind the watchdog: whatever becomes of that, what it watches is ended with its line.

That is so when the watchdog is killed, fails, or is frozen while the line ends.

It is the watchdog's parent, so whoever is orphaned by such an end becomes its own child,
and is found without having to be recognized. The other way round sshd helps: it closes
the watchdog's stdin when the one that it started, which is the guard, has ended.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time

from .folder import sweep
from .ladder import Ladder, LAST_WAIT
from .tree import become_subreaper, has_children, living

TYPE_CHECKING = False  # typing takes longer to load than all the rest
if TYPE_CHECKING:
    from typing import Any

#: What it says on stderr, before a value in JSON, when the watchdog didn't end by itself.
SAID = 'launch_service_node: the watchdog was ended: '

#: Its exit status then.
STATUS = 70

#: Without an order: nothing runs that would need long to end.
_RUNGS = [(int(signal.SIGTERM), 1.0)]

#: Seconds beyond its ladder that the watchdog gets to end when the line has ended.
_GRACE = 5.0

_STEP = 0.05


def fork_from_guard() -> int:
    """
    Return in a child that is to be the watchdog; the parent is the guard, and never returns.

    :return: a descriptor for the ladder that the guard is to climb, in JSON.
    """
    become_subreaper()
    read_fd, write_fd = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_fd)
        os.setsid()  # who ends the one by its group leaves the other
        return write_fd
    os.close(write_fd)
    code = STATUS
    try:
        code = _guard(child, read_fd)
    finally:
        os._exit(code)


def _guard(child: int, read_fd: int) -> int:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, lambda number, _: os.kill(child, number))
    rungs = _await_end(child, read_fd)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # its pid may soon be somebody else's
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and not os.WEXITSTATUS(status):
        return 0
    left = _end_all(rungs)
    sweep()  # what was sent along
    killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    os.write(2, f'\n{SAID}{json.dumps({"signal": killed_by, "left": left})}\n'.encode())
    return STATUS


def _await_end(child: int, read_fd: int) -> Any:
    """Wait till the watchdog has ended, and return the ladder; end it if it is frozen."""
    wake_fd, wake = os.pipe()
    os.set_blocking(wake_fd, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(wake_fd, select.POLLIN)
    # The watchdog's stdin: only its end is looked for, nothing is read.
    poll.register(0, select.POLLRDHUP)
    rungs, patience = None, None
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        events = dict(poll.poll(patience))
        if wake_fd in events:
            os.read(wake_fd, 4096)
        if 0 in events:
            poll.unregister(0)
            rungs = _rungs(read_fd)
            patience = 1000 * (sum(wait for _, wait in rungs) + LAST_WAIT + _GRACE)
        elif not events:
            os.kill(child, signal.SIGKILL)  # it was not waited for yet
            patience = None
    return _rungs(read_fd) if rungs is None else rungs


def _rungs(read_fd: int) -> Any:
    os.set_blocking(read_fd, False)
    try:
        told = os.read(read_fd, 4096)
    except BlockingIOError:
        told = b''  # somebody holds the other end, as a child that was to execute
    return json.loads(told) if told else _RUNGS


def _end_all(rungs: list[tuple[int, float]]) -> list[int]:
    ladder = Ladder()
    ladder.set_up(rungs)
    while True:
        now, alive = time.monotonic(), living(0)
        if not (alive or has_children()) or ladder.ended(now):
            return alive
        ladder.go_on(0, now)
        time.sleep(_STEP)
