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

"""The supervisor's own end: bounded, whoever asks for it and however its processes behave."""

from __future__ import annotations

from contextlib import suppress
import errno
import os
from pathlib import Path
import signal
import socket
import subprocess
import time
from typing import Any

from faults.injection import patched, SLOW_EXEC, UNENDING
from harness import alive, Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.server import Connection, Server
from launch_service_node.supervisor.states import State

STUBBORN = {'id': 'stubborn', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; sleep 1000"],
            'ready': {'output': 'up'}}


def stubborn(sigterm: float, sigkill: float) -> dict[str, Any]:
    return {**STUBBORN, 'stop': {'sigterm_timeout': sigterm, 'sigkill_timeout': sigkill}}


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_by_its_ladder(lab: Lab, number: int) -> None:
    running = lab.supervisor(stubborn(0.1, 0.1), {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    pids = [running.call('start', cmd='stubborn', wait_ready=True)['process']['os_pid']
            for _ in range(5)]
    pids += [running.start('sleeper')['os_pid'] for _ in range(5)]
    running.popen.send_signal(number)
    assert running.popen.wait(PATIENCE) == 0
    assert [pid for pid in pids if alive(pid)] == []
    assert lab.leftovers() == []
    assert not (lab.instance_dir() / 'supervisor.sock').exists()


def test_a_second_signal_hurries_the_first(lab: Lab) -> None:
    running = lab.supervisor(stubborn(1000, 1000))
    pid = running.call('start', cmd='stubborn', wait_ready=True)['process']['os_pid']
    running.popen.send_signal(signal.SIGTERM)
    running.wait_state('stubborn', State.STOPPING)
    with pytest.raises(subprocess.TimeoutExpired):
        running.popen.wait(0.3)
    assert alive(pid)
    running.popen.send_signal(signal.SIGTERM)
    assert running.popen.wait(PATIENCE) == 0
    assert not alive(pid)


def test_a_second_request_hurries_the_first_and_both_are_answered(lab: Lab) -> None:
    running = lab.supervisor(stubborn(1000, 1000))
    running.call('start', cmd='stubborn', wait_ready=True)
    with running.connect() as other:
        other._socket.sendall(encode({'id': 1, 'op': 'shutdown'}))
        running.wait_state('stubborn', State.STOPPING)
        assert running.call('shutdown')['processes'][0]['term_signal'] == signal.SIGKILL
        other._socket.settimeout(PATIENCE)
        data = b''
        while b'"id":1' not in data:
            data += other._socket.recv(65536)
        assert b'"ok":true' in data
    assert running.popen.wait(PATIENCE) == 0


def test_a_signal_that_is_not_meant_for_it_changes_nothing(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    running.start('sleeper')
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
        running.popen.send_signal(number)
    assert running.process('sleeper')['process_status'] == State.RUNNING
    running.shut_down()


def test_a_pending_restart_and_a_start_under_way_end_with_it(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'false', 'cmd': '/bin/false',
         'restart': {'policy': 'always', 'delay': 1000, 'max_delay': 1000}},
        {'id': 'slow', 'cmd': '/bin/true', 'environment': {'GATE': '/nowhere'}},
        {'id': 'never', 'cmd': ['/bin/sleep', '1000'], 'ready': {'output': 'x'}},
        wrap=patched(SLOW_EXEC))
    running.start('false')
    running.wait_state('false', State.BACKOFF)
    running.start('never')
    with running.connect() as other:
        other._socket.sendall(encode({'id': 1, 'op': 'start', 'cmd': 'slow'}))
        wait_until(lambda: len(running.call('list')['processes']) == 3)
    answer = running.call('shutdown')
    assert {process['process_name']: process['process_status']
            for process in answer['processes']} == {
        'false': State.STOPPED, 'slow': State.STOPPED, 'never': State.STOPPED}
    assert running.popen.wait(PATIENCE) == 0
    assert lab.leftovers() == []


def test_one_that_does_not_even_end_on_sigkill_does_not_hold_it_up_for_ever(lab: Lab) -> None:
    running = lab.supervisor(stubborn(0.1, 0.1), wrap=patched("""
        import launch_service_node.supervisor.ladder as ladder
        ladder.LAST_WAIT = 0.2
        replace('supervisor.stopping:Stopper._send', lambda _: lambda *arguments: None)
        """))
    pid = running.call('start', cmd='stubborn', wait_ready=True)['process']['os_pid']
    running.popen.send_signal(signal.SIGTERM)
    assert running.popen.wait(PATIENCE) == 0
    assert alive(pid)  # and the lab ends it


def test_one_that_does_not_even_end_on_sigkill_is_named_in_the_answer(lab: Lab) -> None:
    running = lab.supervisor(
        stubborn(0.1, 0.1), {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']},
        wrap=patched(UNENDING))
    pid = running.call('start', cmd='stubborn', wait_ready=True)['process']['os_pid']
    other = running.start('sleeper')['os_pid']
    answer = running.ask('shutdown')
    assert (answer['ok'], answer['code']) == (False, ResultCode.NOT_STOPPED)
    assert f'stubborn: pid {pid}' in answer['message'] and 'sleeper' not in answer['message']
    left = {process['process_name']: process['os_pid'] for process in answer['processes']}
    assert left == {'stubborn': pid, 'sleeper': 0}
    assert running.popen.wait(PATIENCE) == 0
    assert 'the shutdown leaves stubborn' in lab.log()
    assert alive(pid) and not alive(other)  # and the lab ends it


def test_processes_may_be_kept(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    pid = running.start('sleeper')['os_pid']
    assert len(running.call('shutdown', keep_processes=True)['processes']) == 1
    assert running.process('sleeper')['process_status'] == State.RUNNING
    assert alive(pid)


@pytest.mark.parametrize('order', ['the supervisor first', 'the supervisor last'])
def test_a_host_that_goes_down_signals_everybody_and_nothing_is_left(
        lab: Lab, order: str) -> None:
    """As systemd and every other init do: SIGTERM to all there is, in any order."""
    running = lab.supervisor(
        stubborn(0.1, 0.1),
        {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
         'restart': {'policy': 'always', 'delay': 0.001, 'limit': 'unlimited'}})
    running.call('start', cmd='stubborn', wait_ready=True)
    for _ in range(10):
        running.start('sleeper')
    supervisor = running.popen.pid

    def all_others() -> list[int]:
        found = [pid for pid in lab.leftovers() if pid != supervisor]
        return found if len(found) == 12 else []  # with the child of the shell
    others = wait_until(all_others)
    for pid in [supervisor, *others] if 'first' in order else [*others, supervisor]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    assert running.popen.wait(PATIENCE) == 0
    assert lab.leftovers() == []
    running = lab.supervisor()  # after the boot
    assert {process['process_status'] for process in running.call('list')['processes']} == {
        State.STOPPED}


def test_nothing_comes_back_after_a_shutdown(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'autostart': True,
                              'restart': {'policy': 'always', 'delay': 0.01}})
    running.wait_state('sleeper', State.RUNNING)
    running.shut_down()
    running = lab.supervisor()
    running.call('executables')
    assert running.process('sleeper')['process_status'] == State.STOPPED
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


@pytest.mark.parametrize('by', ['stop', 'restart and stop'])
def test_who_was_stopped_while_it_waited_for_its_restart_stays_so(lab: Lab, by: str) -> None:
    running = lab.supervisor({'id': 'false', 'cmd': '/bin/false',
                              'restart': {'policy': 'always', 'delay': 0.3}})
    running.start('false')
    running.wait_state('false', State.BACKOFF)
    if by == 'restart and stop':
        running.ask('restart', name='false')
        running.wait_state('false', State.BACKOFF)
    before = running.call('stop', name='false')['processes'][0]
    assert before['process_status'] == State.STOPPED
    time.sleep(0.6)  # longer than the restart would have waited
    assert running.process('false')['sequence_number'] == before['sequence_number']


def test_a_signal_in_a_crowd_of_ends_is_heard(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}, wrap=patched("""
        def wrap(list_them):
            def in_a_crowd(operations, request, fields):
                for _ in range(2000):
                    os.kill(os.getpid(), signal.SIGCHLD)
                os.kill(os.getpid(), signal.SIGTERM)
                list_them(operations, request, fields)
            return in_a_crowd
        replace('supervisor.operations:Operations._list', wrap)
        """))
    running.start('sleeper')
    running.ask('list')
    assert running.popen.wait(PATIENCE) == 0
    assert lab.leftovers() == []


def test_clients_that_read_nothing_hold_the_end_up_for_a_bounded_time(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop()
    server = Server(loop, str(tmp_path / 'socket'), {}, lambda *_: None, lambda *_: None)
    passed, closed = 0.0, 0
    monkeypatch.setattr(loop, 'now', lambda: passed)

    class Frozen:
        def flush(self, seconds: float) -> None:
            nonlocal passed
            passed += seconds

        def close(self) -> None:
            nonlocal closed
            closed += 1
    server.connections = {Frozen() for _ in range(200)}  # type: ignore[misc]
    server.close()
    assert closed == 200
    assert 0 < passed <= 2


def test_a_socket_that_can_not_be_removed_keeps_no_answer_back(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop()
    path = str(tmp_path / 'socket')
    server = Server(loop, path, {}, lambda *_: None, lambda *_: None)

    def read_only(_: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    monkeypatch.setattr(os, 'unlink', read_only)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(server, ours, (0, 0))
        server.connections.add(connection)
        connection._queue.append(memoryview(b'the last answer'))
        server.close()
        assert theirs.recv(100) == b'the last answer'
