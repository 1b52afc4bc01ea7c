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

from ..errors import LaunchServiceError, NotNow, ResultCode
from . import failures, ladder, policy
from .kernel.identity import Handle, kept_by_debugger, read_stat
from .kernel.loop import Timer
from .kernel.sampling import Measurement
from .kernel.spawn import NEVER_STARTED
from .output import Output
from .readiness import Readiness
from .records.record import Record
from .run import Run
from .states import ALIVE, ENDED, may_follow, State
from .stopping import Stopper
from .waiters import Waiter, Waiters
from .world import World


class Process:
    """
    A process that the supervisor looks after, restarts included.

    :param internal: it is the instance's own node: not listed, not counted.
    :ivar measured: its last measurement; None: it is not alive, or not measured yet.
    """

    def __init__(self, record: Record, world: World, internal: bool = False) -> None:
        self.record = record
        self.world = world
        self.internal = internal
        self.measured: Measurement | None = None
        self._run = self._new_run()
        self._stopper: Stopper | None = None
        self._restart_timer = world.loop.after(0, lambda: None)
        self._untold: Timer | None = None
        self._waiters = Waiters()
        self._first = True
        self._failure = ''
        self._ended_at = 0.0

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
    def handle(self) -> Handle | None:
        """The process that was started last, dead or alive; None: never, or not found."""
        return self._run.handle

    @property
    def adopted(self) -> bool:
        """Whether its present run was started by an earlier supervisor."""
        return self._run.adopted

    @property
    def readiness(self) -> Readiness | None:
        """What it takes to be ready; None: nothing is waited for."""
        return self._run.readiness

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
            self._waiters.add_start(waiter, wait_ready)
        self._first = self._waiters.for_start
        self.record.stop_asked = False
        self.record.restarts, self.record.in_a_row = [], 0
        self._begin_run()

    def wait_started(self, waiter: Waiter, wait_ready: bool) -> None:
        """Let `waiter` hear of the start that is under way, or at once when there is none."""
        done = self.record.ready_at > 0.0 if wait_ready else self.record.executed
        if done and self.state != State.BACKOFF:
            waiter(None)
        elif self.state in ENDED and self.record.run:
            waiter(failures.not_started(self.record))
        else:
            self._waiters.add_start(waiter, wait_ready)

    def stop(self, waiter: Waiter | None, sigterm_timeout: float | None = None,
             sigkill_timeout: float | None = None) -> None:
        """
        Take it down the stop ladder; `waiter` hears when nothing is left of its tree.

        :param sigterm_timeout, sigkill_timeout: seconds; None: as the entry says.
        """
        rungs = self._rungs(sigterm_timeout, sigkill_timeout)
        self.record.restart_asked = False
        if waiter is not None:
            self._waiters.add_gone(waiter)
        if self.state in ENDED:
            self._waiters.gone()
            return
        self._ask_for_its_end(rungs)

    def _ask_for_its_end(self, rungs: tuple[ladder.Rung, ...]) -> None:
        self.record.stop_asked = True
        if self.state == State.BACKOFF:
            self._restart_timer.cancel()
            self._end(State.STOPPED, '')
        elif self._stopper is None:
            self._take_down(rungs, '')
        else:
            self.world.note(self)  # what was asked for meanwhile is so for the next supervisor
            if self._stopper.over:
                self._on_gone()
            else:
                self._stopper.hurry(rungs)

    def end_by_itself(self, grace: float, waiter: Waiter) -> None:
        """Give it so many seconds to end without a signal, then stop it as its entry says."""
        self.record.stop_asked = True
        self._waiters.add_gone(waiter)

        def late() -> None:
            if self.state in ALIVE:
                self._ask_for_its_end(self._rungs())
        self.world.loop.after(grace, late)

    def restart(self, waiter: Waiter, wait_ready: bool) -> None:
        """Stop it if it runs, and start it again; `waiter` hears as in `start`."""
        if self.state in ALIVE:
            # First: the last of its tree may be gone already, and then it starts right here.
            self.record.restart_asked = True
            self._waiters.add_start(waiter, wait_ready)
            self._ask_for_its_end(self._rungs())
        else:
            self._restart_timer.cancel()
            self.start(waiter, wait_ready)

    def signal(self, number: int) -> None:
        """
        Signal its process group.

        :raises NotNow: when there is no process.
        :raises ProcessError: when it has become another user.
        """
        if self.handle is None or self.state not in ALIVE:
            raise NotNow(f'{self.record.name} is {self.state.name}; there is nothing to signal',
                         ResultCode.WRONG_STATE)
        self._run.signal(number)

    def measure(self, now: float, forks: int) -> None:
        """Bring `measured` up to date, and notice a stop or a continue of an adopted process."""
        self.measured = self._run.measure(now, forks)
        if self.measured is not None:
            self.note_suspended(self.measured.stopped)

    def look(self) -> None:
        """Notice a stop or a continue of an adopted process, without measuring it."""
        if self.adopted and self.record.pid and self.state in ALIVE:
            stat = read_stat(self.record.pid)
            if stat is not None and stat.alive and stat.start_ticks == self.record.start_ticks:
                self.note_suspended(stat.state in 'Tt')

    def close(self) -> None:
        """Let go of it without touching it."""
        self._restart_timer.cancel()
        self._no_more_news()
        if self._stopper is not None:
            self._stopper.cancel()
        self._drop_run()

    # -- what happens to it -----------------------------------------------------------

    def note_suspended(self, stopped: bool) -> None:
        """Take note that it was stopped or continued by a signal."""
        if stopped and self.state in (State.RUNNING, State.STARTING):
            self._go(State.SUSPENDED)
        elif not stopped and self.state == State.SUSPENDED:
            self._go(State.RUNNING if self.record.ready_at else State.STARTING)

    def ending(self) -> None:
        """Take note that its leader, a child, has ended and is about to be reaped."""
        if self._run.settle_exec():
            self._on_exec()  # it was quicker than the news of its exec

    def exited(self, status: int | None) -> None:
        """
        Take note that its leader has ended and, if it was a child, was reaped.

        :param status: the wait status; None: it can't be known.
        """
        self.record.end_run(status)
        self._leader_ended()

    def _leader_ended(self) -> None:
        record = self.record
        self._ended_at = self.world.loop.now()
        self._run.leader_ended()
        if self.adopted and not record.executed and record.exit_code == NEVER_STARTED:
            self._failure = 'was not told to start: the supervisor fell before that'
        self.measured = None
        if self._stopper is not None and not self._stopper.over:
            self._stopper.check()
            if self._stopper is not None:
                self.world.note(self)  # how it ended, before the last of its tree is gone
        elif self._stopper is None and self._run.may_leave_somebody():
            # What it leaves behind goes with it, as a service's does under systemd.
            self._take_down(self._rungs(), '')
        else:
            self._on_gone()

    def adopt(self) -> None:
        """
        Go on with the record of an earlier supervisor.

        Only a process of this boot with the recorded pid and start time is the same;
        otherwise it has ended, and how is not known.
        """
        record = self.record
        self._first = False  # whoever waited for a start waits no more
        if record.boot_id != self.world.boot_id:
            # Times of another boot mean nothing in this one, and it has ended unasked.
            record.restarts, record.in_a_row = [], 0
            if record.restart_asked:
                record.restart_asked = record.stop_asked = False
        if record.state == State.BACKOFF:
            delay = max(0.0, record.restart_at - self.world.loop.now())
            self._restart_timer = self.world.loop.after(
                min(delay, record.entry.restart.max_delay), self._restart_due)
        if record.state not in ALIVE:
            return
        self._failure = record.late
        if not self._run.adopt():
            if record.pid or not record.exit_known:
                record.end_run(None)
            self._leader_ended()
            return
        self.world.register(self)
        self.world.watch_output(self)
        if record.state == State.STOPPING or record.stop_asked:
            self._take_down(self._rungs(), record.err_msg)
        elif not record.ready_at:
            self._run.await_exec(self._on_exec)

    # -- a run ------------------------------------------------------------------------

    def _new_run(self) -> Run:
        return Run(self.record, self.world, self._on_ready, self._on_late)

    def _begin_run(self) -> None:
        record = self.record
        self._drop_run()
        self._stopper = None
        self._failure = ''
        record.begin_run(self.world.boot_id, self.world.wall_ns())
        try:
            self._run.spawn()
        except LaunchServiceError as error:
            self._not_started(error)
            return
        self.world.register(self)
        if self._go(State.STARTING):
            self.world.watch_output(self)
            self._run.go(self._on_exec)
        else:
            self._run.give_up(self.world.journal_trouble())  # what is not recorded must not run

    def _on_exec(self) -> None:
        if not self.record.executed or self.state not in (State.STARTING, State.SUSPENDED):
            return
        self._run.await_ready(self.record.output_start)
        if self.readiness is not None and self.readiness.wanted_node:
            self.world.wanted_nodes_changed()
        if not self.record.ready_at:
            self.world.commit(self)
            self._waiters.started()

    def _on_ready(self) -> None:
        self.record.ready_at = self.world.loop.now()
        if self.state == State.STARTING:
            self._go(State.RUNNING)
        else:
            self.world.commit(self)  # a suspended one is ready for the next supervisor, too
        self._waiters.ready()
        self._waits_no_more()

    def _on_late(self, why: str) -> None:
        self._failure = self.record.late = why
        self._waits_no_more()
        self._take_down(self._rungs(), why)

    def _waits_no_more(self) -> None:
        if self.record.entry.ready.node:
            self.world.wanted_nodes_changed()

    def _drop_run(self) -> None:
        self.world.unwatch_output(self)
        self.measured = None
        self._run.close()
        self._run = self._new_run()

    # -- its end ----------------------------------------------------------------------

    def _rungs(self, sigterm_timeout: float | None = None,
               sigkill_timeout: float | None = None) -> tuple[ladder.Rung, ...]:
        return ladder.of(self.record.entry.stop, sigterm_timeout, sigkill_timeout)

    def _take_down(self, rungs: tuple[ladder.Rung, ...], why: str) -> None:
        self._run.stop_watching()
        self.record.err_msg = why
        self._go(State.STOPPING)
        self._stopper = Stopper(self.world.loop, rungs, self._run.members, self.handle,
                                self._on_gone, self._on_left, self._run.kill_at_once)
        self._stopper.begin()

    def _on_left(self, pids: list[int]) -> None:
        kept = pids and all(map(kept_by_debugger, pids))
        explain = failures.kept if kept else failures.not_stopped
        self._not_gone(*explain(self.record.name, pids))

    def _not_gone(self, said: str, error: LaunchServiceError) -> None:
        if self.record.err_msg != said or self.record.restart_asked:
            self.record.err_msg, self.record.restart_asked = said, False
            self.world.commit(self)
        self._waiters.start_failed(error)
        self._waiters.gone(error)

    def _on_gone(self) -> None:
        if self.record.pid:
            self._await_news()  # the members are gone; the leader's own end is about to be told
            return
        self._no_more_news()
        self._stopper = None
        self._run.nothing_left()
        self._failure = self._failure or self._run.failure
        record = self.record
        if record.restart_asked and not self._may_restart():
            record.restart_asked = False
            self._end(State.STOPPED, policy.DRAINS)
        elif record.restart_asked:
            record.restart_asked = False
            self.start()
            self._waiters.gone(failures.started_again(record.name))
        elif record.stop_asked:
            self._end(State.STOPPED, '')
        elif self._first and not record.executed:
            self._end(State.FAILED, self._failure or self._run.end_in_words())
        else:
            self._follow_policy()

    def _await_news(self) -> None:
        # A debugger that does not wait for what it traces keeps the news from us, its parent.
        if self._untold is None:
            self._untold = self.world.loop.after(ladder.LAST_WAIT, self._on_kept)

    def _on_kept(self) -> None:
        self._untold = None
        self._not_gone(*failures.kept(self.record.name, [self.record.pid]))

    def _no_more_news(self) -> None:
        if self._untold is not None:
            self._untold.cancel()
            self._untold = None

    def _may_restart(self) -> bool:
        return self.internal or self.world.restarts_allowed()

    def _follow_policy(self) -> None:
        record, now = self.record, self.world.loop.now()
        said = self._failure or self._run.end_in_words()
        known = record.exit_known or bool(self._failure)
        decision = policy.decide(
            record.entry.restart, known and not said, self._uptime(),
            policy.History(tuple(record.restarts), record.in_a_row), now, self.world.random(),
            self._may_restart())
        if decision.delay is None:
            self._end(State.UNKNOWN if not known else State.FAILED if said else State.STOPPED,
                      '; '.join(filter(None, (said, decision.reason))))
            return
        record.restarts = list(decision.history.restarts)
        record.in_a_row = decision.history.in_a_row
        record.restart_at, record.err_msg = now + decision.delay, said
        self._drop_run()
        self._go(State.BACKOFF)
        self._waiters.start_failed(failures.not_started(self.record))
        self._restart_timer = self.world.loop.after(decision.delay, self._restart_due)

    def _uptime(self) -> float:
        """Return the seconds from when it was ready to its end, where that is known."""
        record = self.record
        if not record.ready_at or record.boot_id != self.world.boot_id:
            return 0.0
        return self._ended_at - record.ready_at

    def _restart_due(self) -> None:
        if not self._may_restart():
            self._end(State.FAILED, '; '.join(filter(None, (self.record.err_msg, policy.DRAINS))))
            return
        self.record.restart_count += 1
        self._first = False
        self._begin_run()

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
        self._waiters.start_failed(error or failures.not_started(self.record))
        self._waiters.gone()

    def _go(self, state: State) -> bool:
        fresh = self.record.run <= 1 and state in (State.STARTING, State.FAILED)
        assert fresh or may_follow(self.record.state, state), (self.record.state, state)
        self.record.state = state
        return self.world.commit(self)
