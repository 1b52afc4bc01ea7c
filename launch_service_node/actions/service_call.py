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

"""What actions that ask a LaunchServiceNode have in common."""

from __future__ import annotations

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import platform
from typing import Any, TypeAlias, TypeVar

from launch import Action, Event, EventHandler, LaunchContext, LaunchDescriptionEntity
from launch.actions import GroupAction
from launch.frontend import Entity, Parser
import launch.logging
from launch.some_entities_type import SomeEntitiesType

from ..client import LaunchServiceClient, namespace_of_node, node_of
from ..client.records import process_record, Record
from ..client.waits import FIND
from ..errors import LaunchServiceError, Unreachable
from ..events import RequestDone, RequestFailed
from ..instance import namespace_from_hostname
from ..machines.values import keep, number, parse_text, parse_value, text, Value
from ..protocol import SupervisorClient
from .nested import parse_nested
from .service_graph import domain_here, Graph, graph_of, LaunchEnded, Place

T = TypeVar('T')

#: What to do next: actions, or a function of an event and the context that returns some.
Continuation: TypeAlias = SomeEntitiesType | Callable[[Any, LaunchContext],
                                                      SomeEntitiesType | None]

#: When it is that some actions follow, in words; and these.
Followers: TypeAlias = tuple[str, list[LaunchDescriptionEntity]]

_HANDLED = '_launch_service_node_continues'


@dataclass(frozen=True)
class Call:
    """
    One execution of an action.

    :ivar place: whom it asks.
    :ivar scope: the launch configurations where the action stands.
    :ivar timeout: seconds for an answer, or None: as the client has it.
    :ivar here: whether no namespace was named.
    """

    context: LaunchContext
    graph: Graph
    place: Place
    scope: dict[str, str]
    timeout: float | None
    here: bool

    @property
    def namespace(self) -> str:
        """Return the namespace of the instance."""
        return namespace_of_node(self.place.node)

    @property
    def logger(self) -> Any:
        """Return launch's logger, by the name of the node."""
        return launch.logging.get_logger(self.place.node)

    async def ask(self, work: Callable[[LaunchServiceClient], T], *, cut: bool = False) -> T:
        """Return what a function gives that asks the node; as Graph.ask."""
        return await self.graph.ask(self.place, work, cut=cut)

    def records(self, statuses: Sequence[Any]) -> list[Record]:
        """Return processes of a response, for which whoever follows them is told as well."""
        records = [process_record(status) for status in statuses]
        self.graph.take(self.place, records)
        return records


