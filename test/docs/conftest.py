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

"""A reader of the pages, who types what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import os
from pathlib import Path
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time

from docs.pages import Block, Command, first_missing, ROOT
from harness import Lab
import pytest

LONG = 240.0  # seconds for a command on a busy host; most take one, and the demo 30
INTERRUPTED = (0, 130, -signal.SIGINT, signal.SIGINT)  # the last one is what `ros2` does


class Typed:
    """A command that was typed, and what it has printed."""

    def __init__(self, typed: str, folder: Path, environ: dict[str, str],
                 shell: Sequence[str] = ('bash', '-c')) -> None:
        self.typed = typed
        self.printed: list[str] = []
        self.popen = subprocess.Popen(
            [*shell, typed], cwd=folder, env=environ, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._deadline = time.monotonic() + LONG

    def wait_shown(self, shown: tuple[str, ...]) -> None:
        """Return as soon as lines like these have been printed, at least one."""
        while not self.printed or first_missing(shown, self.printed):
            assert self._next(), f'no line like {first_missing(shown, self.printed)!r} from {self}'

    def signal(self, number: int) -> None:
        """Send a signal to all that the command runs, as Ctrl-C does."""
        os.killpg(self.popen.pid, number)

    def wait(self) -> int:
        """Return the exit code, when all that it prints is there."""
        while self._next():
            pass
        return self.popen.wait(LONG)

    def close(self) -> None:
        """End it."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait(LONG)

    def __repr__(self) -> str:
        return '\n'.join([f'{self.typed} (exit code {self.popen.poll()}):', *self.printed])

    def _next(self) -> bool:
        try:
            line = self._lines.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            self.signal(signal.SIGABRT)  # PYTHONFAULTHANDLER: where each thread stands
            self.popen.wait(LONG)
            while (said := self._lines.get(timeout=LONG)) is not None:
                self.printed.append(said)
            pytest.fail(f'goes on: {self}')
        if line is not None:
            self.printed.append(line)
        return line is not None

    def end_as(self, command: Command) -> None:
        """Wait until it ends as a page says of this command, after it printed what is there."""
        if command.interrupted:
            self.wait_shown(command.shown)
            self.signal(signal.SIGINT)
            assert self.wait() in INTERRUPTED, self
        else:
            assert (self.wait() != 0) == command.fails, self
        missing = first_missing(command.shown, self.printed)
        assert not missing, f'no line like {missing!r} from {self}'

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as output:
            for line in output:
                self._lines.put(line.rstrip('\n'))
        self._lines.put(None)


class Reader:
    """Somebody in a folder with config/ and launch/, in an empty home."""

    def __init__(self, lab: Lab) -> None:
        self.folder: Path = lab.folder
        programs = os.path.dirname(sys.executable)
        self.environ = {
            **lab.environment, 'PATH': f'{programs}:{os.environ["PATH"]}', 'TERM': 'dumb',
            'TMPDIR': str(lab.folder), 'PYTHONFAULTHANDLER': '1',
            # As the set-up script of a ROS 2 has it.
            'AMENT_PREFIX_PATH': os.environ.get('AMENT_PREFIX_PATH') or sys.prefix}
        self._typed: list[Typed] = []
        for name in ('config', 'launch'):
            (lab.folder / name).symlink_to(ROOT / name)

    def prepare(self, block: Block, files: list[Block]) -> None:
        """Do what the comment before a block asks for."""
        for file in files:
            (self.folder / file.file).write_text(file.text)
        if 'needs ros2' in block.needs:
            self.need_ros2()
        if 'up' in block.needs:
            self('launch-service up /robot1 --allow-list config/example.yaml')
        if 'talker' in block.needs:
            self('launch-service start /robot1 talker --wait-ready')

    def need_ros2(self) -> None:
        """Skip the test where there is no `ros2`."""
        if not shutil.which('ros2', path=self.environ['PATH']):
            pytest.skip('`ros2` is not installed')

    def begin(self, typed: str) -> Typed:
        """Type a command, and go on while it runs."""
        self._typed.append(Typed(typed, self.folder, self.environ))
        return self._typed[-1]

    def __call__(self, typed: str) -> list[str]:
        """Type a command, which has to succeed, and return what it prints."""
        running = self.begin(typed)
        assert running.wait() == 0, running
        return running.printed

    def follow(self, command: Command) -> None:
        """Type a command of a page, which has to end, and print, as the page says."""
        self.begin(command.typed).end_as(command)

    def close(self) -> None:
        """End what was typed, and the daemon that `ros2` may have started for it."""
        for running in self._typed:
            running.close()
        if shutil.which('ros2', path=self.environ['PATH']):
            subprocess.run(['ros2', 'daemon', 'stop'], env=self.environ, cwd=self.folder,
                           capture_output=True, timeout=LONG, check=False)


@pytest.fixture
def reader(lab: Lab) -> Iterator[Reader]:
    """Give a reader."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    reader = Reader(lab)
    yield reader
    reader.close()
