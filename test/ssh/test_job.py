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

from collections.abc import Iterator
import json
import os
from pathlib import Path
import select
import time
from typing import Any

from harness import PATIENCE
import pytest

from launch_service_node.ssh.command import Command
from launch_service_node.ssh.remote.frames import EXIT, HEAD, Link, OUT, unpack
from launch_service_node.ssh.remote.job import Job
from launch_service_node.ssh.sending import order_for


class Watched:
    """A job whose watchdog is the test."""

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

    def close(self) -> None:
        for fd in self.fds:
            os.close(fd)


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
    watched = Watched(command)
    try:
        pid = watched.job._main
        deadline = time.monotonic() + PATIENCE
        while watched.job._exec_fd >= 0:  # until it runs
            assert time.monotonic() < deadline
            watched.look_at_output()
        watched.look_at_output()  # nothing is there
        os.write(opener, b'last\n')
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        watched.job.watch(time.monotonic())
        told = watched.until_over()
        assert told[OUT] == b'last\n'
        assert json.loads(told[EXIT])['code'] == 0
    finally:
        watched.close()
