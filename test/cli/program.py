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

"""The program as a user has it, on a host of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
import shlex
import subprocess
import sys

from harness import Lab, PATIENCE

LONG = 60.0

#: How soon an instance is found, or a tab is answered, is up to the host, and not what is tested.
PATIENT = f"""\
from launch_service_node.cli import backend, completers
from launch_service_node.client import waits
backend.FIND = backend.CONNECT = waits.ANSWER = {PATIENCE}
completers.WAITS = backend.Waits({PATIENCE}, {PATIENCE})
"""

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
    'COUNTER': 'i=0\nwhile :; do\n  echo line $i\n  i=$((i+1))\n  sleep 0.1\ndone\n',
    'AGAIN': 'echo run >> "$HOME/runs"\nread_runs=$(wc -l < "$HOME/runs")\n'
             'echo this is run $read_runs\nsleep 0.3\n[ "$read_runs" -ge 2 ]\n',
}



@dataclass
class Program:
    """Runs `launch-service` in the home of a lab."""

    lab: Lab
    command: list[str] = field(default_factory=lambda: [
        sys.executable, '-c', f'{PATIENT}from launch_service_node.cli import main\nmain.main()'])
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.lab.folder
        self.environ = {**self.lab.environment, **self.environ}

    def __call__(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command line to its end."""
        return subprocess.run(
            [*self.command, *words], capture_output=True, text=True, cwd=self.folder,
            timeout=LONG * 2, env={**self.environ, **extra}, stdin=subprocess.DEVNULL)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Begin to run a command line."""
        return subprocess.Popen(
            [*self.command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL)


def on_path(program: Program, folder: Path) -> dict[str, str]:
    """Return an environment in which `launch-service` is on the PATH, by way of a folder."""
    script = folder / 'launch-service'
    script.write_text(
        f'#!/bin/sh\nexec {shlex.join(program.command)} "$@"\n')
    script.chmod(0o755)
    return {**program.environ, 'PATH': f'{folder}:{program.environ["PATH"]}'}


def write_allow_list(lab: Lab) -> None:
    """Write robot1.yaml and the programs that it names."""
    text = ALLOW_LIST
    for name, script in SCRIPTS.items():
        text = text.replace(name, lab.write(name.lower(), f'#!/bin/sh\n{script}', 0o755))
    lab.write('robot1.yaml', text)
