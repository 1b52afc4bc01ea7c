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

"""A detached instance whose supervisor falls, and then its node, which has brought it back."""

from __future__ import annotations

from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import Unreachable
from launch_service_node.protocol import SupervisorClient
from launch_service_node.supervisor.kernel.identity import open_handle
from launch_service_node.supervisor.states import State

ENTRIES = (
    {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']},
    {'id': 'teller', 'cmd': ['/bin/sh', '-c', 'echo "$COLOUR"; sleep 1000'],
     'pass_environment': ['COLOUR']})


def kill(pid: int) -> None:
    """Let the supervisor or the node fall."""
    handle = open_handle(pid)
    assert handle is not None
    handle.send(signal.SIGKILL)
    handle.close()


class Instance:
    """/robot1, brought up with COLOUR=red; its supervisor is whichever is there."""

    def __init__(self, lab: Lab) -> None:
        self._home = str(lab.home)
        up = subprocess.run(
            [sys.executable, '-m', 'launch_service_node.cli', 'up', '/robot1',
             '--allow-list', lab.allow_list(*ENTRIES)], env={**lab.environment, 'COLOUR': 'red'},
            capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
        assert up.returncode == 0, up.stderr

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask the present supervisor."""
        with SupervisorClient('/robot1', self._home) as client:
            return client.call(op, PATIENCE, **fields)

    def pids(self) -> tuple[int, int]:
        """Return the pids of the supervisor and of its node, 0 for who is not there."""
        try:
            instance = self.call('status')['instance']
        except Unreachable:
            return 0, 0
        return instance['supervisor_pid'], instance['node']['pid'] if instance['node'] else 0

    def bring_down(self, pid: int) -> None:
        """Let the supervisor or the node fall, and wait until the node is attached again."""
        assert pid in self.pids()
        kill(pid)

        def others() -> bool:
            there = self.pids()
            return all(there) and pid not in there and not alive(pid)
        wait_until(others)

    def next_node(self, supervisor: int) -> int:
        """Return the pid of the node that a supervisor has just started, up or not."""
        def children() -> list[int]:
            found = Path(f'/proc/{supervisor}/task/{supervisor}/children').read_text().split()
            return [pid for pid in map(int, found) if alive(pid) and _is_node(pid)]
        return wait_until(children)[0]

    def running(self) -> dict[str, int]:
        """Return the pids of all that runs, by name."""
        return {process['process_name']: process['os_pid']
                for process in self.call('list')['processes']
                if process['process_status'] == State.RUNNING and alive(process['os_pid'])}

    def colour(self, name: str) -> str:
        """Start a process that tells its COLOUR, and return that."""
        path = Path(self.call('start', cmd='teller', name=name)['process']['output_path'])
        return wait_until(lambda: path.exists() and path.read_text()).strip()


def _is_node(pid: int) -> bool:
    try:
        return b'launch_service_node.node.main' in Path(f'/proc/{pid}/cmdline').read_bytes()
    except OSError:
        return False


@pytest.fixture
def instance(lab: Lab) -> Instance:
    return Instance(lab)


def test_a_supervisor_that_its_node_has_brought_back_lives_on_when_the_node_falls(
        instance: Instance) -> None:
    instance.call('start', cmd='sleeper', name='of_the_first')
    assert instance.colour('first') == 'red'
    for turn in ('second', 'third'):
        supervisor, node = instance.pids()
        instance.bring_down(supervisor)
        supervisor = instance.pids()[0]
        assert instance.pids()[1] == node
        instance.call('start', cmd='sleeper', name=f'of_the_{turn}')
        assert instance.colour(turn) == 'red'
        before = instance.running()
        assert f'of_the_{turn}' in before and 'of_the_first' in before
        instance.bring_down(node)
        assert instance.pids()[0] == supervisor
        assert instance.running() == before
    instance.call('shutdown')
    assert all(not alive(pid) for pid in before.values())


def test_a_supervisor_that_falls_while_its_node_comes_up_is_brought_back_by_that(
        instance: Instance) -> None:
    instance.call('start', cmd='sleeper', name='before')
    before = instance.running()
    supervisor, node = instance.pids()
    kill(node)
    wait_until(lambda: not alive(node))
    coming = instance.next_node(supervisor)
    kill(supervisor)
    wait_until(lambda: instance.pids()[1] == coming)
    assert instance.pids()[0] != supervisor
    assert instance.running() == before


def test_a_supervisor_that_its_node_has_brought_back_has_nothing_of_the_node(
        instance: Instance) -> None:
    supervisor, _ = instance.pids()
    instance.bring_down(supervisor)
    supervisor, _ = instance.pids()
    environment = Path(f'/proc/{supervisor}/environ').read_bytes().split(b'\0')
    names = {entry.partition(b'=')[0] for entry in environment}
    assert not names & {b'LAUNCH_SERVICE_PROCESS', b'LAUNCH_SERVICE_NAME',
                        b'LAUNCH_SERVICE_NAMESPACE', b'NOTIFY_SOCKET'}
    limits = Path(f'/proc/{supervisor}/limits').read_text().splitlines()
    soft, hard = next(line for line in limits if 'file locks' in line).split()[3:5]
    assert soft == hard
