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

"""A supervisor that can not begin: who starts it is told why, and what runs is left alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
import socket
import subprocess
import sys
import textwrap
from typing import Any

from faults.injection import journal_entries, patched
from harness import alive, Lab, PATIENCE
import pytest

from launch_service_node import starting
from launch_service_node.errors import ProcessError, ResultCode, Unreachable
from launch_service_node.protocol import SupervisorClient
from launch_service_node.starting import ensure_supervisor
from launch_service_node.supervisor.states import State

SLEEPER: dict[str, Any] = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'restart': {
    'policy': 'always', 'delay': 0.05}}

#: Starts a supervisor twice from where the standard descriptors are closed, and tells of it.
CLOSED = """
    import os, sys, time
    from launch_service_node import starting
    for fd in range(3):
        os.close(fd)
    starting.ensure_supervisor('/robot1', sys.argv[1])
    said = starting._start('/robot1', sys.argv[1], time.monotonic() + float(sys.argv[2]))
    with open(sys.argv[3], 'w') as file:
        file.write(said)
    """

#: A supervisor that has no descriptor for looking whose a process is.
NO_LOOK = """
    import builtins
    def wrap(real):
        def none_left(path, *arguments, **more):
            if armed() and str(path).endswith('/limits'):
                raise OSError(23, 'Too many open files in system')
            return real(path, *arguments, **more)
        return none_left
    builtins.open = wrap(builtins.open)
    """


def test_who_can_not_be_looked_at_is_neither_lost_nor_told_dead(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(SLEEPER)
    process = running.start('sleeper')
    running.kill()
    gun.touch()
    with pytest.raises(AssertionError, match='ERROR .* can not begin: Too many open files in'):
        lab.supervisor(wrap=patched(NO_LOOK, str(gun)))
    assert alive(process['os_pid'])
    assert [entry['p']['state'] for entry in journal_entries(lab) if 'p' in entry][-1] == (
        State.RUNNING)
    gun.unlink()
    running = lab.supervisor()
    found = running.process('sleeper')
    assert (found['os_pid'], found['process_status']) == (process['os_pid'], State.RUNNING)
    assert found['restart_count'] == 0


def _a_file(path: Path) -> None:
    path.touch()


def _a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize('name, make, said', [
    ('journal', _a_folder, 'cannot use the state folder .*journal'),
    ('output', _a_file, 'output is no folder; move it away'),
    ('supervisor.log', _a_folder, 'Is a directory: .*supervisor.log'),
    ('lock', _a_folder, 'cannot use the state folder .*lock')])
def test_why_it_can_not_begin_is_told_and_it_may_be_tried_again(
        lab: Lab, name: str, make: Any, said: str) -> None:
    lab.instance_dir().mkdir(parents=True, mode=0o700)
    path = lab.instance_dir() / name
    make(path)
    with pytest.raises(Unreachable, match=said) as caught:
        ensure_supervisor('/robot1', str(lab.home), timeout=PATIENCE)
    assert caught.value.code == ResultCode.SUPERVISOR_UNAVAILABLE
    assert '\n' not in caught.value.message
    assert lab.leftovers() == []


def none_left(*_: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_who_starts_one_without_a_descriptor_left_is_told_so(
        lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'pipe', none_left)
    with pytest.raises(Unreachable, match='Too many open files'):
        ensure_supervisor('/robot1', str(lab.home), timeout=PATIENCE)


def test_a_client_without_a_descriptor_left_is_told_so(
        lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, 'socket', none_left)
    with pytest.raises(Unreachable, match='Too many open files'):
        SupervisorClient('/robot1', str(lab.home))


def test_why_a_node_did_not_come_up_is_told_also_when_nothing_can_be_undone(
        lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('LAUNCH_SERVICE_STATE_DIR', str(lab.home))
    monkeypatch.setattr(starting, 'node_command', lambda *_: ['/bin/false'])
    real = SupervisorClient.call

    def call(client: SupervisorClient, op: str, *arguments: Any, **fields: Any) -> Any:
        if op == 'list':
            raise Unreachable('lost', ResultCode.TIMED_OUT)
        return real(client, op, *arguments, **fields)
    monkeypatch.setattr(SupervisorClient, 'call', call)
    with pytest.raises(ProcessError, match='the node ends as soon as it starts'):
        starting.start_instance('/robot1', timeout=PATIENCE)


def test_what_an_instance_begins_with_and_where_it_is_kept_may_be_another_environment(
        lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    said = lab.folder / 'said'
    monkeypatch.setenv('LAUNCH_SERVICE_STATE_DIR', str(lab.folder / 'elsewhere'))
    # What the first one says stays: the last one may be ended while it writes.
    monkeypatch.setattr(starting, 'node_command', lambda *_: ['/bin/sh', '-c', (
        f'[ -e {said} ] || {{ tr "\\0" "\\n" </proc/$PPID/environ >{said}.up; env >{said}; }}; '
        'exit 1')])
    with pytest.raises(ProcessError, match='the node ends as soon as it starts'):
        starting.start_instance('/robot1', timeout=PATIENCE,
                                environ={**lab.environment, 'ROS_DOMAIN_ID': '5'})
    for path in (said, said.with_suffix('.up')):
        lines = path.read_text().splitlines()
        assert 'ROS_DOMAIN_ID=5' in lines, path
        assert f'LAUNCH_SERVICE_STATE_DIR={lab.home}' in lines, path
    assert not (lab.folder / 'elsewhere').exists()


def test_one_that_is_started_without_standard_descriptors_is_the_only_one(lab: Lab) -> None:
    said = lab.folder / 'said'
    subprocess.run(
        [sys.executable, '-c', textwrap.dedent(CLOSED), str(lab.home), str(PATIENCE), str(said)],
        env=lab.environment, check=True, timeout=3 * PATIENCE)
    assert said.read_text() == 'BUSY'
    with SupervisorClient('/robot1', str(lab.home)) as client:
        own = f'/proc/{client.hello["pid"]}/fd'
        log = str(lab.instance_dir() / 'supervisor.log')
        assert [os.readlink(f'{own}/{fd}') for fd in range(3)] == ['/dev/null', log, log]
        client.call('shutdown')
