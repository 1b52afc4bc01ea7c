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

"""Runs an example program, and ends it whatever its test did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import queue
import subprocess
import sys
import threading
import time

from harness import PATIENCE
import pytest


class Example:
    """One running example, and the lines that it has printed."""

    def __init__(self, name: str, args: tuple[str, ...], cwd: Path, wanted: int) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, '-m', f'launch_service_node.examples.{name}', *args], cwd=cwd,
            env={**os.environ, 'HOME': str(cwd), 'PYTHONUNBUFFERED': '1'}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines: list[str] = []
        self._wanted = wanted
        self._news: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_line(self, words: str) -> str:
        """Return the next line that holds these words."""
        deadline = time.monotonic() + PATIENCE
        while True:
            line = self._news.get(timeout=max(0.0, deadline - time.monotonic()))
            assert line is not None, f'no line with {words!r} in {self.lines}'
            if words in line:
                return line

    def wait(self) -> int:
        """Return the exit code, when all that it has printed is read."""
        code = self.popen.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """End it."""
        self.popen.kill()
        self.wait()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as output:
            for line in output:
                self.lines.append(line.rstrip('\n'))
                self._news.put(self.lines[-1])
                if len(self.lines) == self._wanted:
                    break
        self._news.put(None)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Example]]:
    """Give a function that starts an example by its name."""
    running: list[Example] = []

    def start(name: str, *args: str, wanted: int = 0) -> Example:
        """
        Start an example.

        :param wanted: lines after which its output is closed; 0: never.
        """
        running.append(Example(name, args, tmp_path, wanted))
        return running[-1]

    yield start
    for example in running:
        example.close()
