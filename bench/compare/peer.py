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

"""A peer: a program of peers/ that has a Python of its own, and times what it is told to do."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
from typing import Any

PROGRAMS = Path(__file__).parent / 'peers'


class PeerError(Exception):
    """A peer could not do what it was told, in its own words."""


class Peer:
    """
    One of them; `close` it in the end.

    :param log: gets what it complains about.
    """

    def __init__(self, python: Path, program: str, *words: str, environment: dict[str, str],
                 log: Path) -> None:
        self.name = program
        with open(log, 'ab') as complaints:
            # A session of its own: Ctrl-C in the terminal is for us, who end it in order.
            self._popen = subprocess.Popen(
                [str(python), str(PROGRAMS / f'{program}.py'), *words], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
                env=environment, start_new_session=True)
        self._log = log

    def ask(self, do: str, **fields: Any) -> tuple[float, Any]:
        """
        Have it do something, and return the seconds that it took, and what came of it.

        :raises PeerError: it fails, or is gone.
        """
        assert self._popen.stdin is not None and self._popen.stdout is not None
        try:
            self._popen.stdin.write(json.dumps({'do': do, **fields}) + '\n')
            self._popen.stdin.flush()
        except BrokenPipeError:
            pass  # the next line says so
        line = self._popen.stdout.readline()
        if not line:
            raise PeerError(f'{self.name} has ended: {self._last_words()}')
        told = json.loads(line)
        if 'error' in told:
            raise PeerError(f'{self.name}: {do}: {told["error"]}')
        return told['seconds'], told['answer']

    def time(self, do: str, **fields: Any) -> float:
        """Have it do something, and return the seconds that it took."""
        return self.ask(do, **fields)[0]

    def close(self) -> None:
        """End it, and what it runs."""
        assert self._popen.stdin is not None and self._popen.stdout is not None
        try:
            self._popen.stdin.close()
        except BrokenPipeError:
            pass  # it ended before
        try:
            self._popen.wait(60)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._popen.stdout.close()

    def __enter__(self) -> Peer:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding='utf-8', errors='replace').split('\n')
        return next((line for line in reversed(lines) if line.strip()), 'it said nothing')
