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

"""The socket of sd_notify(3): read to the end of a run, and there again after a fall."""

from __future__ import annotations

import os
from pathlib import Path
import select
import socket
from typing import Any

from faults.injection import descriptors
from harness import Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.allow_list.model import ReadySettings
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.output import Output
from launch_service_node.supervisor.readiness import Readiness
from launch_service_node.supervisor.states import State

#: More than a socket holds when nobody reads it, whatever net.unix.max_dgram_qlen is.
MANY = 2000

#: Says the words that come through a FIFO, and notes when all of them were taken.
TALKER = f"""
    import os, signal, socket, sys
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    address = os.environ['NOTIFY_SOCKET'].replace('@', '\\0', 1)

    def say(words):
        for word in words:
            notify.sendto(word.encode(), address)

    def end(*_):
        say(['STOPPING=1'] * {MANY})
        os._exit(0)
    signal.signal(signal.SIGINT, end)
    print('listening', flush=True)
    while True:
        with open(sys.argv[1]) as told:
            say(told.read().split())
        print('said', flush=True)
    """


class Talker:
    """A process that is ready with READY=1, and says what the test wants it to."""

    def __init__(self, lab: Lab, **entry: Any) -> None:
        self._lab = lab
        self._told = lab.folder / 'told'
        os.mkfifo(self._told)
        self._entry = {'id': 'talker', 'cmd': [lab.script('talker', TALKER), str(self._told)],
                       'ready': {'notify': True, 'timeout': 1000}, **entry}
        self.address = ''

    def start(self) -> Running:
        """Start it; it has said nothing yet."""
        # To measure takes descriptors, too.
        running = self._lab.supervisor(self._entry, measure_period=0)
        process = running.start('talker')
        self._output = Path(process['output_path'])
        wait_until(lambda: self._output.read_text() == 'listening\n')
        environment = Path(f'/proc/{process["os_pid"]}/environ').read_text().split('\0')
        self.address = next(one.partition('=')[2] for one in environment
                            if one.startswith('NOTIFY_SOCKET='))
        return running

    def say(self, *words: str) -> None:
        """Let it say words, and wait until all are taken."""
        before = self._output.read_text()
        self._told.write_text(' '.join(words))
        wait_until(lambda: self._output.read_text() == before + 'said\n')


def state(running: Running) -> int:
    return int(running.process('talker')['process_status'])


def test_who_goes_on_to_tell_when_it_is_ready_is_not_kept_waiting(lab: Lab) -> None:
    talker = Talker(lab)
    running = talker.start()
    talker.say('READY=1', *['STATUS=x'] * MANY)
    assert state(running) == State.RUNNING


@pytest.mark.parametrize('words', [['READY=0'], ['READY=1']], ids=['not ready', 'ready'])
def test_who_tells_that_it_stops_is_not_kept_waiting(lab: Lab, words: list[str]) -> None:
    talker = Talker(lab)
    running = talker.start()
    talker.say(*words)
    running.ask('stop', name='talker', sigterm_timeout=PATIENCE)
    process = running.process('talker')
    assert (process['exit_known'], process['exit_code'], process['term_signal']) == (True, 0, 0)


def test_after_a_fall_it_is_ready_only_when_it_says_so(lab: Lab) -> None:
    talker = Talker(lab)
    talker.start().kill()
    running = lab.supervisor()
    assert state(running) == State.STARTING
    talker.say('STATUS=x')
    assert state(running) == State.STARTING
    talker.say('READY=1')
    running.wait_state('talker', State.RUNNING)


def test_after_a_fall_who_is_ready_is_heard_as_before(lab: Lab) -> None:
    talker = Talker(lab)
    running = talker.start()
    talker.say('READY=1')
    running.wait_state('talker', State.RUNNING)
    running.kill()
    running = lab.supervisor()
    talker.say(*['STATUS=x'] * MANY)
    assert state(running) == State.RUNNING


def test_after_a_fall_an_address_that_is_taken_is_had_as_soon_as_it_is_free(lab: Lab) -> None:
    talker = Talker(lab)
    talker.start().kill()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(talker.address.replace('@', '\0', 1))
        running = lab.supervisor()
        assert state(running) == State.STARTING
    wait_until(lambda: talker.address in Path('/proc/net/unix').read_text())
    talker.say('READY=1')
    running.wait_state('talker', State.RUNNING)


