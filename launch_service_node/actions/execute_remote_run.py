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

"""The life of a remote process in a launch: started, told about, stopped, started again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
import logging
import signal
from typing import Any

from launch import LaunchContext
from launch.events.process import (
    ProcessExited,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
)

from ..errors import (
    AuthenticationFailed,
    ConnectionFailed,
    HostKeyError,
    LaunchServiceError,
    Unreachable,
    WatchdogDied,
)
from ..ssh.command import Command, Exit, ladder
from ..ssh.connection import Session
from .execute_remote_events import OutputHandled
from .execute_remote_link import Link, Outcome

#: Exit code where the machine told none, as that of `ssh`.
UNKNOWN = 255

#: Seconds from one look whether something was missed to the next.
PULSE = 1.0


class State(Enum):
    """Where a process is in its life."""

    STARTING = 'starting'
    RUNNING = 'running'
    STOPPING = 'stopping'
    WAITING = 'waiting to be started again'
    OVER = 'over'


@dataclass
class Plan:
    """
    What is to run, as performed in the context of its launch.

    :ivar details: arguments of each event about it; `pid` is 0 until it runs.
    :ivar respawn_delay: seconds.
    :ivar respawn_max_retries: negative: as often as it ends.
    """

    command: Command
    open_session: Callable[[], Session]
    details: dict[str, Any]
    respawn: bool = False
    respawn_delay: float = 0.0
    respawn_max_retries: int = -1
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Know it by its name in launch."""
        self.name = self.details['name']
        self.details['pid'] = 0


