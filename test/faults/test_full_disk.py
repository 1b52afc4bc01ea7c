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

"""A disk that is full, or may only be read: nothing runs unrecorded, and what runs goes on."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess

from faults.entries import AGAIN, SLEEPER
from faults.injection import (
    fill,
    FULL_JOURNAL,
    journal_entries,
    node_stand_in,
    patched,
    READ_ONLY_JOURNAL,
    small_disk,
    Wrap,
)
from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.supervisor.states import State


def test_what_can_not_be_recorded_is_not_started(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(
        {'id': 'touch', 'cmd': ['/bin/touch', f'{lab.folder}/ran']}, SLEEPER, AGAIN,
        wrap=patched(FULL_JOURNAL, str(gun)))
    kept = running.start('sleeper', name='kept')
    again = running.start('again')
    gun.touch()
    answer = running.ask('start', cmd='touch')
    assert not answer['ok']
    assert 'No space left' in answer['message']
    assert answer['process']['process_status'] == State.FAILED
    assert not (lab.folder / 'ran').exists()
    # What runs goes on, and is stopped when asked to.
    assert running.process('kept')['os_pid'] == kept['os_pid']
    running.call('stop', name='kept')
    os.kill(again['os_pid'], 9)
    wait_until(lambda: 'No space left' in running.process('again')['err_msg'])
    gun.unlink()
    assert running.wait_state('again', State.RUNNING)['process_id'] == again['process_id']
    running.start('touch')
    wait_until((lab.folder / 'ran').exists)


def test_what_a_full_disk_did_not_take_is_known_to_the_next_supervisor(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(AGAIN, wrap=patched(FULL_JOURNAL, str(gun)))
    running.start('again')
    gun.touch()
    running.call('stop', name='again')
    gun.unlink()

    def recorded() -> bool:
        states = [entry['p']['state'] for entry in journal_entries(lab) if 'p' in entry]
        return bool(states) and states[-1] == State.STOPPED
    wait_until(recorded)
    running.kill()
    running = lab.supervisor()
    assert running.process('again')['process_status'] == State.STOPPED


def test_that_the_node_is_to_stay_away_is_written_when_there_is_room(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(wrap=patched(FULL_JOURNAL, str(gun)))
    running.call('manage_node', argv=node_stand_in(lab), environment={})
    running.call('wait_node', seconds=PATIENCE)
    gun.touch()
    running.call('detach')
    gun.unlink()
    wait_until(lambda: [entry['n'] for entry in journal_entries(lab) if 'n' in entry][-1][
        'stop_asked'])


def test_what_is_recorded_again_is_not_without_what_was_not(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(AGAIN, SLEEPER, wrap=patched(FULL_JOURNAL + """
    import launch_service_node.supervisor.records.history as history
    history._MEND_PERIOD = 1000
    """, str(gun)))
    running.start('again')
    gun.touch()
    running.call('stop', name='again')
    gun.unlink()
    running.start('sleeper')
    running.kill()
    running = lab.supervisor()
    assert running.process('again')['process_status'] == State.STOPPED


def test_a_disk_that_is_really_full(lab: Lab) -> None:
    lab.home.mkdir(mode=0o700)
    folder = lab.instance_dir()
    with small_disk(folder, 1024 * 1024):
        running = lab.supervisor(SLEEPER)
        first = running.start('sleeper', name='first')
        fill(folder / 'filler')
        answers = [running.ask('start', cmd='sleeper', launch_id='x' * 4000) for _ in range(3)]
        assert not any(answer['ok'] for answer in answers[1:])
        assert 'No space left' in answers[-1]['message'] or 'full' in answers[-1]['message']
        assert running.process('first')['os_pid'] == first['os_pid']
        running.call('stop', name='first')
        (folder / 'filler').unlink()
        second = running.start('sleeper', name='second')
        running.kill()
        running = lab.supervisor()
        assert running.process('second')['os_pid'] == second['os_pid']
        running.shut_down()


def log_in(folder: Path) -> Wrap:
    """Let a supervisor complain into its state folder, as one that is detached does."""
    code = ('import os, sys; log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT); '
            'os.dup2(log, 1); os.dup2(log, 2); os.execv(sys.argv[2], sys.argv[2:])')
    return lambda command: [command[0], '-ISc', code, f'{folder}/supervisor.log', *command]


def test_a_disk_that_has_no_room_for_complaints_either(lab: Lab) -> None:
    lab.home.mkdir(mode=0o700)
    folder = lab.instance_dir()
    with small_disk(folder, 1024 * 1024):
        running = lab.supervisor(SLEEPER, wrap=log_in(folder))
        first = running.start('sleeper', name='first')
        fill(folder / 'filler')
        # Enough of them that neither the audit log nor the log has room in its last block.
        refused = [running.ask('start', cmd='not_there', name='x' * 100) for _ in range(100)]
        assert {answer['code'] for answer in refused} == {ResultCode.NOT_ALLOWED}
        assert running.process('first')['os_pid'] == first['os_pid']
        running.shut_down()
        assert not alive(first['os_pid'])


def test_a_journal_that_can_not_be_opened_is_said_before_ready(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.shut_down()
    journal = lab.instance_dir() / 'journal'
    journal.unlink()
    journal.mkdir()
    with pytest.raises(AssertionError, match='ERROR cannot use the state folder'):
        lab.supervisor()
    journal.rmdir()
    lab.supervisor().shut_down()


def test_a_journal_that_may_only_be_read_is_read(lab: Lab) -> None:
    """As on a disk that the kernel has made read-only: who lives is found, and can be stopped."""
    running = lab.supervisor(SLEEPER)
    kept, other = (running.start('sleeper', name=name) for name in ('kept', 'other'))
    running.kill()
    gun = lab.folder / 'gun'
    gun.touch()
    running = lab.supervisor(wrap=patched(READ_ONLY_JOURNAL, str(gun)))
    assert 'Read-only file system; nothing can be started until that is mended' in lab.log()
    assert running.process('kept')['os_pid'] == kept['os_pid']
    answer = running.ask('start', cmd='sleeper', name='new')
    assert not answer['ok'] and 'Read-only file system' in answer['message']
    running.call('stop', name='other')
    assert not alive(other['os_pid'])
    gun.unlink()
    wait_until(lambda: running.ask('start', cmd='sleeper', name='kept_too')['ok'])

    def recorded() -> bool:
        states = {entry['p']['name']: entry['p']['state'] for entry in journal_entries(lab)
                  if 'p' in entry}
        return states.get('other') == State.STOPPED and 'kept_too' in states
    wait_until(recorded)
    running.kill()
    running = lab.supervisor()
    assert running.process('other')['process_status'] == State.STOPPED
    assert running.process('kept')['os_pid'] == kept['os_pid']
    assert running.process('kept_too')['process_status'] == State.RUNNING


def test_a_supervisor_that_comes_back_on_a_full_disk_finds_its_processes(lab: Lab) -> None:
    lab.home.mkdir(mode=0o700)
    folder = lab.instance_dir()
    with small_disk(folder, 1024 * 1024):
        running = lab.supervisor(SLEEPER)
        first = running.start('sleeper', name='first')
        running.kill()
        fill(folder / 'filler')
        running = lab.supervisor()
        assert running.process('first')['os_pid'] == first['os_pid']
        assert running.process('first')['process_status'] == State.RUNNING
        running.call('stop', name='first')
        assert not alive(first['os_pid'])
        (folder / 'filler').unlink()
        wait_until(lambda: running.ask('start', cmd='sleeper', name='second')['ok'])
        running.shut_down()


@pytest.mark.skipif(os.geteuid() != 0, reason='a bind mount takes root')
def test_a_read_only_folder_is_said_before_ready(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.shut_down()
    folder: Path = lab.instance_dir()
    with small_disk(folder, 65536):
        if subprocess.run(['mount', '-o', 'remount,ro', str(folder)], check=False,
                          timeout=PATIENCE).returncode:
            pytest.skip('nothing can be mounted read-only here')
        with pytest.raises(AssertionError, match='ERROR'):
            lab.supervisor()
