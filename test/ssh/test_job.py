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

"""The end of a command as its watchdog sees it, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import errno
import json
import os
from pathlib import Path
import select
import signal
import sys
from textwrap import dedent
import time
import traceback
from typing import Any

from harness import alive, HEADLESS, PATIENCE, wait_until
import pytest

from launch_service_node.ssh.command import Command
from launch_service_node.ssh.lookup import Executable
from launch_service_node.ssh.places import stand_in
from launch_service_node.ssh.remote import job as job_module
from launch_service_node.ssh.remote import ladder, tree
from launch_service_node.ssh.remote.frames import EXIT, FAILED, HEAD, Link, OUT, unpack
from launch_service_node.ssh.remote.job import Job
from launch_service_node.ssh.remote.spawning import spawn
from launch_service_node.ssh.sending import order_for
from launch_service_node.supervisor.kernel.identity import open_handle


def alone(scenario: Callable[[], object]) -> None:
    """Play a scenario in a process of its own, all of whose children are the job's."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            signal.alarm(int(2 * PATIENCE))  # the end of it, if nothing else is
            tree.become_subreaper()
            scenario()
            code = 0
        except BaseException:  # noqa: BLE001 - shown, and told by the exit code
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


class Watched:
    """A job whose watchdog is the test; see `alone`."""

    def __init__(self, command: Command) -> None:
        self.fds = [*os.pipe(), *os.pipe()]
        self.link = Link(self.fds[0], self.fds[3])
        self.job = Job(self.link, json.loads(order_for(command)[HEAD.size:]))
        self.job.start()

    def look_at_output(self) -> None:
        """Do the first half of a turn, with what is there now."""
        poll = select.poll()
        self.job.register(poll)
        self.job.handle(dict(poll.poll(0)))

    def until_it_runs(self) -> None:
        """Look at what is there until exec has succeeded."""
        deadline = time.monotonic() + PATIENCE
        while self.job._exec_fd >= 0:
            assert time.monotonic() < deadline
            self.look_at_output()

    def until_over(self) -> dict[bytes, Any]:
        """Turn until all is over, and return the last frame of each kind."""
        deadline = time.monotonic() + PATIENCE
        while not self.job.done:
            assert time.monotonic() < deadline, 'it is never over'
            poll = select.poll()
            self.job.register(poll)
            self.job.handle(dict(poll.poll(50)))
            self.job.watch(time.monotonic())
        return dict(unpack(bytearray(self.link.unsent)))


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Give a pipe that somebody may wait at, and what opens it."""
    path = tmp_path / 'gate'
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    yield path, fd
    os.close(fd)


@pytest.mark.parametrize('in_setup', [True, False], ids=['of a set-up script', 'let go of'])
def test_last_words_between_two_looks_are_heard(
        gate: tuple[Path, int], tmp_path: Path, in_setup: bool) -> None:
    path, opener = gate
    script = tmp_path / 'setup.sh'
    script.write_text(f'read line <{path}; export WORD=$line\n')
    command = Command(('sh', '-c', 'echo "$WORD"'), setup=(str(script),)) if in_setup else \
        Command(('sh', '-c', f'read line <{path}; echo $line'), leave_rest=True)

    def scenario() -> None:
        watched = Watched(command)
        pid = watched.job._main
        watched.until_it_runs()
        watched.look_at_output()  # nothing is there
        os.write(opener, b'last\n')
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        watched.job.watch(time.monotonic())
        told = watched.until_over()
        assert told[OUT] == b'last\n'
        assert json.loads(told[EXIT])['code'] == 0
    alone(scenario)


#: Somebody in a session of its own with none of its parent's descriptors, whose pid is said.
ELSEWHERE = 'setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!'


def test_whom_a_look_at_proc_missed_is_ended_all_the_same() -> None:
    def scenario() -> None:
        looks = iter(range(3))

        def blind(leader: int) -> list[int]:
            # As when everybody forks and ends while the list is read.
            return [] if next(looks, None) is not None else tree.living(leader)
        job_module.living = blind
        watched = Watched(Command(('sh', '-c', ELSEWHERE), sigterm_timeout=0.1,
                                  sigkill_timeout=0.1))
        told = watched.until_over()
        assert not alive(int(told[OUT]))
        assert json.loads(told[EXIT])['left'] == []
    alone(scenario)


def test_a_command_that_nothing_ends_is_told_in_bounded_time() -> None:
    def scenario() -> None:
        ladder.signal_all = lambda leader, number: None  # as for another user's process
        ladder.LAST_WAIT = 0.2
        watched = Watched(Command(('sleep', '1000'), sigterm_timeout=0.1, sigkill_timeout=0.1))
        pid = watched.job._main
        watched.until_it_runs()
        try:
            watched.job.stop('asked')
            told = json.loads(watched.until_over()[EXIT])
            assert (told['code'], told['signal'], told['left']) == (None, None, [pid])
        finally:
            os.kill(pid, signal.SIGKILL)  # it is this process's child, and not reaped
    alone(scenario)


def test_where_the_kernel_has_no_pidfds_everybody_is_ended_too() -> None:
    def refuse(pid: int) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    def scenario() -> None:
        os.pidfd_open = refuse  # type: ignore[assignment]
        watched = Watched(Command(('sh', '-c', ELSEWHERE), sigterm_timeout=0.1,
                                  sigkill_timeout=0.1))
        told = watched.until_over()
        assert not alive(int(told[OUT]))
    alone(scenario)


def test_who_goes_on_without_a_main_thread_is_ended_too(tmp_path: Path) -> None:
    def scenario() -> None:
        watched = Watched(Command(
            ('sh', '-c', 'setsid "$0" -c "$1" "$2" </dev/null >/dev/null 2>&1 & exec sleep 1000',
             sys.executable, dedent(HEADLESS), str(tmp_path / 'pid')),
            sigterm_timeout=0.1, sigkill_timeout=0.1))
        watched.until_it_runs()
        pid = wait_until(lambda: next(
            (pid for pid, stat in tree.descendants().items() if stat.state == 'Z'), 0))
        handle = open_handle(pid)
        assert handle is not None and not handle.gone()
        try:
            watched.job.stop('asked')
            assert json.loads(watched.until_over()[EXIT])['left'] == []
            assert handle.gone()
        finally:
            handle.send(signal.SIGKILL)  # nobody else would find it: its environment is empty
    alone(scenario)


def test_orphans_that_have_ended_do_not_pile_up(gate: tuple[Path, int]) -> None:
    path, opener = gate

    def scenario() -> None:
        watched = Watched(Command(
            ('sh', '-c', f'for n in 1 2 3 4 5; do sh -c "true &"; done; read line <{path}')))
        watched.until_it_runs()

        def nobody_else() -> bool:
            watched.job.watch(time.monotonic())
            return set(tree.descendants()) == {watched.job._main}
        wait_until(lambda: len(tree.descendants()) > 2)
        wait_until(nobody_else)
        os.write(opener, b'go\n')
        assert json.loads(watched.until_over()[EXIT])['code'] == 0
    alone(scenario)


@pytest.mark.parametrize('end', ['exit 3', ''], ids=['it fails', 'the package is missing'])
def test_what_a_set_up_script_left_running_ends_where_nothing_can_start(
        tmp_path: Path, end: str) -> None:
    script = tmp_path / 'setup.sh'
    script.write_text(f'{ELSEWHERE} >{tmp_path}/pid\n{end}\n')
    missing = Executable('no_such_package', 'none')
    word = stand_in(missing)

    def scenario() -> None:
        watched = Watched(Command((word,), setup=(str(script),), places={word: missing},
                                  sigterm_timeout=0.1, sigkill_timeout=0.1))
        assert FAILED in watched.until_over()
        assert not alive(int((tmp_path / 'pid').read_text()))
    alone(scenario)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_it_executes_is_not_swallowed(number: int) -> None:
    def scenario() -> None:
        signal.signal(number, lambda *_: None)
        nothing = os.open(os.devnull, os.O_RDWR)
        for _ in range(20):
            pid, _ = spawn(['sleep', '1'], dict(os.environb), None, (nothing,) * 3, False)
            os.kill(pid, number)
            assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == number
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())

    alone(scenario)
