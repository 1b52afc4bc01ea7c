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

"""A supervisor without a descriptor left loses no end of a process, and leaves some to others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import resource
import signal
from typing import Any

from faults.injection import descriptors, limited, patched, zombies
from harness import freeze, Lab, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.supervisor.states import State

AGAIN: dict[str, Any] = {
    'id': 'again', 'cmd': ['/bin/sleep', '1000'], 'restart': {
        'policy': 'always', 'delay': 0.05, 'max_delay': 0.05, 'limit': 'unlimited'}}

#: A process with so many children, each in a session of its own.
MANY = """
    import os, sys, time
    for _ in range(int(sys.argv[1])):
        if os.fork() == 0:
            os.setsid()
            break
    time.sleep(1000)
    """


@contextmanager
def none_left(running: Running) -> Iterator[None]:
    """Let a supervisor open nothing at all meanwhile."""
    soft, hard = resource.prlimit(running.popen.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(running.popen.pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.prlimit(running.popen.pid, resource.RLIMIT_NOFILE, (soft, hard))


def end_at_once(running: Running, pids: list[int]) -> None:
    """Kill children of a supervisor so that it hears of all of them in one round."""
    freeze(running.popen.pid)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: set(zombies(running.popen.pid)) >= set(pids))
    running.popen.send_signal(signal.SIGCONT)


@pytest.mark.parametrize('adopted', [False, True])
def test_who_ends_meanwhile_is_restarted_as_soon_as_there_are_some(
        lab: Lab, adopted: bool) -> None:
    running = lab.supervisor(AGAIN)
    before = {name: running.start('again', name=name)['os_pid'] for name in ('one', 'two')}
    if adopted:
        running.kill()
        running = lab.supervisor()
    with none_left(running):
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        for name in before:
            wait_until(lambda name=name: running.process(name)['os_pid'] == 0)
        # For a moment it may be the reader of the allow-list.
        wait_until(lambda: not zombies(running.popen.pid))
    for name, pid in before.items():
        assert running.wait_state(name, State.RUNNING)['os_pid'] not in (0, pid)
    running.shut_down()


def test_a_request_that_needs_one_is_told_so_and_others_are_answered(lab: Lab) -> None:
    running = lab.supervisor(AGAIN)
    running.start('again', name='one')
    with none_left(running):
        refused = running.ask('read', name='one', lines=1)
        assert refused['code'] == ResultCode.RESOURCE_EXHAUSTED, refused
        assert 'Too many open files' in refused['message']
        for op, field, code in (('stop', 'name', ResultCode.NOT_FOUND),
                                ('start', 'cmd', ResultCode.NOT_ALLOWED)):
            assert running.ask(op, **{field: 'agin'})['code'] == code
    assert "did you mean 'again'" in running.ask('start', cmd='agin')['message']
    running.shut_down()


def test_who_meets_a_shortage_where_nobody_expected_one_is_told_of_no_defect(lab: Lab) -> None:
    running = lab.supervisor(AGAIN, wrap=patched(
        "fail('supervisor.table:Table.some', errno.EMFILE)"))
    refused = running.ask('stop', name='one')
    assert refused['code'] == ResultCode.RESOURCE_EXHAUSTED, refused
    assert 'Too many open files' in refused['message']
    running.shut_down()


@pytest.mark.parametrize('how', ['stop', 'shutdown'])
def test_who_ends_meanwhile_is_in_the_way_of_no_stop(lab: Lab, how: str) -> None:
    running = lab.supervisor(AGAIN)
    pids = [running.start('again', name=name)['os_pid'] for name in ('one', 'two')]
    with none_left(running):
        end_at_once(running, pids)
        wait_until(lambda: running.process('one')['os_pid'] == 0)
    if how == 'stop':
        processes = running.call('stop', name='*')['processes']
        assert [process['process_status'] for process in processes] == [State.STOPPED] * 2
    running.shut_down()


def test_what_goes_wrong_with_one_end_keeps_no_other_from_being_told(lab: Lab) -> None:
    running = lab.supervisor(AGAIN, wrap=patched("""
        def wrap(exited):
            def fail(process, status):
                if process.record.name == 'first':
                    raise RuntimeError('a defect')
                exited(process, status)
            return fail
        replace('supervisor.process:Process.exited', wrap)
        """))
    first, second = (running.start('again', name=name)['os_pid'] for name in ('first', 'second'))
    end_at_once(running, [first, second])
    wait_until(lambda: running.process('second')['restart_count'] == 1)
    assert 'a defect' in lab.log()
    running.kill()  # the first is lost to it


def test_measuring_a_large_tree_leaves_descriptors_for_all_else(lab: Lab) -> None:
    running = lab.supervisor(
        AGAIN, {'id': 'many', 'cmd': [lab.script('many', MANY), '150']},
        measure_period=0.05, wrap=limited(nofile=100))
    pid = running.start('again')['os_pid']
    running.start('many')
    wait_until(lambda: running.process('many')['num_tree_procs'] == 151)
    assert len(descriptors(running.popen.pid)) < 60
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: running.process('again')['restart_count'] == 1)
    running.wait_state('again', State.RUNNING)
    running.start('again', name='more')


@pytest.mark.parametrize('leader', ['there', 'gone'])
def test_a_tree_that_has_more_members_than_there_are_descriptors_is_stopped(
        lab: Lab, leader: str) -> None:
    running = lab.supervisor({'id': 'many', 'cmd': [lab.script('many', MANY), '100']},
                             measure_period=0, wrap=limited(nofile=60))
    pid = running.start('many')['os_pid']
    wait_until(lambda: len(lab.leftovers()) == 102)
    if leader == 'gone':
        os.kill(pid, signal.SIGKILL)
    running.call('stop', name='many')
    assert lab.leftovers() == [running.popen.pid]
    assert len(descriptors(running.popen.pid)) < 30
