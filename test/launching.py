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

"""Launch descriptions that tests run in this process; needs `launch`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import getpass
from pathlib import Path
import textwrap
import threading
from typing import Any

from harness import PATIENCE
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity, LaunchService
from launch.actions import EmitEvent, IncludeLaunchDescription, RegisterEventHandler
from launch.event_handlers import OnProcessExit, OnProcessIO, OnProcessStart
from launch.events import matches_action
from launch.events.process import SignalProcess
from launch.launch_description_sources import AnyLaunchDescriptionSource
import launch.logging
from osrf_pycommon.process_utils import get_loop
from ssh_servers import Sshd

from launch_service_node.machines import SSHMachine


class Launcher:
    """Runs launch descriptions, one after the other; `context` is that of the last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0
        self.service: LaunchService
        self._set_up_logs()

    @property
    def context(self) -> LaunchContext:
        return self.service.context

    def run(self, *entities: LaunchDescriptionEntity, timeout: float = PATIENCE,
            **configurations: str) -> int:
        """Run a description until it is idle or shut down; fail when that takes too long."""
        self.runs += 1
        self.service = LaunchService(noninteractive=True)
        self.context.launch_configurations.update(configurations)
        self.service.include_launch_description(LaunchDescription(list(entities)))
        loop = get_loop()
        task = loop.create_task(self.service.run_async())
        late = threading.Event()

        def give_up() -> None:
            late.set()
            loop.call_soon_threadsafe(task.cancel)
        timer = threading.Timer(timeout, give_up)
        timer.start()
        try:
            code = self._run(loop, task)
        finally:
            timer.cancel()
            self._set_up_logs()
        assert not late.is_set(), f'launch has not ended after {timeout:g} s\n{self.log()}'
        return code

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[int]) -> int:
        while True:
            try:
                return loop.run_until_complete(task)
            except KeyboardInterrupt:
                continue  # as LaunchService.run does
            except asyncio.CancelledError:
                return -1

    def _set_up_logs(self) -> None:
        # For the next run: actions take their loggers when they are made.
        launch.logging.reset()
        logs = self.folder / f'log{self.runs + 1}'
        logs.mkdir()
        launch.logging.launch_config.log_dir = str(logs)

    def log(self) -> str:
        """Return what launch wrote to its log file."""
        return (self.folder / f'log{self.runs}' / 'launch.log').read_text()

    def own_log(self, name: str) -> str:
        """Return another file of the same folder."""
        return (self.folder / f'log{self.runs}' / name).read_text()

    def file(self, name: str, text: str, **arguments: str) -> IncludeLaunchDescription:
        """Write a launch file, and return the action that includes it."""
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return IncludeLaunchDescription(AnyLaunchDescriptionSource(str(path)),
                                        launch_arguments=arguments.items())


class Told:
    """What the stock event handlers hear of an action, or of all."""

    def __init__(self, action: Any = None) -> None:
        self.events: list[tuple[str, Any]] = []
        self._action = action

    def hear(self) -> list[LaunchDescriptionEntity]:
        """Return what is to be in the description."""
        def keep(kind: str) -> Callable[..., None]:
            return lambda event, *_: self.events.append((kind, event))
        return [RegisterEventHandler(one) for one in (
            OnProcessStart(target_action=self._action, on_start=keep('start')),
            OnProcessIO(target_action=self._action, on_stdout=keep('stdout'),
                        on_stderr=keep('stderr'), on_stdin=keep('stdin')),
            OnProcessExit(target_action=self._action, on_exit=keep('exit')))]

    def all(self, kind: str) -> list[Any]:
        return [event for what, event in self.events if what == kind]

    @property
    def stdout(self) -> bytes:
        return b''.join(event.text for event in self.all('stdout'))

    @property
    def stderr(self) -> bytes:
        return b''.join(event.text for event in self.all('stderr'))

    @property
    def codes(self) -> list[int]:
        return [event.returncode for event in self.all('exit')]


def when_it_says(action: Any, word: bytes, *then: LaunchDescriptionEntity) -> RegisterEventHandler:
    """Do something once a process has written a word to stdout."""
    said = bytearray()

    def hear(event: Any) -> Any:
        before = word in said
        said.extend(event.text)
        return list(then) if word in said and not before else None
    return RegisterEventHandler(OnProcessIO(target_action=action, on_stdout=hear))


def send(action: Any, number: Any) -> EmitEvent:
    """Return the action that signals a process by the stock event."""
    return EmitEvent(event=SignalProcess(signal_number=number,
                                         process_matcher=matches_action(action)))


def machine_on(sshd: Sshd, **changes: Any) -> SSHMachine:
    """Return a server as a machine called robot."""
    return SSHMachine(**{**ssh_arguments(sshd), **changes})


def ssh_arguments(sshd: Sshd) -> dict[str, Any]:
    """Return what is needed to log in to a server."""
    return {'hostname': 'robot', 'user': getpass.getuser(), 'ssh_key': str(sshd.user_key),
            'ssh_config': str(sshd.ssh_config), 'connect_timeout': PATIENCE,
            'start_timeout': PATIENCE}


def machine_in_xml(sshd: Sshd, **more: str) -> str:
    """Return the attributes of `ssh_machine` in XML."""
    return ' '.join(f'{name}="{value}"' for name, value in {
        **ssh_arguments(sshd), **more}.items())
