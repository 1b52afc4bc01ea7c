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

"""Has a LaunchServiceNode end."""

from __future__ import annotations

from typing import Any

from launch import LaunchContext
from launch.frontend import Entity, expose_action, Parser

from ..client import LaunchServiceClient
from ..client.waits import ANSWER
from ..errors import ResultCode, Unreachable
from ..machines.values import flag, keep, parse_value, Value
from .nested import parse_nested
from .service_call import Call, Continuation, given, ServiceAction


@expose_action('shutdown_launch_service')
class ShutdownLaunchService(ServiceAction):
    """
    Has a LaunchServiceNode end, with its processes or without.

    It is complete when the node has left the ROS graph. It works in an OnShutdown as well.

    :param keep_processes: whether the processes live on, looked after by their supervisor;
        by default they are stopped, and the supervisor ends too.
    :param on_ended: actions for when the node is gone, or a function of a RequestDone and the
        context that returns some.
    :param kwargs: as ServiceAction, and `condition`.
    """

    def __init__(self, *, keep_processes: Value = False, on_ended: Continuation | None = None,
                 **kwargs: Any) -> None:
        """Keep what is to end."""
        super().__init__(**kwargs)
        self._keep_processes = keep(keep_processes)
        self._continuations['ended'] = on_ended

    @classmethod
    def parse(cls, entity: Entity, parser: Parser
              ) -> tuple[type[ShutdownLaunchService], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        return cls, {**kwargs, **given(
            keep_processes=parse_value(entity, parser, 'keep_processes', bool),
            on_ended=parse_nested(entity, parser, 'on_ended'))}

    def prepare(self, context: LaunchContext) -> bool:
        """Return whether the processes are kept."""
        return flag(context, self._keep_processes, 'keep_processes of shutdown_launch_service')

    def purpose(self, request: bool) -> str:
        """Return what is asked for."""
        return 'end the node' if request else 'end the instance'

    async def perform(self, call: Call, request: bool) -> None:
        """End it."""
        def end(client: LaunchServiceClient) -> list[Any]:
            processes = client.shutdown(keep_processes=request, timeout=call.timeout)
            if not client.wait_gone(ANSWER):
                raise Unreachable(f'it has agreed to end and is still there after {ANSWER:g} s',
                                  ResultCode.TIMED_OUT)
            return processes

        await self.find_local(call)
        processes = call.records(await call.ask(end))
        call.logger.info('is down, its processes live on' if request
                         else 'is down, no process is left')
        self.done(call, 'ended', processes)
