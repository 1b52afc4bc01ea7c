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

"""A host that has nothing left to give: the reason is told, and it goes on when there is some."""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from faults.injection import (
    as_user,
    descriptors,
    fill,
    FULL_JOURNAL,
    journal_entries,
    limited,
    patched,
    READ_ONLY_JOURNAL,
    small_disk,
    zombies,
)
from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import NotNow, ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.states import State

#: A uid that nobody else has: the processes of all who have it count.
STRANGER = 64321

SLEEPER: dict[str, Any] = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}

AGAIN = {**SLEEPER, 'id': 'again', 'restart': {
    'policy': 'always', 'delay': 0.05, 'max_delay': 0.05, 'limit': 'unlimited'}}

#: What a supervisor meets when the host has none left, while the file that arms it is there.
SHORTAGES = {
    'no process': """
        def wrap(fork):
            def none_left():
                if armed():
                    raise BlockingIOError(11, 'Resource temporarily unavailable')
                return fork()
            return none_left
        os.fork = wrap(os.fork)
        """,
    'no memory': """
        def wrap(fork):
            def none_left():
                if armed():
                    raise OSError(12, 'Cannot allocate memory')
                return fork()
            return none_left
        os.fork = wrap(os.fork)
        """,
    'no descriptor for a pipe': """
        def wrap(pipe):
            def none_left(flags):
                if armed():
                    raise OSError(24, 'Too many open files')
                return pipe(flags)
            return none_left
        os.pipe2 = wrap(os.pipe2)
        """,
    'no descriptor for the new process': """
        def wrap(pidfd_open):
            def none_left(pid):
                if armed():
                    raise OSError(24, 'Too many open files')
                return pidfd_open(pid)
            return none_left
        os.pidfd_open = wrap(os.pidfd_open)
        """,
    'no descriptor to look at the output': """
        def wrap(emptied):
            def none_left(output):
                if armed():
                    raise OSError(24, 'Too many open files')
                return emptied(output)
            return none_left
        replace('supervisor.output:Output._emptied', wrap)
        """,
    'no room for an output': """
        def wrap(spawn):
            def none_left(plan):
                if armed():
                    raise OSError(28, 'No space left on device')
                return spawn(plan)
            return none_left
        replace('supervisor.run:spawn', wrap)
        """,
}


@pytest.mark.parametrize('kind', SHORTAGES)
def test_a_shortage_is_told_and_leaves_nothing_behind(lab: Lab, kind: str) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(SLEEPER, AGAIN, wrap=patched(SHORTAGES[kind], str(gun)))
    running.call('executables')
    before = len(descriptors(running.popen.pid))
    gun.touch()
    for _ in range(5):
        answer = running.ask('start', cmd='sleeper')
        assert answer['code'] == ResultCode.RESOURCE_EXHAUSTED, answer
        assert answer['process']['process_status'] == State.FAILED
        assert answer['process']['err_msg'] in answer['message']
    assert any(word in answer['message'] for word in (
        'temporarily unavailable', 'memory', 'Too many open files', 'No space'))
    wait_until(lambda: len(descriptors(running.popen.pid)) <= before)
    wait_until(lambda: not zombies(running.popen.pid))
    wait_until(lambda: lab.leftovers() == [running.popen.pid])
    assert running.call('status')['instance']['num_failed'] == 1  # of one name there is one
    gun.unlink()
    assert running.start('sleeper')['process_status'] == State.RUNNING
    assert 'defect' not in lab.log()


@pytest.mark.parametrize('kind', SHORTAGES)
def test_a_restart_waits_until_the_shortage_is_over(lab: Lab, kind: str) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(SLEEPER, AGAIN, wrap=patched(SHORTAGES[kind], str(gun)))
    first = running.start('again')
    gun.touch()
    os.kill(first['os_pid'], 9)
    process = running.wait_state('again', State.BACKOFF)

    def told() -> bool:
        said = str(running.process('again')['err_msg'])
        return 'the host is short of it' in said
    wait_until(told)
    assert process['restart_in'] is not None
    gun.unlink()
    process = running.wait_state('again', State.RUNNING)
    assert process['process_id'] == first['process_id']
    assert process['restart_count'] > 1
    assert alive(process['os_pid'])


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become a user who runs nothing else')
def test_a_user_who_may_have_no_more_processes(open_lab: Lab) -> None:
    """The real EAGAIN of fork(2): RLIMIT_NPROC, which root would not feel."""
    python = python_for(STRANGER)
    open_lab.home.mkdir(mode=0o700)
    os.chown(open_lab.home, STRANGER, STRANGER)
    running = open_lab.supervisor(SLEEPER, wrap=lambda command: as_user(STRANGER)(
        limited(nproc=4)([python, *command[1:]])))
    started, refused = 0, None
    while refused is None:
        answer = running.ask('start', cmd='sleeper')
        assert started < 10
        started, refused = (started + 1, None) if answer['ok'] else (started, answer)
    assert 0 < started < 4
    assert refused['code'] == ResultCode.RESOURCE_EXHAUSTED
    assert 'temporarily unavailable' in refused['message']
    running.call('stop', name='sleeper')
    assert running.start('sleeper')['process_status'] == State.RUNNING
    running.shut_down()


