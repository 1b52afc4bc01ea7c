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

"""Reading the allow-list: what goes wrong with it keeps nobody waiting, and passes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from faults.injection import patched
from harness import Lab, PATIENCE, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.kernel.tree import children
from launch_service_node.supervisor.rules import _kill_child, Rules

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'autostart': True}

def _no_process() -> int:
    raise BlockingIOError(11, 'Resource temporarily unavailable')


def test_what_can_not_be_read_takes_no_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'fork', _no_process)
    rules = Rules(Loop(), [], set())
    before = os.listdir('/proc/self/fd')
    told: list[bool] = []
    for _ in range(5):
        rules.read([], {}, lambda: told.append(rules.unread))
    assert told == [True] * 5
    assert len(os.listdir('/proc/self/fd')) == len(before)


def test_one_who_fails_when_it_is_read_keeps_no_other_waiting(
        monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, 'fork', _no_process)
    rules = Rules(Loop(), [], set())
    told: list[str] = []

    def fail() -> None:
        told.append('first')
        raise RuntimeError
    rules.when_read(fail)
    rules.when_read(lambda: told.append('second'))
    rules.read([], {}, lambda: told.append('third'))
    assert told == ['first', 'second', 'third']


def test_a_reader_that_was_reaped_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(['/bin/true']) as reader:
        reader.wait(PATIENCE)
    killed: list[int] = []
    monkeypatch.setattr(os, 'kill', lambda pid, number: killed.append(pid))
    _kill_child(reader.pid)
    assert killed == []


def test_a_reader_that_takes_too_long_is_killed() -> None:
    with subprocess.Popen(['/bin/sleep', '1000']) as reader:
        _kill_child(reader.pid)
        assert reader.wait(PATIENCE) == -signal.SIGKILL


def test_a_list_that_could_not_be_read_is_read_when_it_can_be(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    gun.touch()
    running = lab.supervisor(SLEEPER, wrap=patched(
        "fail('os:fork', errno.EAGAIN)", str(gun)))
    answer = running.ask('start', cmd='sleeper', name='one')
    assert answer['code'] == ResultCode.NOT_ALLOWED
    assert 'temporarily unavailable' in answer['message']
    gun.unlink()
    assert wait_until(lambda: running.ask('start', cmd='sleeper', name='one')['ok'])
    assert running.process('sleeper')['os_pid']  # what starts by itself has, too
    assert running.call('reload')['errors'] == []


def test_a_reader_whose_supervisor_has_fallen_says_nothing() -> None:
    done = subprocess.run([sys.executable, '-c', """if True:
        import os
        from launch_service_node.supervisor.rules import _read_in_child
        read_fd, write_fd = os.pipe()
        os.close(read_fd)
        _read_in_child(write_fd, [], {}, [])
        """], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (1, '')


#: A supervisor whose reader of the allow-list hangs where no signal reaches it, and that notes
#: in a file each time that it looks whether it still does.
HELD = """
    from launch_service_node.supervisor import rules
    rules.TIMEOUT = 0.1
    def hangs(real):
        def read(*arguments):
            while armed():
                time.sleep(1000)
            return real(*arguments)
        return read
    replace('supervisor.rules:_read_in_child', hangs)
    replace('supervisor.rules:_kill_child', lambda real: lambda pid: None)
    def noted(stuck):
        def look(self):
            with open(ARM + '.looks', 'a') as file:
                file.write('x')
            return stuck.fget(self)
        return property(look)
    replace('supervisor.rules:Rules.stuck', noted)
    """


def test_a_reader_that_the_kernel_holds_is_not_joined_by_others(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    gun.touch()
    looks = lab.folder / 'gun.looks'
    running = lab.supervisor(SLEEPER, wrap=patched(HELD, str(gun)))
    readers, before = children(running.popen.pid), len(looks.read_text())
    assert readers
    wait_until(lambda: len(looks.read_text()) > before + 2)
    assert children(running.popen.pid) == readers
    gun.unlink()
    for reader in readers:
        os.kill(reader, signal.SIGKILL)
    assert wait_until(lambda: running.ask('start', cmd='sleeper', name='one')['ok'])
