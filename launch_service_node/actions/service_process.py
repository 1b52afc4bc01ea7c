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

"""A process that a launch has started on a LaunchServiceNode, and what launch hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TYPE_CHECKING

from launch import LaunchContext
from launch.events.process import ShutdownProcess, SignalProcess

from ..client import LaunchServiceClient
from ..client.records import ALIVE, ENDED, Record, state_name
from ..errors import LaunchServiceError
from ..events import ManagedProcessChanged, ManagedProcessExited, ManagedProcessStarted
from ..events.managed_process import returncode
from .service_call import Call

if TYPE_CHECKING:
    from .start_process import StartProcess

#: Seconds between two looks whether the node of a process that is waited for is there.
LOOK = 5.0


class ManagedProcess:
    """
    Makes events of launch out of the states of a process.

    It has been told of one state at least, that of the response to the start.
    """

    def __init__(self, action: StartProcess, call: Call, request: list[str],
                 environment: dict[str, str], cwd: str, status: Record) -> None:
        self.status = status
        self.ended: asyncio.Future[None] = call.context.asyncio_loop.create_future()
        self._action = action
        self._call = call
        self._details = {'cmd': request, 'cwd': cwd or None, 'env': environment or None}
        self._sequence = -1
        self._over = False

    @property
    def details(self) -> dict[str, Any]:
        """Return what events of launch say of a process."""
        return {'action': self._action, 'name': self.status['process_name'],
                'pid': self.status['os_pid'], **self._details}

    @property
    def alive(self) -> bool:
        """Return whether it runs, or will be restarted."""
        return not self._over

    def take(self, status: Record) -> None:
        """Take a state of the process."""
        if (status['sequence_number'] <= self._sequence
                or status['process_name'] != self.status['process_name']):
            return
        first, self._sequence = self._sequence < 0, status['sequence_number']
        pid = status['os_pid'] or self.status['os_pid']  # the one that it had
        self.status = {**status, 'os_pid': pid}
        over, state = self._over, state_name(status['process_status'])
        self._over = state in ENDED
        if first or over and state in ALIVE:
            self._log('info', f'pid {pid}, {state}')
            self._emit(ManagedProcessStarted(status=status, **self.details))
        self._emit(ManagedProcessChanged(action=self._action, status=status))
        if state == 'BACKOFF':
            self._log('warning', f'{_exit(status)}, will be restarted')
        if self._over and not over:
            well = state == 'STOPPED'
            self._log('info' if well else 'error', f'{state}, {_exit(status)}')
            self._emit(self._exited(status))
            if not self.ended.done():
                self.ended.set_result(None)

    def exit_matters(self) -> bool:
        """Say whether somebody in this launch handles the exit of this process."""
        return bool(self._call.context.would_handle_event(self._exited(self.status)))

    async def guard(self) -> None:
        """Say so when the node is lost from sight, until the process has ended."""
        seen, missed = True, 0
        while not self.ended.done():
            await asyncio.wait([self.ended], timeout=LOOK)
            there = self._call.graph.publishes(self._call.place)
            missed = 0 if there else missed + 1
            if missed == 2 and not self.ended.done():
                seen = False
                self._log('warning', 'its node is not on the ROS graph any more, so its exit '
                          'can only be told when that is back')
            elif there and not seen:
                seen = True
                self._log('info', 'its node is on the ROS graph again')

    def let_go(self) -> None:
        """Wait for its end no longer."""
        if not self.ended.done():
            self.ended.set_result(None)

    def handle(self, event: ShutdownProcess | SignalProcess) -> None:
        """Do to the process what an event of launch asks for."""
        if isinstance(event, SignalProcess):
            name = event.signal_name
            self._begin(f'send {name}', lambda client: client.signal(
                name, proc_id=self.status['process_id'], timeout=self._call.timeout))
        else:
            self.stop()

    def stop(self) -> None:
        """Have it stopped; the launch waits for that."""
        self._begin('stop', lambda client: client.stop(
            proc_id=self.status['process_id'], timeout=self._call.timeout))

    def _begin(self, what: str, work: Callable[[LaunchServiceClient], list[Any]]) -> None:
        async def begin() -> None:
            try:
                self._call.records(await self._call.ask(work))
            except LaunchServiceError as error:
                self._log('error', f'cannot {what}: {error.message} ({error.code.name})')
        self._call.graph.spawn(begin())

    def _exited(self, status: Record) -> ManagedProcessExited:
        return ManagedProcessExited(status=status, scope=self._call.scope, **self.details)

    def _emit(self, event: Any) -> None:
        self._call.context.emit_event_sync(event)

    def _log(self, level: str, words: str) -> None:
        getattr(self._call.logger, level)(
            f'{self.status["process_name"]} (id {self.status["process_id"]}): {words}')


def targets(context: LaunchContext, processes: list[ManagedProcess],
            event: ShutdownProcess | SignalProcess) -> list[ManagedProcess]:
    """Return the living ones of some processes that an event of launch means."""
    return [one for one in processes
            if one.alive and event.process_matcher(one.details['action'])]


def _exit(status: Record) -> str:
    if not status['exit_known']:
        words = 'exit code not known'
    elif status['term_signal']:
        words = f'ended by signal {status["term_signal"]}'
    else:
        words = f'exit code {returncode(status)}'
    return f'{words}: {status["err_msg"]}' if status['err_msg'] else words
