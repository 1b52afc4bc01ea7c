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


"""The supervisor's own complaints: read by who can, and never what it falls from."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path

from faults.injection import fill, small_disk
from harness import Lab
import pytest

from launch_service_node.protocol import SupervisorClient
from launch_service_node.starting import ensure_supervisor
from launch_service_node.supervisor.log import Log


@pytest.fixture
def full(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the file that fills the disk of the state folder, on which detached ones log."""
    monkeypatch.setenv('LAUNCH_SERVICE_STATE_DIR', str(lab.home))
    with small_disk(lab.home, 2 ** 20):
        yield lab.home / 'filler'
        lab.close()


def test_a_detached_supervisor_comes_back_on_a_full_disk(lab: Lab, full: Path) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    kept = running.start('sleeper')
    fill(full)
    running.kill()
    ensure_supervisor('/robot1', str(lab.home))
    with SupervisorClient('/robot1', str(lab.home)) as client:
        assert client.call('list')['processes'][0]['os_pid'] == kept['os_pid']
        refused = [client.ask('start', cmd='sleeper', launch_id='x' * 4000) for _ in range(3)]
        assert not refused[-1]['ok']
        full.unlink()
        client.call('shutdown')


def test_a_detached_supervisor_goes_on_when_its_complaint_can_not_be_written(
        lab: Lab, full: Path) -> None:
    ensure_supervisor('/robot1', str(lab.home))
    with SupervisorClient('/robot1', str(lab.home)) as client:
        fill(full)
        # What is asked for can't be noted in the audit log, nor this in the other one.
        for _ in range(3):
            assert not client.ask('stop', name='nobody', launch_id='x' * 4000)['ok']
        assert client.call('status')['instance']['supervisor_pid'] == client.hello['pid']
        client.call('shutdown')
    assert 'audit.log: No space left' not in lab.log()  # or this test shows nothing


def test_lines_that_were_lost_are_counted(tmp_path: Path) -> None:
    path = tmp_path / 'log'
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    full_fd = os.open('/dev/full', os.O_WRONLY)
    log = Log(fd)
    try:
        print('first', file=log)
        kept = os.dup(fd)
        os.dup2(full_fd, fd)
        print('second\nthird', file=log)
        print('half ', end='', file=log)
        os.dup2(kept, fd)
        os.close(kept)
        print('a line', file=log)
    finally:
        os.close(fd)
        os.close(full_fd)
    assert path.read_text() == 'first\n\n(2 lines could not be written here)\nhalf a line\n'
