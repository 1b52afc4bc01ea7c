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

"""Brings a LaunchServiceNode up on a machine, and lets go of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import os
import threading
from typing import Any

from launch import Action, Event, EventHandler, LaunchContext, LaunchDescriptionEntity
from launch.actions import GroupAction
from launch.event_handlers import OnShutdown
from launch.frontend import Entity, expose_action, Parser
import launch.logging
from launch.some_entities_type import SomeEntitiesType

from ..bootstrap.bringing_up import bring_up, Outcome
from ..bootstrap.request import Request
from ..errors import LaunchServiceError
from ..events import RemoteNotReady, RemoteReady
from ..machines import find_machine, pool_of, SomeMachine
from ..machines.values import Value, Values, Variables
from ..ssh.pool import Pool
from .bootstrap_arguments import Arguments, parse_arguments
from .nested import parse_nested
from .service_call import Continuation, Followers, followers, given
from .service_graph import graph_of

#: Seconds that the end of the launch waits for what is cut short.
_PARTING = 5.0

#: Seconds from one look whether the launch shuts down to the next.
_PULSE = 1.0

_HANDLED = '_launch_service_node_bootstraps'


@expose_action('bootstrap_launch_service')
class BootstrapLaunchService(Action):
    """
    Brings a LaunchServiceNode up on a machine; it outlives the launch, and this computer.

    One that runs there already just so is left as it is; one that runs otherwise is a
    failure, or is replaced. The action is complete when the node is up and its heartbeat
    has arrived here. Launch goes on meanwhile. A failure shuts the launch down, which then
    ends with exit code 1, unless there is an `on_failure`.

    Emits a RemoteReady or a RemoteNotReady.

    :param machine: a machine, or the name that one was declared by; default: the default
        machine of this group or file.
    :param namespace: of the instance, such as `robot1`; by default made of the machine's
        host name.
    :param allow_list: files here, or folders of them, of what may be started; they are sent.
    :param remote_allow_list: files or folders that are there.
    :param parameters: of the node.
    :param labels: that its heartbeat carries.
    :param ros_arguments: of the node.
    :param domain_id: of the node; by default as the set-up there says, else as here.
    :param rmw: its RMW_IMPLEMENTATION; likewise.
    :param enclave: the folder here of the one SROS2 enclave to send.
    :param replace: whether one that runs otherwise is replaced; its processes live on.
    :param systemd: `auto`: under the user's systemd there, where it lingers; `always`;
        `never`.
    :param wait_for_graph: whether its heartbeat has to arrive here.
    :param timeout: seconds for the machine to bring it up; 60.
    :param graph_timeout: seconds for the heartbeat; 20.
    :param on_ready: actions for when it is up.
    :param on_failure: actions for when it can't be brought up, instead of the end of the
        launch. Either may also be a function of the event and the context that returns some.
    """

    def __init__(self, *, machine: SomeMachine | None = None, namespace: Value | None = None,
                 allow_list: Values | None = None, remote_allow_list: Values | None = None,
                 parameters: Mapping[Any, Any] | None = None, labels: Variables | None = None,
                 ros_arguments: Values | None = None, domain_id: Value | None = None,
                 rmw: Value | None = None, enclave: Value | None = None, replace: Value = False,
                 systemd: Value | None = None, wait_for_graph: Value = True,
                 timeout: Value | None = None, graph_timeout: Value | None = None,
                 on_ready: Continuation | None = None, on_failure: Continuation | None = None,
                 **kwargs: Any) -> None:
        """Keep what is asked for; nothing is connected to."""
        super().__init__(**kwargs)
        self._machine = machine
        self._arguments = Arguments(
            texts={'namespace': namespace, 'rmw': rmw, 'enclave': enclave, 'systemd': systemd},
            lists={'allow_list': allow_list, 'remote_allow_list': remote_allow_list,
                   'ros_arguments': ros_arguments},
            flags={'replace': replace, 'wait_for_graph': wait_for_graph},
            numbers={'timeout': timeout, 'graph_timeout': graph_timeout}, domain_id=domain_id,
            parameters=parameters, labels=labels)
        self._continuations = {RemoteReady: on_ready, RemoteNotReady: on_failure}
        self._future: asyncio.Task[None] | None = None

    @classmethod
    def parse(cls, entity: Entity, parser: Parser
              ) -> tuple[type[BootstrapLaunchService], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        return cls, {**kwargs, **parse_arguments(entity, parser), **given(
            on_ready=parse_nested(entity, parser, 'on_ready'),
            on_failure=parse_nested(entity, parser, 'on_failure'))}

    def execute(self, context: LaunchContext) -> None:
        """Begin to bring it up, unless the launch shuts down."""
        if context.is_shutdown:
            return
        host = find_machine(context, self._machine).host(context)
        request = self._arguments.request(context, host)
        _continue_with(context)
        cancel = threading.Event()
        cut = context.asyncio_loop.create_future()

        def end(*_: object) -> None:
            cancel.set()
            if not cut.done():
                cut.set_result(None)
        context.register_event_handler(OnShutdown(on_shutdown=end))
        # What the place of this action says: groups have ended before the task begins.
        self._future = context.asyncio_loop.create_task(self._run(
            context, pool_of(context), request, cancel, cut, dict(os.environ),
            dict(context.launch_configurations)))

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Return what is done when it is up, or can't be."""
        return self._future

    def describe_conditional_sub_entities(self) -> list[Followers]:
        """Return what may follow, so that `ros2 launch` finds the arguments declared there."""
        return [*super().describe_conditional_sub_entities(), *followers(self.describe(), {
            'ready': self._continuations[RemoteReady],
            'failure': self._continuations[RemoteNotReady]})]

    def follow(self, event: RemoteReady | RemoteNotReady, context: LaunchContext
               ) -> list[LaunchDescriptionEntity]:
        """
        Return what follows, to be done with the launch configurations of this action.

        :raises LaunchServiceError: it failed, and nothing is to follow.
        """
        then = self._continuations[type(event)]
        if then is None and isinstance(event, RemoteNotReady):
            raise event.error  # launch says so, shuts down and returns 1
        if callable(then) and not isinstance(then, LaunchDescriptionEntity):
            then = then(event, context)
        if then is None:
            return []
        entities = [then] if isinstance(then, LaunchDescriptionEntity) else list(then)
        return [GroupAction(entities, launch_configurations=event.scope)]  # type: ignore[arg-type]

    async def _run(self, context: LaunchContext, pool: Pool, request: Request,
                   cancel: threading.Event, cut: asyncio.Future[None],
                   environ: dict[str, str], scope: dict[str, str]) -> None:
        logger = launch.logging.get_logger(str(request.host))
        work = context.asyncio_loop.create_task(graph_of(context).run(lambda: bring_up(
            pool, request, logger.warning, lambda words: logger.info(f'{words} ...'), cancel,
            environ)))
        while not work.done() and not cancel.is_set():
            await asyncio.wait({work, cut}, timeout=_PULSE, return_when=asyncio.FIRST_COMPLETED)
            # A second Ctrl-C can tear the event Shutdown out of launch's hands.
            if context.is_shutdown:
                cancel.set()
        if cancel.is_set():
            # It goes on by itself over there; here nothing of it stays.
            await asyncio.wait({work}, timeout=_PARTING)
            work.cancel()
            logger.warning('the launch ends before it is known whether the LaunchServiceNode is '
                           f'up; look with `launch-service list` or on {request.host}')
            return
        try:
            outcome = work.result()
        except LaunchServiceError as error:
            told = type(error)(f'cannot bring up a LaunchServiceNode: {error.message}',
                               error.code, **error.facts)
            if self._continuations[RemoteNotReady] is not None:
                logger.error(told.message)
            context.emit_event_sync(RemoteNotReady(action=self, error=told, scope=scope))
            return
        _tell(logger, outcome)
        context.emit_event_sync(RemoteReady(action=self, outcome=outcome, scope=scope))


def _tell(logger: Any, outcome: Outcome) -> None:
    node = outcome.instance['node'] or {}
    logger.info(f'{outcome.namespace} is up ({outcome.what}): node {node.get("name")}, pid '
                f'{node.get("pid")}, domain {node.get("domain_id")}')


class _Continue(EventHandler):
    """Does what is to follow, or ends the launch when it failed and nothing is."""

    def __init__(self) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, (RemoteReady, RemoteNotReady))
            and isinstance(event.action, BootstrapLaunchService))

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return what is to be done."""
        super().handle(event, context)
        assert isinstance(event, (RemoteReady, RemoteNotReady))
        assert isinstance(event.action, BootstrapLaunchService)
        return event.action.follow(event, context)


def _continue_with(context: LaunchContext) -> None:
    if _HANDLED not in context.get_locals_as_dict():
        context.extend_globals({_HANDLED: True})
        context.register_event_handler(_Continue(), append=True)