class Run:
    """
    A remote process, in launch's thread; threads of a Link do what takes time.

    Ctrl-C raises KeyboardInterrupt in the middle of whatever launch does, which goes on
    with the next thing: an event or a callback may never arrive. So no process depends on
    one: a pulse looks whether something was missed.

    :ivar completed: done when launch need not wait for it any more.
    :ivar returncode: as the last event ProcessExited has told it; None: it has not ended.
    """

    def __init__(self, plan: Plan, context: LaunchContext, logger: logging.Logger) -> None:
        self.state = State.STARTING
        self.returncode: int | None = None
        self.completed: asyncio.Future[None] = context.asyncio_loop.create_future()
        self._plan = plan
        self._context = context
        self._loop: asyncio.AbstractEventLoop = context.asyncio_loop
        self._logger = logger
        self._link: Link | None = None
        self._told = 0
        self._handled = 0
        self._seen_over: Link | None = None
        self._stopped = False
        self._retries = 0
        self._timers: list[asyncio.TimerHandle] = []
        self._loop.call_later(PULSE, self._beat)

    def start(self) -> None:
        """Have it started."""
        self.state = State.STARTING
        self._plan.details['pid'] = 0
        self._link = Link(self._plan.open_session, self._plan.command, self._loop, self,
                          lambda: self._context.asyncio_loop is not self._loop)
        self._link.start()
        self.returncode = None

    def stop(self) -> None:
        """Have it ended for good, in bounded time."""
        self._stopped = True
        self._look_for_start()
        if self.state is State.STARTING:
            self._drop('stopped before it ran')
        elif self.state is State.WAITING:
            self._finish()
        elif self.state is State.RUNNING:
            assert self._link
            self._link.stop()
            self.state = State.STOPPING
            self._say_signal(signal.SIGINT)
            self._escalate()

    def send_signal(self, number: int) -> None:
        """Signal it when it runs; SIGKILL ends what it has started too."""
        if self._link is None or self.state is State.STARTING:
            self._logger.warning(f'signal {_name(number)} is not sent to '
                                 f'process[{self._plan.name}]: it is {self.state.value}')
            return
        self._say_signal(number)
        if number == signal.SIGKILL:
            self._link.kill()
        else:
            self._link.send_signal(number)

    def write(self, data: bytes) -> None:
        """Give it input when it runs; nothing: its input ends."""
        if self._link is None or self.state is State.STARTING:
            self._logger.warning(f'process[{self._plan.name}] gets no input: it is '
                                 f'{self.state.value}')
        else:
            self._link.write(data)

    def hear(self, event: OutputHandled) -> None:
        """Go on with output, when launch is through with what it got."""
        if event.run is self:
            self._handled = event.number
            if self._link is not None:
                self.output(self._link)

    def started(self, link: Link, pid: int) -> None:
        """Tell that it runs."""
        if link is not self._link or self.state is not State.STARTING:
            return
        self.state = State.RUNNING
        self._plan.details['pid'] = pid
        self._logger.info(f'process started with pid [{pid}]')
        self._emit(ProcessStarted)
        self.output(link)

    def output(self, link: Link) -> None:
        """Tell a part of its output, if launch is through with the last one."""
        if self.state is State.STARTING:
            return  # this news has overtaken that of the start
        if link is self._link and self._handled >= self._told and self._tell_output():
            self._context.emit_event_sync(OutputHandled(self, self._told))

    def not_taken(self, link: Link, error: LaunchServiceError) -> None:
        """Tell that input was not taken."""
        if link is self._link:
            self._logger.warning(error.message)

    def over(self, link: Link) -> None:
        """Tell how it ended, and start it again if that is wanted."""
        outcome = link.outcome
        if link is not self._link or outcome is None:
            return
        while self._tell_output():
            pass
        self._cancel_timers()
        self._say_end(outcome)
        self._emit_exit(_returncode(outcome))
        if self._wants_another(outcome):
            self._retries += 1
            self.state = State.WAITING
            self._link = None
            self._after(self._plan.respawn_delay, self._start_again)
        else:
            self._finish()

    def _start_again(self) -> None:
        try:
            self.start()
        except RuntimeError as error:  # no more threads
            self._logger.error(f'process[{self._plan.name}] is not started again: {error}; look '
                               'what uses up threads on this computer')
            self._finish()

    def _beat(self) -> None:
        if self.state is State.OVER:
            return
        self._loop.call_later(PULSE, self._beat)
        self._look_for_start()
        if (self._context.is_shutdown or self._stopped) and self.state is not State.STOPPING:
            self.stop()
        link = self._link
        if link is None:
            return
        if link.outcome is not None:
            # The news of it may still be on its way, behind other news.
            if self._seen_over is link:
                self.over(link)
            self._seen_over = link
        elif self._handled < self._told:
            self._context.emit_event_sync(OutputHandled(self, self._told))
        else:
            self.output(link)

    def _look_for_start(self) -> None:
        # The news of it may be on its way still.
        if self.state is State.STARTING and self._link is not None and self._link.pid:
            self.started(self._link, self._link.pid)

    def _tell_output(self) -> bool:
        taken = self._link.take() if self._link else None
        if taken is None:
            return False
        kind, data = taken
        self._told += 1
        self._emit(ProcessStdout if kind == 'stdout' else ProcessStderr, text=data)
        return True

    def _emit(self, event_class: Callable[..., Any], **more: Any) -> None:
        self._context.emit_event_sync(event_class(**self._plan.details, **more))

    def _emit_exit(self, returncode: int) -> None:
        self.returncode = returncode
        self._emit(ProcessExited, returncode=returncode)

    def _drop(self, why: str) -> None:
        if self._link is not None:
            self._link.abandon()
            self._link = None
        self._logger.info(f'process[{self._plan.name}] is {why}')
        self._emit_exit(UNKNOWN)
        self._finish()

    def _finish(self) -> None:
        if not self.completed.done():
            self.completed.set_result(None)
        self.state = State.OVER
        self._link = None
        self._cancel_timers()

    def _wants_another(self, outcome: Outcome) -> bool:
        plan = self._plan
        return (plan.respawn and not self._stopped and not self._context.is_shutdown
                and (plan.respawn_max_retries < 0 or self._retries < plan.respawn_max_retries)
                and may_pass(outcome) and not _runs_on(outcome))

    def _say_end(self, outcome: Outcome) -> None:
        plan, pid = self._plan, self._plan.details['pid']
        if isinstance(outcome, LaunchServiceError):
            self._logger.error(outcome.message)
            if pid and isinstance(outcome, ConnectionFailed):
                self._logger.error(f'process is out of reach [pid {pid}], and ended there')
            return
        if outcome.why and not self._stopped:
            how = 'was to be' if _runs_on(outcome) else 'was'
            self._logger.warning(f'process {how} ended there: {outcome.why}')
        if outcome.left:
            self._logger.error('these pids could not be ended there, even with SIGKILL: '
                               f'{", ".join(map(str, outcome.left))}')
        if _returncode(outcome) == 0:
            self._logger.info(f'process has finished cleanly [pid {pid}]')
            return
        words = ' '.join(word for word in plan.details['cmd'] if word.strip())
        if _runs_on(outcome):
            self._logger.error(f"process has not ended there [pid {pid}, cmd '{words}']: see to "
                               'its end before it is started again')
        else:
            self._logger.error(f'process has died [pid {pid}, exit code {_returncode(outcome)}, '
                               f"cmd '{words}'].")

    def _say_signal(self, number: int) -> None:
        self._logger.info(f"sending signal '{_name(number)}' to process[{self._plan.name}]")

    def _escalate(self) -> None:
        # The machine climbs by itself; here it is told.
        command = self._plan.command
        rungs = ladder(command.sigterm_timeout, command.sigkill_timeout)
        names = [*(number for number, _ in rungs), int(signal.SIGKILL)]
        at = 0.0
        for (number, wait), following in zip(rungs, names[1:], strict=True):
            at += wait
            self._after(at, partial(
                self._say_escalation,
                f"process[{self._plan.name}] failed to terminate '{wait:g}' seconds after "
                f"receiving '{_name(number)}', escalating to '{_name(following)}'"))

    def _say_escalation(self, words: str) -> None:
        if self._link is not None and self._link.behind:
            # It may have ended: that comes behind its output.
            self._logger.info(f'process[{self._plan.name}] has written more than launch has '
                              'taken so far; how it ends is told after that')
        else:
            self._logger.error(words)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(seconds, call))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def may_pass(outcome: Outcome) -> bool:
    """Say whether starting once more may go otherwise; wrong set-ups don't mend themselves."""
    if isinstance(outcome, LaunchServiceError):
        return (isinstance(outcome, (Unreachable, WatchdogDied))
                and not isinstance(outcome, (HostKeyError, AuthenticationFailed)))
    return True


def _runs_on(outcome: Outcome) -> bool:
    """Say whether the machine told that nothing ends it; of a lost one that can't be known."""
    return isinstance(outcome, Exit) and outcome.code is None and outcome.signal is None


def _returncode(outcome: Outcome) -> int:
    if not isinstance(outcome, Exit):
        return UNKNOWN
    if outcome.signal is not None:
        return -outcome.signal
    return UNKNOWN if outcome.code is None else outcome.code


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f'signal {number}'
