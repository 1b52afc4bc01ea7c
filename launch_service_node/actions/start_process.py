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

"""Has a LaunchServiceNode start a process, which outlives the launch."""

from __future__ import annotations

from dataclasses import dataclass, field
import os
import secrets
from typing import Any
import weakref

from launch import Action, EventHandler, LaunchContext
from launch.events.process import ShutdownProcess, SignalProcess
from launch.frontend import Entity, expose_action, Parser

from ..client.records import process_record, state_name
from ..errors import InvalidRequest
from ..events import ManagedProcessExited
from ..machines.values import (
    flag,
    keep,
    keep_each,
    keep_variables,
    parse_each,
    parse_text,
    parse_value,
    parse_variables,
    text,
    texts,
    Value,
    Values,
    Variables,
    variables,
)
from ..starting import start_instance, STARTED
from .execute_remote_parse import words
from .nested import parse_nested
from .service_call import Call, Continuation, given, ServiceAction
from .service_process import ManagedProcess, targets


@dataclass(frozen=True)
class _Request:
    cmd: str
    fields: dict[str, Any]
    ready: bool
    stop_on_shutdown: bool
    watch: bool | None
    allow_list: tuple[str, ...]
    environ: dict[str, str] = field(repr=False)


@expose_action('start_process')
class StartProcess(ServiceAction):
    """
    Has a LaunchServiceNode start a process, which outlives the launch.

    The stock handlers take it as their `target_action`: OnProcessStart, OnProcessExit and
    OnExecutionComplete, not OnProcessIO, since the output stays on the robot. The process
    has exited when it will not be restarted. The events ShutdownProcess and SignalProcess
    reach it.

    It is complete as soon as the process runs, or is ready where that matters, and then keeps
    the launch from ending only for somebody who handles the exit. Each execution starts one
    more process.

    :param cmd: an id on the allow-list of the node; never a command line.
    :param args: that fit its argument slots; an empty one is left out.
    :param name: of the process; by default the id, with a number where that is taken.
    :param env: variables that the entry lets callers set.
    :param cwd: working directory, absolute.
    :param launch_id: marks what belongs together, for StopProcess.
    :param wait_ready: whether not getting ready is a failure; so it is with an `on_ready`.
    :param on_start: actions for when it runs.
    :param on_ready: actions for when it is ready, as its entry defines it.
    :param on_exit: actions for when it has exited. Each of these may also be a function of
        the event and the context that returns some.
    :param watch: whether the launch lasts until the process has exited; by default when
        somebody handles its exit: an `on_exit`, or an OnProcessExit.
    :param stop_on_shutdown: whether the process is stopped when the launch shuts down. A
        launch that is killed stops nothing; what must end with it is for ExecuteRemote.
    :param allow_list: files or folders with which an instance is brought up on this host, if
        none is up.
    :param kwargs: as ServiceAction, and `condition`.
    """

    def __init__(self, cmd: Value, *, args: Values | None = None, name: Value | None = None,
                 env: Variables | None = None, cwd: Value | None = None,
                 launch_id: Value | None = None, wait_ready: Value = False,
                 on_start: Continuation | None = None, on_ready: Continuation | None = None,
                 on_exit: Continuation | None = None, watch: Value | None = None,
                 stop_on_shutdown: Value = False, allow_list: Values | None = None,
                 **kwargs: Any) -> None:
        """Keep what is to be started."""
        super().__init__(**kwargs)
        self._cmd = keep(cmd)
        self._args = keep_each(args)
        self._env = keep_variables(env)
        self._texts = {'name': keep(name), 'cwd': keep(cwd), 'launch_id': keep(launch_id)}
        self._flags = {'wait_ready': keep(wait_ready), 'watch': keep(watch),
                       'stop_on_shutdown': keep(stop_on_shutdown)}
        self._allow_list = keep_each(allow_list)
        self._continuations.update(start=on_start, ready=on_ready, exit=on_exit)
        self._processes: list[ManagedProcess] = []
        self._contexts: weakref.WeakSet[LaunchContext] = weakref.WeakSet()

    @classmethod
    def parse(cls, entity: Entity, parser: Parser) -> tuple[type[StartProcess], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        return cls, {**kwargs, **given(
            cmd=parse_text(entity, parser, 'cmd'),
            args=_parse_args(entity, parser), env=parse_variables(entity, parser),
            allow_list=parse_each(entity, parser, 'allow_list', 'allow_list', 'file'),
            **{name: parse_text(entity, parser, name) for name in ('name', 'cwd', 'launch_id')},
            **{name: parse_value(entity, parser, name, bool)
               for name in ('wait_ready', 'watch', 'stop_on_shutdown')},
            **{name: parse_nested(entity, parser, name)
               for name in ('on_start', 'on_ready', 'on_exit')})}

    def __call__(self, *what: Any) -> Any:
        """
        Say whether an action is this one, as a `target_action` that is a function does.

        That is how handlers take an action that is no ExecuteLocal. Where they take one for
        a function that returns what is to be done, it returns itself.
        """
        if len(what) == 1 and isinstance(what[0], Action):
            return what[0] is self
        return self

    @property
    def process_details(self) -> dict[str, Any] | None:
        """Return name, pid and the like of the latest process, as ExecuteLocal does."""
        return self._processes[-1].details if self._processes else None

    def execute(self, context: LaunchContext) -> None:
        """Begin to start it, unless the launch shuts down."""
        if context.is_shutdown:
            return
        if context not in self._contexts:
            self._contexts.add(context)
            context.register_event_handler(_Exited(self))
            context.register_event_handler(_Asked(self._processes))
        super().execute(context)

    def prepare(self, context: LaunchContext) -> _Request:
        """Return the request."""
        cmd = text(context, self._cmd)
        if cmd is None:
            raise InvalidRequest('start_process without a cmd: name an id on the allow-list')
        flags = {name: flag(context, kept, f'{name} of {cmd}')
                 for name, kept in self._flags.items()}
        fields = {name: text(context, kept) or '' for name, kept in self._texts.items()}
        return _Request(
            cmd, {**fields, 'args': texts(context, self._args) or (),
                  'env': variables(context, self._env),
                  # One for each execution, so that the request may be sent again.
                  'uid': secrets.randbits(64) or 1},
            flags['wait_ready'] or self.continues('ready'), flags['stop_on_shutdown'],
            None if text(context, self._flags['watch']) is None else flags['watch'],
            texts(context, self._allow_list) or (),
            # That of the group: it has ended when the work begins.
            dict(os.environ))

    def purpose(self, request: _Request) -> str:
        """Return what is asked for."""
        return f'start {request.cmd}'

    async def perform(self, call: Call, request: _Request) -> None:
        """Start it, and tell launch what becomes of it."""
        await self._bring_up(call, request)
        watch = await call.graph.watch(call.place)
        status = process_record(await call.ask(
            lambda client: client.start(request.cmd, timeout=call.timeout, **request.fields),
            cut=not request.stop_on_shutdown))
        process = ManagedProcess(self, call, [request.cmd, *request.fields['args']],
                                 request.fields['env'], request.fields['cwd'], status)
        self._processes.append(process)
        if request.stop_on_shutdown:
            self._bind(call, process)
        call.graph.at_end(process.let_go)
        watch.follow(status, process.take)
        self.done(call, 'start', [process.status])
        if request.ready and not call.context.is_shutdown:
            await self._wait_ready(call, request, process)
        watched = process.exit_matters() if request.watch is None else request.watch
        if watched and not call.context.is_shutdown:
            call.context.add_completion_future(process.ended)
            call.context.asyncio_loop.create_task(process.guard())

    async def _bring_up(self, call: Call, request: _Request) -> None:
        """Bring an instance up where there is none, or say that there is none."""
        if not request.allow_list:
            return await self.find_local(call)
        outcome = await call.graph.run(lambda: start_instance(
            call.namespace, request.allow_list, environ=request.environ))
        if outcome.what == STARTED:
            call.logger.info(f'{call.namespace} is up, and stays up after this launch')

    def _bind(self, call: Call, process: ManagedProcess) -> None:
        def stop() -> None:
            if process.alive:
                process.stop()
        if call.context.is_shutdown:
            stop()
        else:
            call.graph.at_end(stop)

    async def _wait_ready(self, call: Call, request: _Request, process: ManagedProcess) -> None:
        """Tell launch when the process is ready."""
        status = process.status
        if state_name(status['process_status']) != 'RUNNING':
            # The uid says which start is meant; nothing is started a second time. Whether one
            # that has ended was ready before, only the node knows.
            status, = call.records([await call.ask(
                lambda client: client.start(request.cmd, wait_ready=True, timeout=call.timeout,
                                            **request.fields), cut=True)])
        self.done(call, 'ready', [status])


class _Exited(EventHandler):
    """Does what is to follow on the exit of a process of an action."""

    def __init__(self, action: StartProcess) -> None:
        super().__init__(matcher=lambda event: (
            isinstance(event, ManagedProcessExited) and event.action is action
            and action.continues('exit')))
        self._action = action

    def handle(self, event: Any, context: LaunchContext) -> Any:
        """Return what is to be done."""
        super().handle(event, context)
        return self._action.follow('exit', event, event.scope, context)


class _Asked(EventHandler):
    """Stops or signals processes of an action when an event of launch says so."""

    def __init__(self, processes: list[ManagedProcess]) -> None:
        super().__init__(matcher=lambda event: isinstance(event, (ShutdownProcess, SignalProcess)))
        self._processes = processes

    def handle(self, event: Any, context: LaunchContext) -> None:
        """Ask the node for it."""
        super().handle(event, context)
        for process in targets(context, self._processes, event):
            process.handle(event)


def _parse_args(entity: Entity, parser: Parser) -> list[Any] | None:
    """Return arguments: a text that is split as in a shell, a list, or elements `arg`."""
    if not entity.get_attr('arg', data_type=list[Entity], optional=True):
        try:
            line = entity.get_attr('args', optional=True)
        except TypeError:
            line = None  # a list
        if isinstance(line, str):
            return list(words(parser.parse_substitution(line)))
    return parse_each(entity, parser, 'args', 'arg', 'value')
