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

"""No process, memory or descriptor left: the reason is told, and it goes on when there is some."""

from __future__ import annotations

from contextlib import suppress
import os
import subprocess
import sys

from faults.entries import AGAIN, SLEEPER
from faults.injection import as_user, descriptors, limited, patched, zombies
from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import NotNow, ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.kernel.identity import read_stat
from launch_service_node.supervisor.states import State

#: A uid that nobody else has: the processes of all who have it count.
STRANGER = 64321

#: What a supervisor meets when the host has none left, while the file that arms it is there.
SHORTAGES = {
    'no process': "fail('os:fork', errno.EAGAIN)",
    'no memory': "fail('os:fork', errno.ENOMEM)",
    'no descriptor for a pipe': "fail('os:pipe2', errno.EMFILE)",
    'no descriptor for the new process': "fail('os:pidfd_open', errno.EMFILE)",
    'no descriptor to look at the output':
        "fail('supervisor.output:Output._emptied', errno.EMFILE)",
    'no room for an output': "fail('supervisor.run:spawn', errno.ENOSPC)",
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
        'stop': {'sigterm_timeout': 0.1, 'sigkill_timeout': 0.1}}, wrap=patched(
        "fail('supervisor.run:Run.members', errno.EMFILE)", str(gun)))
    running.start('tree')
    wait_until(lambda: len(lab.leftovers()) == 4)
    gun.touch()
    with running.connect() as client:
        client._socket.sendall(encode({'id': 1, 'op': 'stop', 'name': 'tree'}))
        wait_until(lambda: lab.leftovers() == [running.popen.pid])
        assert running.process('tree')['process_status'] == State.STOPPING
    gun.unlink()
    running.wait_state('tree', State.STOPPED)


def test_whom_no_signal_reached_for_want_of_a_descriptor_is_not_told_to_have_withstood_it(
        lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor({'id': 'tree', 'cmd': [
        '/bin/sh', '-c', 'setsid sleep 1000 & wait']}, wrap=patched("""
        import launch_service_node.supervisor.ladder as ladder
        ladder.LAST_WAIT = 0.1
        fail('supervisor.stopping:open_handle', errno.EMFILE)
        """, str(gun)))
    leader = running.start('tree')['os_pid']

    def left_its_session() -> bool:
        others = set(lab.leftovers()) - {leader, running.popen.pid}
        stats = [read_stat(pid) for pid in others]
        return len(others) == 1 and stats[0] is not None and stats[0].session in others
    wait_until(left_its_session)
    gun.touch()
    answer = running.ask('stop', name='tree', sigterm_timeout=0, sigkill_timeout=0)
    assert answer['code'] == ResultCode.NOT_STOPPED, answer
    assert 'not all of it could be sent SIGKILL' in answer['message']
    assert running.process('tree')['process_status'] == State.STOPPING
    gun.unlink()
    running.wait_state('tree', State.STOPPED)
    assert lab.leftovers() == [running.popen.pid]


def test_out_of_descriptors_old_outputs_are_removed_later(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor({'id': 'true', 'cmd': ['/bin/true']}, wrap=patched(
        "fail('os:scandir', errno.EMFILE)", str(gun)))
    first = running.start('true', name='one')
    running.wait_state('one', State.STOPPED)
    gun.touch()
    second = running.start('true', name='one')  # in the place of the one that has ended
    assert second['process_id'] > first['process_id']
    assert 'defect' not in lab.log()


def test_out_of_descriptors_measuring_goes_on_later(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(SLEEPER, measure_period=0.05, wrap=patched(
        "fail('supervisor.kernel.sampling:TreeSampler._read', errno.EMFILE)", str(gun)))
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
