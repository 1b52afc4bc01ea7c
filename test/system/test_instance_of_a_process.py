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

"""An instance that a process of another instance brings up: a robot that launches a second."""

from __future__ import annotations

from collections.abc import Callable
import os
import signal
import sys
from typing import Any

from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import Unreachable
from launch_service_node.protocol import SupervisorClient
from launch_service_node.starting import node_command
from launch_service_node.supervisor.states import ENDED

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}

#: How the second instance is brought up; the node in the foreground stays, `up` ends.
WAYS = {'node': lambda path: [
            word for word in node_command('/robot2', {'allowable_processes': [path]})
            if word != '--managed'],
        'up': lambda path: [sys.executable, '-m', 'launch_service_node.cli', 'up', '/robot2',
                            '--allow-list', path]}


class Second:
    """/robot2, which a process of /robot1 has brought up, and a process of it."""

    def __init__(self, lab: Lab, way: str) -> None:
        self._home = str(lab.home)
        command = WAYS[way](lab.allow_list(SLEEPER, name='second.yaml'))
        self.first = lab.supervisor(
            {'id': way, 'cmd': command, 'environment': {'LAUNCH_SERVICE_STATE_DIR': self._home}})
        self.starter = self.first.start(way)
        status = wait_until(self._up)
        self.supervisor = status['supervisor_pid']
        self.sleeper = self.call('start', cmd='sleeper')['process']['os_pid']

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask its supervisor."""
        with SupervisorClient('/robot2', self._home) as client:
            return client.call(op, PATIENCE, **fields)

    def _up(self) -> dict[str, Any]:
        try:
            self.call('wait_node', seconds=PATIENCE)
            instance: dict[str, Any] = self.call('status')['instance']
        except Unreachable:
            return {}
        return instance if instance['node'] else {}

    def lives(self) -> bool:
        """Say whether it runs on, and takes orders."""
        return (alive(self.sleeper) and alive(self.supervisor)
                and self.call('status')['instance']['supervisor_pid'] == self.supervisor)


@pytest.fixture
def second(lab: Lab) -> Callable[[str], Second]:
    return lambda way: Second(lab, way)


def test_it_lives_on_when_the_node_that_brought_it_up_falls(
        second: Callable[[str], Second]) -> None:
    robot2 = second('node')
    os.kill(robot2.starter['os_pid'], signal.SIGKILL)
    robot2.first.wait_state('node', *ENDED)
    assert robot2.lives()
    robot2.call('shutdown')


def test_it_ends_with_the_node_that_brought_it_up_when_that_is_stopped(
        second: Callable[[str], Second]) -> None:
    robot2 = second('node')
    robot2.first.call('stop', name='node')
    wait_until(lambda: not alive(robot2.sleeper) and not alive(robot2.supervisor))


def test_what_up_has_brought_up_outlives_up_and_the_instance_that_ran_it(
        second: Callable[[str], Second]) -> None:
    robot2 = second('up')
    robot2.first.wait_state('up', *ENDED)
    assert robot2.lives()
    robot2.first.shut_down()
    assert robot2.lives()
    robot2.call('shutdown')
    wait_until(lambda: not alive(robot2.sleeper))
