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
One process: its runs, its end, and what follows from that.

Effects are here; when to restart is decided in policy, how to stop in ladder,
what is ready in readiness. docs/states.md draws the states.
"""

from __future__ import annotations

import os
import socket
from typing import Callable

from ..errors import LaunchServiceError, NotNow, ProcessError, ResultCode
from . import ladder, policy, tree
from .identity import Handle, open_handle
from .output import Output
from .readiness import Readiness
from .record import exit_in_words, Record
from .sampling import Measurement, TreeSampler
from .spawn import spawn, Spawned
from .states import ALIVE, ENDED, may_follow, State
from .stopping import Stopper
from .world import World

#: Called with None on success, or with what went wrong.
Waiter = Callable[[LaunchServiceError | None], object]


class Process:
    """
    A process that the supervisor looks after, restarts included.

    :param internal: it is the instance's own node: not listed, not counted.
    """

    def __init__(self, record: Record, world: World, internal: bool = False) -> None:
        self.record = record
        self.world = world
        self.internal = internal
        self.measured: Measurement | None = None
        self.adopted = False
        self.readiness: Readiness | None = None
        self.stopper: Stopper | None = None
        self._handle: Handle | None = None
        self._spawned: Spawned | None = None
        self._sampler: TreeSampler | None = None
        self._notify: socket.socket | None = None
        self._restart_timer = world.loop.after(0, _nothing)
        self._start_waiters: list[tuple[bool, Waiter]] = []
        self._stop_waiters: list[Waiter] = []
        self._restart_asked = False
        self._first = True
        self._failure = ''

    # -- what others ask --------------------------------------------------------------

    @property
    def state(self) -> State:
        """The present state."""
        return self.record.state

    @property
    def output(self) -> Output:
        """What it has printed."""
        return self.world.output(self.record)

    @property
    def restart_in(self) -> float | None:
        """Seconds until the pending restart; None: none is pending."""
        if self.state != State.BACKOFF:
            return None
        return max(0.0, self.record.restart_at - self.world.loop.now())

    def start(self, waiter: Waiter | None = None, wait_ready: bool = False) -> None:
        """
        Start it; `waiter` hears when exec has succeeded, or when it is ready.

        :param waiter: None: nobody waits, so a failure is left to the restart policy.
        """
        if waiter is not None:
            self._start_waiters.append((wait_ready, waiter))
        self._first = bool(self._start_waiters)
        self.record.stop_asked = False
        self.record.restarts, self.record.in_a_row = [], 0
        self._run()

    def wait_started(self, waiter: Waiter, wait_ready: bool) -> None:
        """Let `waiter` hear of the start that is under way, or at once when there is none."""
        running = self.state in (State.RUNNING, State.SUSPENDED)
        if running or (self.state == State.STARTING and self.record.executed and not wait_ready):
            waiter(None)
        elif self.state in ENDED and self.record.run:
            waiter(None if self.record.executed else self._start_error())
        else:
            self._start_waiters.append((wait_ready, waiter))

    def stop(self, waiter: Waiter | None, sigterm_timeout: float | None = None,
             sigkill_timeout: float | None = None) -> None:
        """
        Take it down the stop ladder; `waiter` hears when nothing is left of its tree.

        :param sigterm_timeout, sigkill_timeout: seconds; None: as the entry says.
        """
        settings = self.record.entry.stop
        rungs = ladder.rungs(
            settings.sigterm_timeout if sigterm_timeout is None else sigterm_timeout,
            settings.sigkill_timeout if sigkill_timeout is None else sigkill_timeout)
        self._restart_asked = False
        if self.state in ENDED:
            if waiter is not None:
                waiter(None)
            return
        if waiter is not None:
            self._stop_waiters.append(waiter)
        self.record.stop_asked = True
        if self.state == State.BACKOFF:
            self._restart_timer.cancel()
            self._end(State.STOPPED, '')
        elif self.stopper is not None:
            self.stopper.hurry(rungs)
        else:
            self._take_down(rungs, '')

    def end_by_itself(self, grace: float, waiter: Waiter) -> None:
        """Give it so many seconds to end without a signal, then stop it as its entry says."""
        self.record.stop_asked = True
        self._stop_waiters.append(waiter)

        def late() -> None:
            if self.state in ALIVE and self.stopper is None:
                self._take_down(self._entry_rungs(), '')
        self.world.loop.after(grace, late)

    def restart(self, waiter: Waiter, wait_ready: bool) -> None:
        """Stop it if it runs, and start it again; `waiter` hears as in `start`."""
        if self.state in ALIVE:
            self.stop(None)
            self._restart_asked = True
            self._start_waiters.append((wait_ready, waiter))
        else:
            self._restart_timer.cancel()
            self.start(waiter, wait_ready)

    def signal(self, number: int) -> None:
        """
        Signal its process group.

        :raises NotNow: when there is no process.
        """
        handle = self._handle
        if handle is None or self.state not in ALIVE:
            raise NotNow(f'{self.record.name} is {self.state.name}; there is nothing to signal',
                         ResultCode.WRONG_STATE)
        if not handle.send_group(number):
            handle.send(number)

    def measure(self, now: float, forks: int) -> None:
        """Bring `measured` up to date, and notice a stop or a continue of an adopted process."""
        if self._sampler is None:
            return
        measured = self._sampler.measure(now, forks)
        self.measured = measured
        if measured is not None:
            self.note_suspended(measured.stopped)

    def note_suspended(self, stopped: bool) -> None:
        """Take note that it was stopped or continued by a signal."""
        ready = State.RUNNING if self.record.ready_at else State.STARTING
        if stopped and self.state in (State.RUNNING, State.STARTING):
            self._go(State.SUSPENDED)
        elif not stopped and self.state == State.SUSPENDED:
            self._go(ready)

    # -- what happens to it -----------------------------------------------------------

    def exited(self, status: int | None) -> None:
        """
        Take note that its leader has ended and, if it was a child, was reaped.

        :param status: the wait status; None: it can't be known.
        """
        record = self.record
        if self._spawned is not None:
            self._on_exec()
        record.exit_known = status is not None
        record.exit_code = record.term_signal = 0
        if status is not None and os.WIFSIGNALED(status):
            record.term_signal = os.WTERMSIG(status)
        elif status is not None:
            record.exit_code = os.WEXITSTATUS(status)
        if self.readiness is not None:
            self.readiness.cancel()
            self.readiness = None
        if self._sampler is not None:
            self._sampler.close()
            self._sampler = None
        self.measured = None
        record.pid = 0
        if self.stopper is not None and not self.stopper.over:
            self.stopper.check()
        elif self.stopper is None and self._members():
            # What it leaves behind goes with it, as a service's does under systemd.
            self._take_down(self._entry_rungs(), '')
        else:
            self._on_gone()

    def adopt(self) -> bool:
        """
        Find the process of a record of an earlier supervisor; False when it is gone.

        Only a process of this boot with the recorded pid and start time is it.
        """
        record = self.record
        self.adopted = True
        if record.boot_id == self.world.boot_id and record.pid > 0:
            self._handle = open_handle(record.pid, record.start_ticks)
        if self._handle is None or self._handle.gone():
            return False
        self._begin_watch()
        if record.state == State.STOPPING or record.stop_asked:
            self._take_down(self._entry_rungs(), record.err_msg)
        elif record.state != State.RUNNING:
            self._await_ready(0)
        return True

    def close(self) -> None:
        """Let go of it without touching it."""
        self._restart_timer.cancel()
        if self.stopper is not None:
            self.stopper.cancel()
        if self.readiness is not None:
            self.readiness.cancel()
        self._drop_run()

    @property
    def handle(self) -> Handle | None:
        """The process that was started last, dead or alive; None: never, or not found."""
        return self._handle

    # -- a run ------------------------------------------------------------------------

    def _run(self) -> None:
        record = self.record
        self._drop_run()
        record.run += 1
        record.pid = record.start_ticks = 0
        record.executed, record.ready_at, record.err_msg = False, 0.0, ''
        record.exit_known = False
        record.exit_code = record.term_signal = 0
        record.boot_id = self.world.boot_id
        record.start_time_ns = self.world.wall_ns()
        self._failure = ''
        try:
            if record.entry.ready.notify:
                self._notify = _notify_socket(self.world.mark(record), record.run)
            spawned = spawn(self.world.plan(record, self._notify))
        except LaunchServiceError as error:
            self._not_started(error)
            return
        except OSError as error:
            self._not_started(ProcessError(
                f'cannot start {record.name}: {error.strerror}; the host is short of it',
                ResultCode.RESOURCE_EXHAUSTED))
            return
        handle = open_handle(spawned.pid)
        assert handle is not None, 'a child that was not reaped has its pid'
        self._handle, self._spawned = handle, spawned
        record.pid, record.start_ticks = handle.pid, handle.start_ticks
        if not self._go(State.STARTING):
            # What is not recorded must not run: the child leaves when its pipe ends.
            self._failure = self.world.journal_trouble()
            spawned.give_up()
            return
        self._begin_watch()
        self.world.loop.watch(spawned.error_fd, lambda _: self._on_exec())
        spawned.go()

    def _begin_watch(self) -> None:
        self._sampler = TreeSampler(self.record.pid)
        self.world.register(self)
        self.world.watch_output(self)

    def _on_exec(self) -> None:
        spawned = self._spawned
        if spawned is None:
            return
        said = spawned.failure()
        if said is None:
            return
        self.world.loop.unwatch(spawned.error_fd)
        os.close(spawned.error_fd)
        self._spawned = None
        if said or self._failure:
            self._failure = self._failure or said
            return  # its exit follows
        self.record.executed = True
        if self.state == State.STARTING:
            self._await_ready(self.output.end() if self.record.run > 1 else 0)

    def _await_ready(self, output_start: int) -> None:
        self.record.executed = True
        self.readiness = Readiness(
            self.world.loop, self.record.entry.ready, self.output, output_start, self._notify,
            self._on_ready, self._on_late)
        self.readiness.begin()
        if self.readiness is not None and self.readiness.wanted_node:
            self.world.wanted_nodes_changed()
        if self.state == State.STARTING:
            self.world.commit(self)
            self._tell_started(ready=False)

    def _on_ready(self) -> None:
        self.record.ready_at = self.world.loop.now()
        if self.state == State.STARTING:
            self._go(State.RUNNING)
        self._tell_started(ready=True)
        self.world.wanted_nodes_changed()

    def _on_late(self, why: str) -> None:
        self._failure = why
        self.world.wanted_nodes_changed()
        self._take_down(self._entry_rungs(), why)

    # -- its end ----------------------------------------------------------------------

    def _entry_rungs(self) -> tuple[ladder.Rung, ...]:
        settings = self.record.entry.stop
        return ladder.rungs(settings.sigterm_timeout, settings.sigkill_timeout)

    def _new_stopper(self, rungs: tuple[ladder.Rung, ...]) -> Stopper:
        return Stopper(self.world.loop, rungs, self._members, self._handle,
                       self._on_gone, self._on_left)

    def _members(self) -> dict[int, int]:
        record = self.record
        known: dict[int, int] = {}
        session = self._handle.pid if self._handle is not None else 0
        return tree.members(session, record.pid != 0, self.world.mark(record), known,
                            self.world.leaders(), self.adopted)

    def _take_down(self, rungs: tuple[ladder.Rung, ...], why: str) -> None:
        if self.readiness is not None:
            self.readiness.cancel()
            self.readiness = None
        self.record.err_msg = why
        self._go(State.STOPPING)
        self.stopper = self._new_stopper(rungs)
        self.stopper.begin()

    def _on_left(self, pids: list[int]) -> None:
        numbers = ', '.join(map(str, pids))
        self.record.err_msg = f'still there after SIGKILL: pid {numbers}'
        self.world.commit(self)
        error = ProcessError(
            f'{self.record.name}: pid {numbers} did not end even on SIGKILL; the kernel holds '
            'it, look at /proc/PID/stack', ResultCode.NOT_STOPPED, pids=pids)
        waiters, self._stop_waiters = self._stop_waiters, []
        for waiter in waiters:
            waiter(error)

    def _on_gone(self) -> None:
        if self.record.pid:
            return  # the members are gone, the leader's own end is about to be told
        self.stopper = None
        record = self.record
        asked = record.stop_asked
        if self._restart_asked:
            self._restart_asked = False
            self.start()
        elif asked:
            self._end(State.STOPPED, '')
        elif not record.executed and self._first:
            self._end(State.FAILED, self._failure or exit_in_words(record))
        else:
            self._follow_policy()

    def _follow_policy(self) -> None:
        record = self.record
        now = self.world.loop.now()
        success = (record.exit_known and not self._failure
                   and not record.exit_code and not record.term_signal)
        said = self._failure or exit_in_words(record)
        if not record.exit_known and not self._failure:
            said = 'ended while nobody watched; how is not known'
        settings = record.entry.restart
        history = policy.History(tuple(record.restarts), record.in_a_row)
        uptime = now - record.ready_at if record.ready_at else 0.0
        decision = policy.decide(settings, success, uptime, history, now, self.world.random())
        if decision.delay is None or not self.world.restarts_allowed():
            if decision.delay is not None:
                said = '; '.join(filter(None, (said, 'not restarted: the instance drains')))
            elif decision.reason:
                said = '; '.join(filter(None, (said, decision.reason)))
            known = record.exit_known or self._failure
            self._end(State.UNKNOWN if not known else
                      State.STOPPED if success else State.FAILED, said)
            return
        record.restarts, record.in_a_row = list(decision.history.restarts), \
            decision.history.in_a_row
        record.restart_at = now + decision.delay
        record.err_msg = said
        self._drop_run()
        self._go(State.BACKOFF)
        self._tell_start_failed()
        self._restart_timer = self.world.loop.after(decision.delay, self._restart_due)

    def resume_backoff(self) -> None:
        """Go on with the delay of a record of an earlier supervisor."""
        delay = max(0.0, self.record.restart_at - self.world.loop.now())
        self._restart_timer = self.world.loop.after(
            min(delay, self.record.entry.restart.max_delay), self._restart_due)

    def ended_unseen(self) -> None:
        """Take note that the process of an earlier supervisor's record is gone."""
        self.exited(None)

    def _restart_due(self) -> None:
        if not self.world.restarts_allowed():
            self._end(State.FAILED, f'{self.record.err_msg}; not restarted: the instance drains')
            return
        self.record.restart_count += 1
        self._first = False
        self._run()

    def _not_started(self, error: LaunchServiceError) -> None:
        self._failure = error.message
        self.record.pid = 0
        if self._first:
            self._end(State.FAILED, error.message, error)
        else:
            self._follow_policy()

    def _end(self, state: State, said: str, error: LaunchServiceError | None = None) -> None:
        self._drop_run()
        self.record.err_msg = said
        self._go(state)
        self._tell_start_failed(error)
        waiters, self._stop_waiters = self._stop_waiters, []
        for waiter in waiters:
            waiter(None)

    # -- telling ----------------------------------------------------------------------

    def _go(self, state: State) -> bool:
        fresh = self.record.run <= 1 and state in (State.STARTING, State.FAILED)
        assert fresh or may_follow(self.record.state, state), (self.record.state, state)
        self.record.state = state
        return self.world.commit(self)

    def _tell_started(self, ready: bool) -> None:
        due = [waiter for wait_ready, waiter in self._start_waiters if ready or not wait_ready]
        self._start_waiters = [] if ready else [
            (wait_ready, waiter) for wait_ready, waiter in self._start_waiters if wait_ready]
        for waiter in due:
            waiter(None)

    def _tell_start_failed(self, error: LaunchServiceError | None = None) -> None:
        waiters, self._start_waiters = self._start_waiters, []
        for _, waiter in waiters:
            waiter(error or self._start_error())

    def _start_error(self) -> LaunchServiceError:
        said = self.record.err_msg or 'ended before it was ready'
        return ProcessError(f'{self.record.name} did not start: {said}')

    def _drop_run(self) -> None:
        self.world.unwatch_output(self)
        self.measured = None
        if self._sampler is not None:
            self._sampler.close()
            self._sampler = None
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        if self._notify is not None:
            self._notify.close()
            self._notify = None


def _nothing() -> None:
    """Stand in for a call that is not due yet."""


def _notify_socket(mark: str, run: int) -> socket.socket:
    # An abstract address: no file to clean up, no limit on the length of a path.
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    notify.bind(f'\0launch_service/{mark}/{run}')
    return notify
