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

"""Which process a pid means: never a stranger, whatever the number says."""

from __future__ import annotations

from collections.abc import Iterator
import os
import signal
import subprocess

from harness import alive, PATIENCE, wait_until
import pytest

from launch_service_node.supervisor.kernel.identity import boot_id, open_handle, read_stat


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(['/bin/sleep', '1000'], start_new_session=True) as popen:
        yield popen
        popen.kill()
        popen.wait(PATIENCE)


def ticks_of(pid: int) -> int:
    stat = read_stat(pid)
    assert stat is not None
    return stat.start_ticks


def test_a_handle_holds_the_process_and_tells_its_end(sleeper: subprocess.Popen[bytes]) -> None:
    handle = open_handle(sleeper.pid, ticks_of(sleeper.pid))
    assert handle is not None
    assert not handle.gone()
    assert handle.send(signal.SIGKILL)
    wait_until(handle.gone)  # a zombie, which kill(pid, 0) would call alive
    assert sleeper.wait(PATIENCE) == -signal.SIGKILL
    assert not handle.send(signal.SIGKILL)
    handle.close()
    handle.close()
    assert open_handle(sleeper.pid) is None or read_stat(sleeper.pid) is not None


@pytest.mark.parametrize('shift', [-1, 1, 10 ** 9])
def test_another_start_time_is_another_process(
        sleeper: subprocess.Popen[bytes], shift: int) -> None:
    assert open_handle(sleeper.pid, ticks_of(sleeper.pid) + shift) is None


@pytest.mark.parametrize('pid', [0, -1, 2 ** 31 - 1, 2 ** 40, -2 ** 31])
def test_a_number_that_is_no_process_is_none(pid: int) -> None:
    assert open_handle(pid) is None


def test_a_pid_that_was_given_away_is_not_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    """A handle of one who is gone stays his, also when the number has a new owner."""
    first = subprocess.Popen(['/bin/sleep', '1000'])
    handle = open_handle(first.pid)
    assert handle is not None
    first.kill()
    first.wait(PATIENCE)
    handle.pid, handle.start_ticks = sleeper.pid, ticks_of(sleeper.pid)  # as if reused
    assert not handle.send(signal.SIGKILL)
    handle.close()
    assert sleeper.poll() is None


def test_the_whole_group_is_signalled_also_when_its_leader_is_gone() -> None:
    leader = subprocess.Popen(['/bin/sh', '-c', 'sleep 1000 & echo $!; read gone; exit'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              start_new_session=True)
    assert leader.stdin is not None and leader.stdout is not None
    member = int(leader.stdout.readline())
    handle = open_handle(leader.pid)
    assert handle is not None
    leader.stdin.close()
    leader.wait(PATIENCE)
    leader.stdout.close()
    if not handle.send_group(signal.SIGKILL):  # a kernel before 6.9
        os.kill(member, signal.SIGKILL)
    wait_until(lambda: not alive(member))
    handle.close()


def test_a_name_with_parentheses_and_spaces_is_read(tmp_path: os.PathLike[str]) -> None:
    nasty = os.path.join(tmp_path, ') S 1 (a')
    os.symlink('/bin/sleep', nasty)
    with subprocess.Popen([nasty, '1000']) as popen:
        try:
            stat = read_stat(popen.pid)
            assert stat is not None
            assert stat.ppid == os.getpid()
        finally:
            popen.kill()


def test_a_child_that_was_only_forked_is_told_from_a_program(
        sleeper: subprocess.Popen[bytes]) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    try:
        forked, program = read_stat(pid), read_stat(sleeper.pid)
        assert forked is not None and program is not None
        assert (forked.executed, program.executed) == (False, True)
    finally:
        os.close(write)
        os.waitpid(pid, 0)


def test_a_boot_has_one_id() -> None:
    assert boot_id() == boot_id() != ''
