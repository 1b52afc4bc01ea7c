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

"""A real instance: supervisor, node, a ROS domain of its own, and the program as a user has it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import fcntl
import os
from pathlib import Path
import subprocess
import sys
import tempfile

import pytest

LONG = 60.0

ALLOW_LIST = """\
allowable_processes:
  - id: greet
    description: says hello and ends
    cmd: [/bin/echo, hello]
    arguments: [{name: whom, pattern: '[a-z]+', repeated: true}]
  - id: idle
    cmd: [/bin/sleep, '3600']
  - id: counter
    cmd: COUNTER
  - id: again
    cmd: AGAIN
    restart: {policy: on-failure, delay: 0.3 s}
"""
SCRIPTS = {
    'COUNTER': 'i=0\nwhile [ $i -lt 100 ]; do\n  echo line $i\n  i=$((i+1))\n  sleep 0.1\ndone\n',
    'AGAIN': 'echo run >> "$HOME/runs"\nread_runs=$(wc -l < "$HOME/runs")\n'
             'echo this is run $read_runs\nsleep 0.3\n[ "$read_runs" -ge 2 ]\n',
}


@dataclass
class Program:
    """Runs `launch-service` in an environment of its own."""

    folder: Path
    environ: dict[str, str]
    command: list[str] = field(default_factory=lambda: [
        sys.executable, '-m', 'launch_service_node.cli'])

    def __call__(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command line to its end."""
        return subprocess.run(
            [*self.command, *words], capture_output=True, text=True, cwd=self.folder,
            timeout=LONG * 2, env={**self.environ, **extra}, stdin=subprocess.DEVNULL)

    def begin(self, *words: str) -> 'subprocess.Popen[str]':
        """Begin to run a command line."""
        return subprocess.Popen(
            [*self.command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL)


def _environment(folder: Path, domain: int) -> dict[str, str]:
    environ = {key: value for key, value in os.environ.items()
               if not key.startswith(('ROS_', 'RMW_', 'LAUNCH_SERVICE_', 'XDG_', 'NO_COLOR'))}
    environ.update(HOME=str(folder / 'home'), ROS_DOMAIN_ID=str(domain),
                   ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST', ROS_HOME=str(folder / 'ros'),
                   LAUNCH_SERVICE_STATE_DIR=str(folder / 'state'),
                   PATH=f'{os.path.dirname(sys.executable)}:{os.environ["PATH"]}')
    return environ


def _private_folder(folder: Path) -> Path:
    (folder / 'home').mkdir()
    text = ALLOW_LIST
    for name, script in SCRIPTS.items():
        path = folder / name.lower()
        path.write_text(f'#!/bin/sh\n{script}')
        path.chmod(0o755)
        text = text.replace(name, str(path))
    (folder / 'robot1.yaml').write_text(text)
    (folder / 'robot1.yaml').chmod(0o644)
    return folder


@pytest.fixture(scope='module')
def module_domain() -> Iterator[int]:
    """Give a ROS_DOMAIN_ID that no other test uses at the same time."""
    for number in range(1, 101):
        path = os.path.join(tempfile.gettempdir(), f'ros_domain_{number}.lock')
        with open(path, 'w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
    pytest.fail('every ROS domain is taken')


@pytest.fixture(scope='module')
def lonely(tmp_path_factory: pytest.TempPathFactory, module_domain: int) -> Program:
    """Give the program on a host without any instance."""
    folder = _private_folder(tmp_path_factory.mktemp('cli'))
    return Program(folder, _environment(folder, module_domain))


@pytest.fixture(scope='module')
def program(lonely: Program) -> Iterator[Program]:
    """Give the program on a host where /robot1 is up."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    try:
        done = lonely('up', '/robot1', '--allow-list', 'robot1.yaml')
        assert done.returncode == 0, done.stderr
        yield lonely
    finally:
        lonely('down', '--local', '/robot1')