def python_for(uid: int) -> str:
    """Return a Python that a user may run: not every one lies in a folder that is open to all."""
    for python in (sys.executable, '/usr/bin/python3'):
        with suppress(OSError):
            told = subprocess.run(
                [python, '-c', 'import sys; print(sys.version_info >= (3, 10))'],
                check=False, user=uid, capture_output=True, timeout=PATIENCE)
            if told.stdout == b'True\n':
                return python
    pytest.skip('no Python 3.10 here that another user may run')


def test_out_of_descriptors_a_stop_still_stops(lab: Lab) -> None:
    running = lab.supervisor({'id': 'tree', 'cmd': [
        '/bin/sh', '-c', 'setsid sleep 1000 & sleep 1000 & wait'],
        'stop': {'sigterm_timeout': 0.1, 'sigkill_timeout': 0.1}}, wrap=limited(nofile=40))
    for number in range(3):
        running.start('tree', name=f't{number}')
    wait_until(lambda: len(lab.leftovers()) == 10)
    clients = []
    try:
        with suppress(NotNow):
            while True:
                clients.append(running.connect())
        assert len(clients) == 9  # a quarter of the descriptors, with the one that is there
        answer = running.call('stop', name='*')
    finally:
        for client in clients:
            client.close()
    assert {process['process_status'] for process in answer['processes']} == {State.STOPPED}
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def test_a_stop_needs_no_descriptor(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor({'id': 'tree', 'cmd': [
        '/bin/sh', '-c', 'sleep 1000 & sleep 1000 & wait'],
        'stop': {'sigterm_timeout': 0.1, 'sigkill_timeout': 0.1}}, wrap=patched("""
        def wrap(find):
            def none_left(process):
                if armed():
                    raise OSError(24, 'Too many open files')
                return find(process)
            return none_left
        replace('supervisor.run:Run.members', wrap)
        """, str(gun)))
    running.start('tree')
    wait_until(lambda: len(lab.leftovers()) == 4)
    gun.touch()
    with running.connect() as client:
        client._socket.sendall(encode({'id': 1, 'op': 'stop', 'name': 'tree'}))
        wait_until(lambda: lab.leftovers() == [running.popen.pid])
        assert running.process('tree')['process_status'] == State.STOPPING
    gun.unlink()
    running.wait_state('tree', State.STOPPED)


def test_out_of_descriptors_measuring_goes_on_later(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(SLEEPER, measure_period=0.05, wrap=patched("""
        def wrap(read):
            def none_left(sampler, pid):
                if armed():
                    raise OSError(24, 'Too many open files')
                return read(sampler, pid)
            return none_left
        replace('supervisor.kernel.sampling:TreeSampler._read', wrap)
        """, str(gun)))
    gun.touch()
    running.start('sleeper')
    with running.connect() as client:
        client.ask('subscribe', 30)
        for _ in range(3):
            event = client.next_event(30)
            assert event is not None and event['event'] == 'measured'
            assert event['processes'] == []
    gun.unlink()
    wait_until(lambda: running.process('sleeper')['resident_bytes'] > 0)


# -- a full disk -----------------------------------------------------------------------------


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
    running = lab.supervisor({**AGAIN, 'id': 'again'}, wrap=patched(FULL_JOURNAL, str(gun)))
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
        if subprocess.run(['mount', '-o', 'remount,ro', str(folder)], check=False).returncode:
            pytest.skip('nothing can be mounted read-only here')
        with pytest.raises(AssertionError, match='ERROR'):
            lab.supervisor()
