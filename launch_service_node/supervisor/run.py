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

"""One run of a process: from the fork, over exec and readiness, to the end of its leader."""

from __future__ import annotations

from collections.abc import Callable
import os

from ..allow_list.resolve import expand
from ..errors import ProcessError, ResultCode
from .kernel import tree
from .kernel.cgroups import Cgroup
from .kernel.identity import Handle, open_handle, read_stat
from .kernel.limits import cause_of_end
from .kernel.sampling import Measurement, TreeSampler
from .kernel.spawn import spawn, Spawned
from .notify_socket import NotifySocket
from .readiness import Readiness
from .records.record import exit_in_words, Record
from .world import World

#: Seconds between two looks at a child that an earlier supervisor forked, and that has not
#: executed its program yet: that may take long from a network disk.
_LOOK_FOR_EXEC = 0.02


class Run:
    """
    What belongs to one run, and is let go with it.

    :param on_ready: called when the process is ready, which may be at once.
    :param on_late: called with the reason when it was not ready in time.
    :ivar handle: the process that was started, dead or alive; None: never, or not found.
    :ivar failure: one line on why nothing was executed; empty: something was, or may be yet.
    :ivar readiness: what is still waited for; None: nothing.
    :ivar cgroup: of its tree; None: it has none.
    :ivar adopted: whether it was started by an earlier supervisor.
    """

    def __init__(self, record: Record, world: World, on_ready: Callable[[], object],
                 on_late: Callable[[str], object]) -> None:
        self._record = record
        self._world = world
        self._on_ready = on_ready
        self._on_late = on_late
        self.handle: Handle | None = None
        self.failure = ''
        self.readiness: Readiness | None = None
        self.cgroup: Cgroup | None = None
        self.adopted = False
        self._cause = ''
        self._spawned: Spawned | None = None
        self._sampler: TreeSampler | None = None
        self._notify: NotifySocket | None = None

    def spawn(self) -> None:
        """
        Fork the child, which waits for `go`; note who it is, and where its output begins.

        :raises LaunchServiceError: when it can't be started.
        """
        record, world = self._record, self._world
        try:
            record.output_start = world.output(record).end()
            if record.entry.ready.notify:
                self._notify = self._notify_socket()
                self._notify.open()
            plan = world.plan(record, self._notify.address if self._notify is not None else '')
            self.cgroup = world.cgroups.of(plan.cgroup)
            record.cgroup, record.limits = plan.cgroup, list(plan.limits)
            self._spawned = spawn(plan)
            self.handle = open_handle(self._spawned.pid)
        except OSError as error:
            if self._spawned is not None:
                self._spawned.abandon()
                self._spawned = None
            self.nothing_left()
            raise ProcessError(
                f'cannot start {record.name}: {error.strerror}; the host is short of it',
                ResultCode.RESOURCE_EXHAUSTED) from error
        assert self.handle is not None, 'a child that was not reaped has its pid'
        record.pid, record.start_ticks = self.handle.pid, self.handle.start_ticks

    def go(self, on_exec: Callable[[], object]) -> None:
        """Let the child become the process, and call `on_exec` when it has tried."""
        assert self._spawned is not None

        def readable(_: int) -> None:
            if self.settle_exec():
                on_exec()
        self._world.loop.watch(self._spawned.error_fd, readable)
        self._sampler = TreeSampler(self._record.pid, self._orphans)
        self._spawned.go()

    def give_up(self, why: str) -> None:
        """Let the child leave without having run anything."""
        self.failure = why
        assert self._spawned is not None
        self._spawned.give_up()

    def adopt(self) -> bool:
        """
        Find the process of a record of an earlier supervisor; False when it is gone.

        It has to be of this boot, with the recorded pid and start time, and has to carry
        the mark: a start time counts in hundredths of a second.

        :raises OSError: when there is no descriptor to look with; it may live, then.
        """
        self.adopted = True
        record = self._record
        handle = None
        if record.boot_id == self._world.boot_id:
            self.cgroup = self._world.cgroups.of(record.cgroup)
            if record.pid > 0:
                handle = open_handle(record.pid, record.start_ticks)
        if handle is None:
            return False
        if handle.gone() or not tree.has_mark(record.pid, self._world.mark(record)):
            handle.close()
            return False
        self.handle = handle
        self._sampler = TreeSampler(record.pid, self._orphans)
        if record.entry.ready.notify:
            self._notify = self._notify_socket()
            self._notify.open_when_possible()
        return True

    def members(self) -> dict[int, int]:
        """Return the living members of its tree, pid to start time."""
        session = self.handle.pid if self.handle is not None else 0
        found = tree.members(session, self._record.pid != 0, self._world.mark(self._record),
                             self._world.leaders(), self.adopted,
                             self.cgroup.pids() if self.cgroup is not None else ())
        if not found and self.cgroup is not None and self.cgroup.populated():
            # They die and give birth quicker than they are looked at.
            return dict.fromkeys(self.cgroup.pids() or [session], 0)
        return found

    def may_leave_somebody(self) -> bool:
        """Say whether its tree has living members, or may have: nobody could look."""
        try:
            return bool(self.members())
        except OSError:
            return True  # out of descriptors

    def kill_at_once(self) -> None:
        """Kill its tree in one go, where it has a cgroup; else nothing is done."""
        if self.cgroup is not None:
            self.cgroup.kill()

    def signal(self, number: int) -> None:
        """
        Signal its process group.

        :raises ProcessError: SIGNAL_NOT_ALLOWED, when it has become another user.
        """
        assert self.handle is not None
        try:
            if not self.handle.send_group(number):
                self.handle.send(number)
        except PermissionError:
            raise ProcessError(
                f'{self._record.name} has become another user, whom this instance may not signal',
                ResultCode.SIGNAL_NOT_ALLOWED) from None

    def await_exec(self, on_exec: Callable[[], object]) -> None:
        """Call `on_exec` as soon as an adopted child has become its program."""
        if self.handle is None or not self._record.pid:
            return  # it has ended
        try:
            stat = read_stat(self._record.pid)
        except OSError:
            stat = None  # out of descriptors: the next look has one
        if stat is not None and stat.executed:
            self._record.executed = True
            on_exec()
        else:
            self._world.loop.after(_LOOK_FOR_EXEC, lambda: self.await_exec(on_exec))

    def settle_exec(self) -> bool:
        """
        Take note of how exec went, when that is known and was not noted before.

        To be called before the child is reaped.
        """
        spawned = self._spawned
        if spawned is None:
            return False
        said = spawned.failure()
        if said is None:
            return False
        self._world.loop.unwatch(spawned.error_fd)
        os.close(spawned.error_fd)
        self._spawned = None
        self.failure = self.failure or said
        self._record.executed = not self.failure and spawned.executed()
        return True

    def await_ready(self, output_start: int) -> None:
        """Watch until it is ready, from an offset of its output on."""
        record, settings = self._record, self._record.entry.ready
        node = expand(settings.node or '', self._world.namespace, record.name)
        if node and not node.startswith('/'):
            node = f'{self._world.namespace.rstrip("/")}/{node}'
        self.readiness = Readiness(
            self._world.loop, settings, self._world.output(record), output_start, node,
            self._on_ready, self._on_late)
        self.readiness.begin()
        if self._notify is not None and self._notify.ready:
            self._notified()

    def _notify_socket(self) -> NotifySocket:
        return NotifySocket(self._world.loop, self._world.mark(self._record), self._record.run,
                            self._has, self._notified, self._notified_by_other)

    def _has(self, pid: int) -> bool:
        """Say whether a living process, or one that was not reaped, is of its tree."""
        if pid == os.getpid():
            # systemd-notify of root speaks as its parent: us, when it was started in the
            # background, or runs before the program (--exec). Only root may do that.
            return True
        record = self._record
        mark = self._world.mark(record)
        if tree.belongs(pid, record.pid, mark) if record.pid else tree.has_mark(pid, mark):
            return True
        return (record.pid != 0 and pid in tree.descendants(record.pid)
                or self.cgroup is not None and pid in self.cgroup.pids())

    def _notified(self) -> None:
        if self.readiness is not None:
            self.readiness.notified()

    def _notified_by_other(self, pid: int) -> None:
        if self.readiness is not None:
            self.readiness.notified_by_other(pid)

    def measure(self, now: float, forks: int) -> Measurement | None:
        """Measure its tree; None when there is nothing to measure."""
        return self._sampler.measure(now, forks) if self._sampler is not None else None

    def _orphans(self) -> list[int]:
        mark = self._world.mark(self._record)
        return [pid for pid in self._world.orphans() if tree.has_mark(pid, mark)]

    def leader_ended(self) -> None:
        """Take note that the process has ended; its group and its tree may not have."""
        self.settle_exec()
        self.stop_watching()
        if self._sampler is not None:
            self._sampler.close()
            self._sampler = None

    def nothing_left(self) -> None:
        """Take note that nothing is left of its tree, and of what its cgroup knows of that."""
        if self.cgroup is not None:
            self._cause = cause_of_end(
                self._record.term_signal, self.cgroup.counters(), self._record.entry.limits)
            self._world.cgroups.remove(self.cgroup)
            self.cgroup = None
        self._record.cgroup = ''

    def end_in_words(self) -> str:
        """Say how it ended; empty when it ended well."""
        if not self._record.exit_known:
            return f'ended while nobody watched; how is not known{self._cause}'
        said = exit_in_words(self._record)
        return said + self._cause if said else ''

    def stop_watching(self) -> None:
        """Wait for readiness no longer."""
        if self.readiness is not None:
            self.readiness.cancel()
            self.readiness = None

    def close(self) -> None:
        """Let go of everything, without touching the process."""
        self.leader_ended()
        if self.handle is not None:
            self.handle.close()
            self.handle = None
        if self._notify is not None:
            self._notify.close()
            self._notify = None
