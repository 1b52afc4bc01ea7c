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

"""An instance that launch files have start and stop processes, and launches to do so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import logging
import os
from pathlib import Path
import shutil
import subprocess
import sys
import threading
from typing import Any

from cli.program import Program
from harness import Lab, wait_until
import launch
from launch import LaunchDescription, LaunchService
import pytest

from launch_service_node.client.records import state_name
from launch_service_node.protocol import SupervisorClient

LONG = 120.0  # seconds for a launch; most take two

NODE = '/robot1/launch_service'

ALLOW_LIST = """\
allowable_processes:
  - id: lidar
    cmd: [/bin/sleep, '3600']
    ready: {after: 0.3 s}
  - id: idle
    cmd: [/bin/sleep, '3600']
  - id: hello
    cmd: [/bin/echo, hello]
    arguments: [{name: word, pattern: '[a-z := ]+', repeated: true}]
  - id: slow
    cmd: FOLDER/slow
    ready: {output: ready, timeout: 120 s}
  - id: gate
    cmd: FOLDER/gate
  - id: show
    cmd: FOLDER/show
    cwd_from_caller: true
    environment_from_caller: [GREETING, WHOM]
    arguments: [{name: word, pattern: '[a-z:= ]+', repeated: true}]
  - id: again
    cmd: FOLDER/again
    restart: {policy: on-failure, delay: 0.1 s}
  - id: never_ready
    cmd: [/bin/sleep, '3600']
    ready: {output: never said, timeout: 0.5 s}
  - id: broken
    cmd: /bin/false
    ready: {after: 20 s}
  - id: brief
    cmd: /bin/true
    ready: {after: 20 s}
"""
SCRIPTS = {
    # Ends when it is told to, with the exit code that it is told.
    'gate': 'read code < "$HOME/go"\nexit $code\n',
    # Gets ready when it is told to.
    'slow': 'read word < "$HOME/go"\necho ready\nexec sleep 3600\n',
    'show': 'echo "$GREETING|$WHOM|$(pwd)"\nfor word in "$@"; do echo "<$word>"; done\n',
    'again': 'echo run >> "$HOME/runs"\n[ "$(wc -l < "$HOME/runs")" -ge 2 ]\n',
}


@dataclass
class Robot:
    """A host on which /robot1 is up."""

    program: Program
    logged: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Return the folder of the launch files, which is the home as well."""
        return self.program.folder

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask the supervisor."""
        with SupervisorClient('/robot1', str(self.program.lab.home)) as client:
            return client.call(op, LONG, **fields)

    def processes(self) -> dict[str, str]:
        """Return the names of all processes, with the names of their states."""
        return {process['process_name']: state_name(process['process_status'])
                for process in self.call('list')['processes']}

    def newest(self, name: str) -> dict[str, Any]:
        """Return the latest process of a name."""
        return max(self.call('list', name=name)['processes'],
                   key=lambda process: int(process['process_id']))

    def output(self, name: str) -> list[str]:
        """Return what the latest process of a name has printed."""
        done = self.program('logs', '--local', '/robot1', '-n', '100', name)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def end_gate(self, code: int) -> None:
        """Have the process `gate` end with an exit code."""
        (self.folder / 'go').write_text(f'{code}\n')  # waits for the one who reads

    def make_ready(self) -> None:
        """Have the process `slow` get ready."""
        (self.folder / 'go').write_text('now\n')

    def launch(self, *entities: Any) -> int:
        """Run a launch of these entities in this process, and return its exit code."""
        service = LaunchService(noninteractive=True)
        service.include_launch_description(LaunchDescription(list(entities)))
        late = threading.Event()

        def give_up() -> None:
            late.set()
            service.shutdown()

        timer = threading.Timer(LONG, give_up)
        timer.start()
        try:
            return int(service.run())
        finally:
            timer.cancel()
            assert not late.is_set(), f'the launch goes on and on: {self.logged}'

    def ros2_launch(self, file: str, text: str, *arguments: str, **environ: str
                    ) -> subprocess.CompletedProcess[str]:
        """Write a launch file and run it to its end."""
        running = self.begin(file, text, *arguments, **environ)
        try:
            output, _ = running.communicate(timeout=LONG)
        finally:
            running.kill()
        return subprocess.CompletedProcess(running.args, running.returncode, output)

    def begin(self, file: str, text: str, *arguments: str, **environ: str
              ) -> subprocess.Popen[str]:
        """Write a launch file and begin to run it."""
        programs = os.path.dirname(sys.executable)
        path = f'{programs}:{self.program.environ["PATH"]}'
        if not shutil.which('ros2', path=path):
            pytest.skip('`ros2` is not installed')
        (self.folder / file).write_text(text)
        return subprocess.Popen(
            ['ros2', 'launch', '--noninteractive', f'./{file}', *arguments], cwd=self.folder,
            env={**self.program.environ, 'PATH': path,
                 'AMENT_PREFIX_PATH': os.environ.get('AMENT_PREFIX_PATH') or sys.prefix,
                 **environ},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True)


def new_program(folder: Path) -> Program:
    """Return the program on a host without an instance, with the allow-list written."""
    lab = Lab(folder)
    for name, script in SCRIPTS.items():
        lab.write(name, f'#!/bin/sh\n{script}', 0o755)
    os.mkfifo(folder / 'go')
    lab.write('robot1.yaml', ALLOW_LIST.replace('FOLDER', str(folder)))
    return Program(lab)


@contextmanager
def hosting(folder: Path) -> Iterator[Program]:
    """Give the program on a host where /robot1 is up."""
    program = new_program(folder)
    try:
        done = program('up', '/robot1', '--allow-list', 'robot1.yaml')
        assert done.returncode == 0, done.stderr
        yield program
        program('down', '--local', '/robot1')
    finally:
        program.lab.close()


@contextmanager
def listening(program: Program) -> Iterator[Robot]:
    """Give a host where /robot1 runs nothing, and what launches say of it."""
    robot = Robot(program)
    handler = logging.Handler()
    handler.emit = lambda record: robot.logged.append(  # type: ignore[method-assign]
        f'{record.levelname} {record.name} {record.getMessage()}')
    loggers = [launch.logging.get_logger(name) for name in (NODE, 'launch')]
    for logger in loggers:
        logger.addHandler(handler)
    yield robot
    for logger in loggers:
        logger.removeHandler(handler)
    if robot.processes():
        robot.call('stop', name='*', sigterm_timeout=0, sigkill_timeout=0)
    (robot.folder / 'runs').unlink(missing_ok=True)
    wait_until(lambda: set(robot.processes().values()) <= {'STOPPED', 'FAILED'})
