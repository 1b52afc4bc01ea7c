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

"""The instance's own LaunchServiceNode: who it is, and bringing it back when it falls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..allow_list.model import Entry, ReadySettings, RestartSettings, StopSettings
from ..errors import InstanceError, LaunchServiceError, ResultCode, Unreachable
from ..protocol import encode, Message
from .process import Process
from .records.record import Record
from .server import Connection
from .states import ALIVE, ENDED, State
from .world import World

_RESTART = RestartSettings(policy='always', delay=0.1, max_delay=10.0, limit=0, stable_after=5.0)

#: Restarts after which a node that never attached is not waited for any longer.
_TRIES = 2

#: Restarts in a row that count for a node that has been up: it is back soon, whatever it
#: falls from, and without taking the host's time when it falls at once each time.
_AFTER_UP = 2

#: Seconds that a node has to end by itself.
_GRACE = 3.0

NodeWaiter = Callable[[LaunchServiceError | None], object]


class NodeKeeper:
    """
    Knows the node that is attached and, if it is managed, keeps it alive.

    :ivar process: the managed node; None: it is not ours to bring back.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._connection: Connection | None = None
        self._info: dict[str, Any] = {}
        self._leaving = False
        self._in_force = False
        self._next: Process | None = None
        self._waiters: list[NodeWaiter] = []
        self.process: Process | None = None

    @property
    def info(self) -> dict[str, Any] | None:
        """What is known of the attached node; None: none is, or it is about to leave."""
        return self._info if self._connection is not None and not self._leaving else None

    @property
    def running(self) -> bool:
        """Say whether a managed node is alive."""
        return self.process is not None and self.process.state not in ENDED

    def take_over(self, record: Record) -> None:
        """Go on with the node of an earlier supervisor, be it only to see it go."""
        if not record.stop_asked or record.state in ALIVE:
            self.process = Process(record, self._world, internal=True)
            self._leaving = record.stop_asked

    def manage(self, argv: list[str], environment: dict[str, str]) -> None:
        """
        Start the node, when one that is about to leave has left, and bring it back from now on.

        :raises InstanceError: when there is a node already.
        """
        if self._next is not None or (
                not self._leaving and (self.running or self._connection is not None)):
            raise InstanceError('this instance has a node already')
        entry = Entry(id='launch_service_node', command='launch_service_node', argv=tuple(argv),
                      restart=_RESTART, stop=StopSettings(3.0, 2.0), ready=ReadySettings())
        record = Record(0, 'node', entry, list(argv), environment, '')
        self._next = Process(record, self._world, internal=True)
        if self.running and self.process is not None:
            self.process.end_by_itself(_GRACE, lambda _: None)  # `noted` hears of its end
        else:
            self._start_next()

    def attach(self, connection: Connection, info: dict[str, Any]) -> None:
        """
        Take a connection for the node's.

        :raises InstanceError: when another node has this instance, or this one has to end.
        """
        other = self._connection if self._connection is not connection else None
        if other is not None and not self._leaving:
            raise InstanceError(
                f'node {self._info.get("name")} with pid {self._info.get("pid")} serves this '
                'instance already; end it with `launch-service down` first')
        own = self.process.record if self.process is not None and self.running else None
        managed = own.pid if own is not None else 0
        if managed and managed != connection.peer[0]:
            raise InstanceError(
                f'this instance brings up its own node, with pid {managed}; end it with '
                '`launch-service down` first')
        if managed and own is not None and own.stop_asked:
            raise InstanceError('this node has to end: the instance was told to go on without it')
        if connection is not self._connection:
            connection.on_close.append(lambda: self._on_close(connection))
        self._connection = connection
        self._leaving = self._next is not None  # it came up just when it was to go
        self._info = {'pid': connection.peer[0], **info, 'managed': bool(managed)}
        self._in_force = False

    def serves(self, connection: Connection) -> bool:
        """Say whether a connection is the node's, and the node is to stay."""
        return self._connection is connection and (not self._leaving or self._next is not None)

    def in_force(self) -> None:
        """Take note that the settings that the node brought are in force: it is up."""
        self._in_force = True
        if self.process is not None:
            record = self.process.record
            record.in_a_row = min(record.in_a_row, _AFTER_UP)
        if self._next is not None:
            return  # that one is waited for
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter(None)

    def release(self) -> None:
        """Do not bring the node back when it ends, which is about to happen."""
        self._leaving = True
        if self.process is not None:
            self.process.record.stop_asked = True
            if self.process.state == State.BACKOFF:
                self.process.stop(None)  # or its next run would come all the same
            self._world.commit(self.process)

    def retire(self) -> None:
        """Release the node, and forget the one that was to follow it; who waits is told."""
        self.release()
        self._next = None
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter(InstanceError('this instance was told to end its node meanwhile; bring it up '
                                 'again if that was not meant'))

    def dismiss(self) -> None:
        """Have a retired node end, attached or not, while the instance goes on without one."""
        self.tell({'event': 'stopping', 'keep_processes': True})
        if self.process is not None and self.process.state in ALIVE:
            self.process.end_by_itself(_GRACE, lambda _: None)

    def noted(self) -> None:
        """Take note that the managed node changed its state; give up on one that never came."""
        self._start_next()
        process = self.process
        if process is None or self._connection is not None or not self._waiters:
            return
        if process.state == State.BACKOFF and process.record.restart_count >= _TRIES:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                waiter(InstanceError(f'the node ends as soon as it starts: {self._last_words()}',
                                     ResultCode.START_FAILED))

    def tell(self, message: Message) -> None:
        """Send the node an event; without one it is lost."""
        if self._connection is not None:
            self._connection.send(encode(message))

    def wait(self, timeout: float, waiter: NodeWaiter) -> None:
        """Let `waiter` hear when a node is attached, or in `timeout` seconds that none is."""
        if self.info is not None and self._in_force:
            waiter(None)
            return
        self._waiters.append(waiter)

        def late() -> None:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                waiter(Unreachable(f'the node is not up after {timeout:g} s; its last words '
                                   f'in node.log: {self._last_words()}', ResultCode.TIMED_OUT))
        self._world.loop.after(timeout, late)

    def end(self, then: Callable[[], object], grace: float = _GRACE) -> None:
        """
        Have the node end, and call `then` when a managed one has.

        :param grace: seconds that it has to end by itself.
        """
        self.retire()
        if self.process is None or self.process.state not in ALIVE:
            then()
            return
        self.process.end_by_itself(grace, lambda _: then())

    def _on_close(self, connection: Connection) -> None:
        if self._connection is connection:
            self._connection = None
            self._start_next()

    def _start_next(self) -> None:
        if self._next is None or self.running or self._connection is not None:
            return
        self.process, self._next = self._next, None
        self._leaving = False
        self.process.start()

    def _last_words(self) -> str:
        if self.process is None:
            return 'none'
        try:
            data = self.process.output.read(-1, 1, 400).data
        except OSError as error:
            return error.strerror or str(error)
        return data.decode(errors='replace').strip() or self.process.record.err_msg or 'none'

