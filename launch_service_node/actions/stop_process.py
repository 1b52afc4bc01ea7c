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

"""Has a LaunchServiceNode stop processes."""

from __future__ import annotations

from typing import Any

from launch import LaunchContext
from launch.frontend import Entity, expose_action, Parser

from ..client.waits import answer_within
from ..errors import InvalidRequest
from ..machines.values import keep, number, parse_text, parse_value, text, Value, whole
from .nested import parse_nested
from .service_call import Call, Continuation, given, ServiceAction


@expose_action('stop_process')
class StopProcess(ServiceAction):
    """
    Has a LaunchServiceNode stop processes, with all that they have started.

    It is complete when nothing is left of them. A process that has ended already counts as
    stopped; that none matches is a failure. It works in an OnShutdown as well.

    :param name: of the process, or a glob for several.
    :param proc_id: number of the process.
    :param launch_id: of all that were started with it. What matches all that is given is
        stopped; something has to be.
    :param sigterm_timeout: seconds from SIGINT to SIGTERM; by default as the entry says.
    :param sigkill_timeout: seconds from SIGTERM to SIGKILL; by default as the entry says.
    :param on_stopped: actions for when they are gone, or a function of a RequestDone and the
        context that returns some.
    :param kwargs: as ServiceAction, and `condition`.
    """

    def __init__(self, name: Value | None = None, *, proc_id: Value | None = None,
                 launch_id: Value | None = None, sigterm_timeout: Value | None = None,
                 sigkill_timeout: Value | None = None, on_stopped: Continuation | None = None,
                 **kwargs: Any) -> None:
        """Keep what is to be stopped."""
        super().__init__(**kwargs)
        self._name = keep(name)
        self._proc_id = keep(proc_id)
        self._launch_id = keep(launch_id)
        self._times = {'sigterm_timeout': keep(sigterm_timeout),
                       'sigkill_timeout': keep(sigkill_timeout)}
        self._continuations['stopped'] = on_stopped

    @classmethod
    def parse(cls, entity: Entity, parser: Parser) -> tuple[type[StopProcess], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        return cls, {**kwargs, **given(
            name=parse_text(entity, parser, 'name'),
            launch_id=parse_text(entity, parser, 'launch_id'),
            proc_id=parse_value(entity, parser, 'proc_id', int),
            **{name: parse_value(entity, parser, name, float)
               for name in ('sigterm_timeout', 'sigkill_timeout')},
            on_stopped=parse_nested(entity, parser, 'on_stopped'))}

    def prepare(self, context: LaunchContext) -> dict[str, Any]:
        """Return the request."""
        request = {
            'name': text(context, self._name) or '',
            'proc_id': whole(context, self._proc_id, 'proc_id of stop_process') or 0,
            'launch_id': text(context, self._launch_id) or ''}
        if not any(request.values()):
            raise InvalidRequest('stop_process without a name, proc_id or launch_id: say what to '
                                 'stop; everything is name="*"')
        return {**request, **{name: number(context, kept, f'{name} of stop_process')
                              for name, kept in self._times.items()}}

    def purpose(self, request: dict[str, Any]) -> str:
        """Return what is asked for."""
        what = [f'{word} {request[field]}' for field, word in (
            ('proc_id', 'process'), ('launch_id', 'launch id')) if request[field]]
        return 'stop ' + ' '.join(([request['name']] if request['name'] else []) + what)

    async def perform(self, call: Call, request: dict[str, Any]) -> None:
        """Stop them."""
        await self.find_local(call)
        wait = answer_within(call.timeout, waits_for_process=True,
                             ladder=(request['sigterm_timeout'], request['sigkill_timeout']))
        processes = call.records(await call.ask(
            lambda client: client.stop(timeout=wait, **request)))
        names = ', '.join(process['process_name'] for process in processes)
        call.logger.info(f'stopped: {names}')
        self.done(call, 'stopped', processes)