class ServiceAction(Action):
    """
    Asks a LaunchServiceNode for something, and does not hold launch up meanwhile.

    It is complete when the node has answered. An error shuts the launch down, which then
    ends with exit code 1, unless there is an `on_failure`.

    :param namespace: of the instance, such as `robot1`; by default the one of this host
        that is named after it.
    :param timeout: seconds to wait for an answer; 10, or 60 where processes have to stop or
        to get ready.
    :param find_within: seconds for the node to be on the ROS graph; 10.
    :param on_failure: actions for the case that it fails, instead of the end of the launch;
        or a function of a RequestFailed and the context that returns some.
    """

    def __init__(self, *, namespace: Value | None = None, timeout: Value | None = None,
                 find_within: Value | None = None, on_failure: Continuation | None = None,
                 **kwargs: Any) -> None:
        """Keep what is asked for."""
        super().__init__(**kwargs)
        self._namespace = keep(namespace)
        self._timeout = keep(timeout)
        self._find_within = keep(find_within)
        self._continuations: dict[str, Continuation | None] = {'failure': on_failure}
        self._future: asyncio.Future[Any] | None = None

    @classmethod
    def parse(cls, entity: Entity, parser: Parser) -> tuple[type[ServiceAction], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        return cls, {**kwargs, **given(
            namespace=parse_text(entity, parser, 'namespace'),
            timeout=parse_value(entity, parser, 'timeout', float),
            find_within=parse_value(entity, parser, 'find_within', float),
            on_failure=parse_nested(entity, parser, 'on_failure'))}

    @abstractmethod
    def prepare(self, context: LaunchContext) -> Any:
        """
        Return the request, with its substitutions performed.

        :raises InvalidRequest: it can't be right.
        """
        raise NotImplementedError

    @abstractmethod
    async def perform(self, call: Call, request: Any) -> None:
        """
        Ask for what `prepare` has returned.

        :raises LaunchServiceError: it failed.
        """
        raise NotImplementedError

    @abstractmethod
    def purpose(self, request: Any) -> str:
        """Return what is asked for in a few words, to follow on `cannot`."""
        raise NotImplementedError

    def execute(self, context: LaunchContext) -> None:
        """Begin to ask."""
        namespace = text(context, self._namespace)
        find_within = number(context, self._find_within, 'find_within')
        place = Place(node_of(namespace or namespace_from_hostname(platform.node())),
                      domain_here(), FIND if find_within is None else find_within)
        call = Call(context, graph_of(context), place, dict(context.launch_configurations),
                    number(context, self._timeout, 'timeout'), here=namespace is None)
        request = self.prepare(context)
        _handle_events(context)
        self._future = context.asyncio_loop.create_task(self._run(call, request))

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Return what is done when the node has answered."""
        return self._future

    def describe_conditional_sub_entities(self) -> list[Followers]:
        """Return what may follow, so that `ros2 launch` finds the arguments declared there."""
        return [*super().describe_conditional_sub_entities(),
                *followers(self.describe(), self._continuations)]

    async def find_local(self, call: Call) -> None:
        """
        Say at once when the node should be on this host, and isn't.

        :raises Unreachable: there is no instance.
        """
        if call.here:
            await call.graph.run(lambda: _check_local(call.namespace))

    def done(self, call: Call, what: str, processes: Sequence[Record]) -> None:
        """Tell launch that something was done, and have it go on with what is to follow."""
        call.context.emit_event_sync(RequestDone(
            action=self, what=what, processes=processes, scope=call.scope))

    def continues(self, what: str) -> bool:
        """Say whether something follows."""
        return self._continuations.get(what) is not None

    def follow(self, what: str, event: Event, scope: dict[str, str], context: LaunchContext
               ) -> list[LaunchDescriptionEntity]:
        """Return what follows, to be done with the launch configurations of this action."""
        then = self._continuations.get(what)
        if callable(then) and not isinstance(then, LaunchDescriptionEntity):
            then = then(event, context)
        if then is None:
            return []
        entities = [then] if isinstance(then, LaunchDescriptionEntity) else list(then)
        return [GroupAction(entities, launch_configurations=scope)]  # type: ignore[arg-type]

    async def _run(self, call: Call, request: Any) -> None:
        try:
            await self.perform(call, request)
        except (LaunchEnded, KeyboardInterrupt):
            # launch hears of Ctrl-C in another way, and lets Python raise it wherever it is.
            call.logger.warning(
                f'the launch ends before the answer to: {self.purpose(request)}; see what became '
                f'of it with `launch-service list {call.namespace}`')
        except LaunchServiceError as error:
            told = type(error)(
                f'cannot {self.purpose(request)} on {call.place.node}: {error.message} '
                f'({error.code.name})', error.code, **error.facts)
            if self.continues('failure'):
                call.logger.error(told.message)
            call.context.emit_event_sync(
                RequestFailed(action=self, error=told, scope=call.scope))


class _Continue(EventHandler):
    """Does what is to follow, or ends the launch when something failed and nothing is."""

    def __init__(self) -> None:
        super().__init__(matcher=lambda event: isinstance(event, (RequestDone, RequestFailed)))

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return what is to be done."""
        super().handle(event, context)
        if isinstance(event, RequestDone):
            return event.action.follow(event.what, event, event.scope, context)
        assert isinstance(event, RequestFailed)
        if not event.action.continues('failure'):
            raise event.error  # launch says so, shuts down and returns 1
        return event.action.follow('failure', event, event.scope, context)


def followers(action: str, continuations: Mapping[str, Continuation | None]) -> list[Followers]:
    """Return what may follow on an action; what a function will return nobody knows before."""
    found: list[Followers] = []
    for what, then in continuations.items():
        if isinstance(then, LaunchDescriptionEntity):
            found.append((f'on_{what} of {action}', [then]))
        elif then is not None and not callable(then):
            found.append((f'on_{what} of {action}', list(then)))
    return found


def given(**arguments: Any) -> dict[str, Any]:
    """Return the arguments that are not None."""
    return {name: one for name, one in arguments.items() if one is not None}


def _handle_events(context: LaunchContext) -> None:
    if _HANDLED not in context.get_locals_as_dict():
        context.extend_globals({_HANDLED: True})
        context.register_event_handler(_Continue(), append=True)


def _check_local(namespace: str) -> None:
    try:
        SupervisorClient(namespace).close()
    except Unreachable as error:
        raise Unreachable(f'{error.message}, or name the instance that is meant',
                          error.code) from error
