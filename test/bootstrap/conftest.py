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

"""A laptop and robots, and the program as its user types it on the laptop."""

from __future__ import annotations

from collections.abc import Iterator
import json
import subprocess
import sys
from typing import Any

from fleet import Computer, Fleet, why_not
import pytest

LONG = 120.0

ALLOW_LIST = """\
allowable_processes:
  - {id: idle, cmd: [/bin/sleep, '3600']}
"""


class Site:
    """A fleet for the tests of a module; each takes a namespace of its own."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.laptop = fleet.laptop
        self.robots = fleet.robots
        (self.laptop.home / 'robot.yaml').write_text(ALLOW_LIST)

    def options(self, robot: Computer) -> list[str]:
        """Return how one of them is reached, and what is sourced there."""
        return ['--ssh-config', str(self.fleet.ssh_config), '--setup', str(robot.setup)]

    def command(self, *words: str, on: Computer | None = None) -> list[str]:
        """Return the command of the program on the laptop, or another host."""
        return (on or self.laptop).command(sys.executable, '-m', 'launch_service_node.cli', *words)

    def __call__(self, *words: str, on: Computer | None = None,
                 **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the program to its end, on the laptop or another host."""
        return (on or self.laptop).run(
            'env', *(f'{name}={value}' for name, value in environment.items()),
            sys.executable, '-m', 'launch_service_node.cli', *words, timeout=LONG)

    def bootstrap(self, robot: Computer, namespace: str, *words: str,
                  **environment: str) -> subprocess.CompletedProcess[str]:
        """Bring an instance up from the laptop."""
        return self('bootstrap', robot.name, namespace, *self.options(robot), *words,
                    **environment)

    def document(self, robot: Computer, namespace: str, *words: str,
                 **environment: str) -> dict[str, Any]:
        """Bring an instance up, which has to go well, and return what is said of it."""
        done = self.bootstrap(robot, namespace, '--json', *words, **environment)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def processes(self, robot: Computer, namespace: str) -> list[dict[str, Any]]:
        """Return the processes of an instance, as the robot itself says."""
        done = self('--local', '--json', 'list', namespace, on=robot)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)['instances'][0]['processes'])

    def runs(self, robot: Computer, namespace: str) -> bool:
        """Say whether there is a supervisor for a namespace, as the robot itself says."""
        return self('--local', 'list', namespace, on=robot).returncode == 0


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that says what is wrong."""
    lines = [line for line in done.stderr.splitlines() if line.startswith('launch-service: ')]
    assert len(lines) == 1 and done.stdout == '', done.stdout + done.stderr
    return lines[0]


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a fleet; skip where there can be none."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    fleet = Fleet(tmp_path_factory.mktemp('bootstrap') / 'fleet')
    yield Site(fleet)
    fleet.close()
