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

"""The place of a launch on the ROS graph: taken when first needed, left at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
import os
import threading
from typing import Any, TypeVar

from launch import LaunchContext
from launch.event_handlers import OnShutdown

from ..client import LaunchServiceClient, RosSession
from ..client.records import Record
from ..domain import domain_id
from ..errors import Unreachable
from .service_watch import Watch

T = TypeVar('T')

_GRAPH = '_launch_service_node_graph'

#: Seconds from one look whether the launch shuts down to the next.
PULSE = 1.0


class LaunchEnded(Exception):
    """The launch ended before a node had answered."""


@dataclass(frozen=True)
class Place:
    """
    Whom to ask.

    :ivar node: full name of a LaunchServiceNode.
    :ivar domain: ROS_DOMAIN_ID as it was where the action stands; empty: not set.
    :ivar find_within: seconds for the node to be found.
    """

    node: str
    domain: str
    find_within: float


def domain_here() -> str:
    """Return ROS_DOMAIN_ID as launch has it now: a group may have set it for itself."""
    return os.environ.get('ROS_DOMAIN_ID', '')


def graph_of(context: LaunchContext) -> Graph:
    """Return what the actions of this launch share; to be called in launch's own thread."""
    graph: Graph | None = context.get_locals_as_dict().get(_GRAPH)
    if graph is None:
        graph = Graph(context)
        context.extend_globals({_GRAPH: graph})
    return graph


class Graph:
    """
    Asks LaunchServiceNodes in threads of their own, so that launch goes on meanwhile.

    From the shutdown of the launch on it leaves the ROS graph when nobody asks any more.
    All methods are for launch's own thread.
    """

    def __init__(self, context: LaunchContext) -> None:
        self._context = context
        self._first_loop = context.asyncio_loop
        self._lock = threading.Lock()
        self._opening = threading.Lock()  # held while a session opens, which takes its time
        self._sessions: dict[str, RosSession] = {}
        self._cuttable: set[LaunchServiceClient] = set()
        self._ending = False
        self._asking = 0
        self._watches: dict[tuple[str, str], Watch] = {}
        self._at_end: list[Callable[[], object]] = []
        context.register_event_handler(OnShutdown(on_shutdown=self._end))
        self._beat()

    def at_end(self, act: Callable[[], object]) -> None:
        """Have something done when the launch shuts down."""
        self._at_end.append(act)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """Run a coroutine; the launch lasts at least as long."""
        task: asyncio.Task[Any] = self._loop.create_task(work)
        self._context.add_completion_future(task)
        return task

    async def run(self, work: Callable[[], T]) -> T:
        """Return what a function gives that takes its time."""
        loop = self._loop
        future: asyncio.Future[T] = loop.create_future()

        def tell(result: Any, error: Exception | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def thread() -> None:
            result, failed = None, None
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - raised where it is awaited
                failed = error
            try:
                loop.call_soon_threadsafe(tell, result, failed)
            except RuntimeError:
                pass  # launch has ended, by force

        threading.Thread(target=thread, name='launch service action', daemon=True).start()
        return await future

    async def ask(self, place: Place, work: Callable[[LaunchServiceClient], T], *,
                  cut: bool = False) -> T:
        """
        Return what a function gives that asks a node.

        :param cut: whether the shutdown of the launch ends it at once.
        :raises LaunchEnded: it was cut.
        :raises LaunchServiceError: what the function raises.
        """
        self._asking += 1
        try:
            return await self.run(lambda: self._ask(place, work, cut))
        finally:
            self._asking -= 1
            self._leave()

    async def watch(self, place: Place) -> Watch:
        """
        Return the news of the processes of a node.

        :raises Unreachable: when the ROS graph can't be joined.
        """
        key = (place.domain, place.node)
        if key not in self._watches:
            watch = self._watches[key] = Watch(self._loop, place.node)
            self._asking += 1
            try:
                await self.run(lambda: watch.subscribe(self._session(place.domain)))
            except Unreachable:
                self._watches.pop(key, None)
                raise
            finally:
                self._asking -= 1
        return self._watches.get(key) or Watch(self._loop, place.node)

    def take(self, place: Place, statuses: Iterable[Record]) -> None:
        """Take what a response of a node says of processes."""
        watch = self._watches.get((place.domain, place.node))
        if watch is not None:
            watch.take(statuses)

    def publishes(self, place: Place) -> bool:
        """Say whether a node that is watched is on the ROS graph."""
        session = self._sessions.get(place.domain)
        return session is not None and session.node.count_publishers(
            f'{place.node}/process_status') > 0

    def _ask(self, place: Place, work: Callable[[LaunchServiceClient], T], cut: bool) -> T:
        session = self._session(place.domain)
        with LaunchServiceClient(session.node, place.node,
                                 find_within=place.find_within) as client:
            with self._lock:
                if cut and self._ending:
                    raise LaunchEnded
                if cut:
                    self._cuttable.add(client)
            try:
                return work(client)
            except Unreachable as error:
                if cut and self._ending:
                    raise LaunchEnded from error
                raise
            finally:
                with self._lock:
                    self._cuttable.discard(client)

    def _session(self, domain: str) -> RosSession:
        with self._opening:
            if domain not in self._sessions:
                self._sessions[domain] = RosSession(domain_id=domain_id(domain))
            return self._sessions[domain]

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        # A launch that was cancelled has none; that of the program may go on.
        return self._context.asyncio_loop or self._first_loop

    def _beat(self) -> None:
        # Ctrl-C raises KeyboardInterrupt in the middle of whatever launch does, so the event
        # Shutdown may never arrive. Of a launch that is cancelled there is none at all.
        if self._ending:
            return
        self._loop.call_later(PULSE, self._beat)
        if self._context.is_shutdown or self._context.asyncio_loop is None:
            self._end()

    def _end(self, *_: object) -> None:
        with self._lock:
            self._ending = True
            cut = list(self._cuttable)
        for client in cut:
            client.close()
        acts, self._at_end = self._at_end, []
        for act in acts:
            act()
        self._leave()

    def _leave(self) -> None:
        """Leave the ROS graph when the launch shuts down and nobody asks any more."""
        # Where an action has asked for the shutdown, `is_shutdown` comes after the event.
        if not (self._ending or self._context.is_shutdown) or self._asking:
            return
        with self._opening:  # nobody asks, so nobody opens one
            sessions, self._sessions = list(self._sessions.values()), {}
        self._watches = {}
        if sessions:
            def close() -> None:
                for session in sessions:
                    session.close()
            self.spawn(self.run(close))