# -- who says it -----------------------------------------------------------------------------

#: Says READY=1 and ends as soon as that was taken, as systemd-notify does: it hands over a
#: descriptor, and knows by its end.
BARRIER = """
    import os, socket, sys
    read, write = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0', 1))
        socket.send_fds(notify, [b'READY=1'], [write])
    os.close(write)
    os.read(read, 1)
    """


def say_and_wait(address: str, word: bytes) -> None:
    """Say a word to a socket, and return when it was taken."""
    read_fd, write_fd = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(address.replace('@', '\0', 1))
        socket.send_fds(notify, [word], [write_fd])
    os.close(write_fd)
    assert select.select([read_fd], [], [], PATIENCE)[0]
    os.close(read_fd)


@pytest.mark.parametrize('fallen', [False, True])
def test_what_somebody_else_says_makes_nobody_ready(lab: Lab, fallen: bool) -> None:
    talker = Talker(lab)
    running = talker.start()
    if fallen:
        running.kill()
        running = lab.supervisor()
    running.call('executables')  # waits until the list was read, which takes some
    before = descriptors(running.popen.pid)
    say_and_wait(talker.address, b'READY=1')
    assert state(running) == State.STARTING
    assert descriptors(running.popen.pid) == before
    talker.say('READY=1')
    running.wait_state('talker', State.RUNNING)


def test_what_somebody_else_said_is_told_when_it_is_late(tmp_path: Path) -> None:
    loop = Loop()
    late: list[str] = []

    def on_late(why: str) -> None:
        late.append(why)
        loop.stop()
    readiness = Readiness(loop, ReadySettings(notify=True, timeout=0.01),
                          Output(str(tmp_path / 'output'), 0), 0, '', loop.stop, on_late)
    readiness.begin()
    readiness.notified_by_other(4711)
    loop.run()
    assert 'no READY=1 has come from it (one came from pid 4711, which is not of' in late[0]


def test_a_child_that_ends_when_it_was_heard_speaks_for_its_tree(lab: Lab) -> None:
    notify = lab.script('notify', BARRIER)
    running = lab.supervisor({
        'id': 'sh', 'cmd': ['/bin/sh', '-c', f'{notify}; exec sleep 1000'],
        'ready': {'notify': True, 'timeout': 1000}})
    assert running.start('sh', wait_ready=True)['process_status'] == State.RUNNING


#: Has a daemon in its session that is nobody's child and has no mark left, as under `sudo -b`,
#: and that says READY=1.
DAEMON = """
    import os, resource, socket, sys, time
    if len(sys.argv) == 1:
        if os.fork():
            os.wait()
            time.sleep(1000)
        starter = os.getpid()
        if os.fork():
            os._exit(0)
        while os.getppid() == starter:
            time.sleep(0.01)
        resource.setrlimit(10, (resource.getrlimit(10)[1],) * 2)
        os.execve(sys.argv[0], [sys.argv[0], os.environ['NOTIFY_SOCKET']], {})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b'READY=1', sys.argv[1].replace('@', '\\0', 1))
    time.sleep(1000)
    """


def test_who_is_stopped_with_it_also_speaks_for_it(lab: Lab) -> None:
    running = lab.supervisor({'id': 'daemon', 'cmd': [lab.script('daemon', DAEMON)],
                              'ready': {'notify': True, 'timeout': 1000}})
    assert running.start('daemon', wait_ready=True)['process_status'] == State.RUNNING
    running.shut_down()


#: Says READY=1 as its parent, as systemd-notify(1) does where it may.
AS_PARENT = """
    import os, socket, struct, time
    said_by = struct.pack('3i', os.getppid(), os.getuid(), os.getgid())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0', 1))
        notify.sendmsg([b'READY=1'], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, said_by)])
    time.sleep(1000)
    """


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may speak as somebody else')
@pytest.mark.parametrize('command', ['exec {}', '{} & wait', '({} &); exec sleep 1000'],
                         ids=['it', 'a child', 'an orphan'])
def test_who_speaks_as_its_parent_speaks_for_its_tree(lab: Lab, command: str) -> None:
    program = lab.script('as_parent', AS_PARENT)
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', command.format(program)],
                              'ready': {'notify': True, 'timeout': 1000}})
    assert running.start('sh', wait_ready=True)['process_status'] == State.RUNNING
