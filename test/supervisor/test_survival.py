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

"""The supervisor's own death touches nothing, and no stranger is ever signalled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

from faults.injection import edit_journal
from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.supervisor.kernel.identity import read_stat
from launch_service_node.supervisor.states import State

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}

SAME = ('process_id', 'process_name', 'os_pid', 'restart_count', 'start_time_ns', 'launch_id')


def identities(processes: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [tuple(process[key] for key in SAME) for process in processes]


def test_processes_live_through_the_death_of_ten_supervisors(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    for number in range(5):
        running.start('sleeper', name=f'p{number}', launch_id='l')
    before = identities(running.call('list')['processes'])
    for _ in range(10):
        running.kill()
        running = lab.supervisor()
        assert identities(running.call('list')['processes']) == before
    assert all(process['process_status'] == State.RUNNING
               for process in running.call('list')['processes'])
    running.shut_down()
    assert lab.leftovers() == []


def test_an_adopted_process_is_stopped_with_its_whole_tree(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', 'setsid sleep 1000 & wait']})
    running.start('sh')
    wait_until(lambda: len(lab.leftovers()) == 3)
    running.kill()
    running = lab.supervisor()
    running.call('stop', name='sh')
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


@pytest.mark.parametrize(('script', 'code', 'number'), [('exit 7', 7, 0), ('kill -9 $$', 0, 9)])
def test_how_an_adopted_process_ends_is_known_or_said_to_be_unknown(
        lab: Lab, script: str, code: int, number: int) -> None:
    gate = str(lab.folder / 'gate')
    os.mkfifo(gate)
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', f'read x <{gate}; {script}']})
    running.start('sh')
    running.kill()
    running = lab.supervisor()
    with open(gate, 'w') as file:
        file.write('\n')
    process = running.wait_state('sh', State.FAILED, State.UNKNOWN)
    if process['exit_known']:
        assert (process['exit_code'], process['term_signal']) == (code, number)
    else:
        assert process['process_status'] == State.UNKNOWN


def test_an_end_that_nobody_saw_is_unknown_and_never_a_success(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    pid = running.start('sleeper')['os_pid']
    running.kill()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not alive(pid))
    running = lab.supervisor()
    process = running.process('sleeper')
    assert process['process_status'] == State.UNKNOWN
    assert not process['exit_known']
    assert 'not known' in process['err_msg']


def test_an_end_that_nobody_saw_is_followed_by_the_restart_policy(lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'restart': {'policy': 'on-failure', 'delay': 0.01}})
    pid = running.start('sleeper')['os_pid']
    running.kill()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not alive(pid))
    running = lab.supervisor()
    assert running.wait_state('sleeper', State.RUNNING)['restart_count'] == 1


def test_a_stop_that_was_asked_for_goes_on_after_the_supervisors_death(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; sleep 1000"],
         'stop': {'sigterm_timeout': 2, 'sigkill_timeout': 0.3}, 'ready': {'output': 'up'},
         'restart': {'policy': 'always'}})
    running.call('start', cmd='sh', wait_ready=True)
    from launch_service_node.protocol import encode
    running.client._socket.sendall(encode({'id': 9, 'op': 'stop', 'name': 'sh'}))
    with running.connect() as other:
        wait_until(lambda: other.call('list')['processes'][0]['process_status'] == State.STOPPING)
    running.kill()
    running = lab.supervisor()
    running.wait_state('sh', State.STOPPED)
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def test_a_restart_that_was_pending_still_comes(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', 'exit 1'],
                              'restart': {'policy': 'always', 'delay': 2, 'limit': 1}})
    running.start('sh')
    running.wait_state('sh', State.BACKOFF)
    running.kill()
    running = lab.supervisor()
    assert running.wait_state('sh', State.FAILED)['restart_count'] == 1


def test_a_uid_is_known_to_the_next_supervisor(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    first = running.start('sleeper', uid=42)
    running.kill()
    running = lab.supervisor()
    assert running.start('sleeper', uid=42)['os_pid'] == first['os_pid']
    assert len(running.call('list')['processes']) == 1


def test_ids_are_never_reused_also_after_all_processes_are_gone(lab: Lab) -> None:
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true'}, keep_ended=0)
    running.start('true')
    wait_until(lambda: not running.call('list')['processes'])
    running.kill()
    running = lab.supervisor()
    assert running.start('true')['process_id'] == 2


def test_ids_are_never_reused_also_when_the_journal_is_lost(lab: Lab) -> None:
    """What an output is all that is left of is not written over by another process."""
    running = lab.supervisor({'id': 'echo', 'cmd': ['/bin/echo', 'first']})
    for _ in range(3):
        running.start('echo')
    wait_until(lambda: (lab.instance_dir() / 'output' / '3').read_text())
    running.kill()
    (lab.instance_dir() / 'journal').unlink()
    running = lab.supervisor()
    assert running.start('echo')['process_id'] == 4
    assert (lab.instance_dir() / 'output' / '3').read_text() == 'first\n'


def forge_pid(record: dict[str, Any], stranger: int) -> None:
    record['pid'] = stranger


def forge_time(record: dict[str, Any], stranger: int) -> None:
    stat = read_stat(stranger)
    assert stat is not None
    record['pid'], record['start_ticks'] = stranger, stat.start_ticks + 1


def forge_all(record: dict[str, Any], stranger: int) -> None:
    """As when a pid is reused within the hundredth of a second that start times count in."""
    stat = read_stat(stranger)
    assert stat is not None
    record['pid'], record['start_ticks'] = stranger, stat.start_ticks


def forge_boot(record: dict[str, Any], stranger: int) -> None:
    stat = read_stat(stranger)
    assert stat is not None
    record.update(pid=stranger, start_ticks=stat.start_ticks, boot_id='another')


def forge_missing(record: dict[str, Any], stranger: int) -> None:
    record['pid'] = stranger
    del record['start_ticks']


def forge_nonsense(record: dict[str, Any], stranger: int) -> None:
    record.update(pid=-1, start_ticks=0)


@pytest.mark.parametrize('forge', [
    forge_pid, forge_time, forge_all, forge_boot, forge_missing, forge_nonsense])
def test_a_stranger_survives_a_journal_that_names_it(lab: Lab, forge: Any) -> None:
    running = lab.supervisor({**SLEEPER, 'stop': {'sigterm_timeout': 0, 'sigkill_timeout': 0}})
    pid = running.start('sleeper')['os_pid']
    running.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid))
    with subprocess.Popen(['/bin/sleep', '1000'], start_new_session=True) as stranger:
        try:
            edit_journal(lab, lambda record: forge(record, stranger.pid))
            running = lab.supervisor()
            running.ask('stop', name='*')
            running.ask('signal', name='*', signal='KILL')
            statuses = [process['process_status']
                        for process in running.call('list')['processes']]
            assert statuses in ([State.UNKNOWN], [])
            assert 'left out' in lab.log() if not statuses else (
                'how is not known' in running.process('sleeper')['err_msg'])
            running.shut_down()
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait(PATIENCE)


def test_one_that_has_the_pid_of_another_process_is_not_taken_for_it(lab: Lab) -> None:
    """As when a pid was reused by a process of the same instance."""
    running = lab.supervisor({**SLEEPER, 'stop': {'sigterm_timeout': 0, 'sigkill_timeout': 0}})
    kept, gone = (running.start('sleeper', name=name) for name in ('kept', 'gone'))
    running.kill()
    os.kill(gone['os_pid'], signal.SIGKILL)
    wait_until(lambda: not alive(gone['os_pid']))

    def forge(record: dict[str, Any]) -> None:
        if record['name'] == 'gone':
            forge_all(record, kept['os_pid'])
    edit_journal(lab, forge)
    running = lab.supervisor()
    assert running.process('gone')['process_status'] == State.UNKNOWN
    running.call('stop', name='gone')
    assert running.process('kept')['process_status'] == State.RUNNING
    assert running.process('kept')['os_pid'] == kept['os_pid']
    assert alive(kept['os_pid'])


def test_a_pid_of_another_boot_means_nothing(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    running.kill()
    edit_journal(lab, lambda record: record.update(boot_id='another'))
    running = lab.supervisor()
    process = running.wait_state('sleeper', State.UNKNOWN)
    assert process['os_pid'] == 0 and not process['exit_known']


def test_a_second_supervisor_of_one_instance_is_refused(lab: Lab) -> None:
    lab.supervisor(SLEEPER)
    with pytest.raises(AssertionError, match='BUSY'):
        lab.supervisor()


def test_a_journal_cut_at_any_byte_loses_at_most_its_last_entry(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    running.kill()
    path = lab.instance_dir() / 'journal'
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    for cut in (0, 1, last // 2, last - 1, last):
        path.write_bytes(whole[:len(whole) - cut])
        running = lab.supervisor()
        processes = running.call('list')['processes']
        assert [process['process_name'] for process in processes] == ['sleeper'], cut
        running.kill()
    assert json.loads((lab.instance_dir() / 'instance.json').read_text())['instance_id']


def test_damaged_settings_lose_no_process(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    pid = running.start('sleeper')['os_pid']
    running.kill()
    (lab.instance_dir() / 'instance.json').write_text('{')
    running = lab.supervisor()
    assert running.process('sleeper')['os_pid'] == pid
    assert running.process('sleeper')['process_status'] == State.RUNNING
    assert 'damaged' in lab.log()
