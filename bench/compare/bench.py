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

"""What all rows share: a home for what runs, the peers, repetitions, and the end of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import tempfile
import time
from typing import Any, TypeVar

from harness import Lab

from .peer import Peer

T = TypeVar('T')

#: Rounds below which there is no telling how steady a figure is.
LEAST = 4

#: Seconds that a whole run may take; what would come later is not measured.
MOST = 14 * 60.0


class Bench:
    """
    One run.

    :param folder: that is this run's alone.
    :param peers: the Python that has the peers.
    :param say: takes a line about how far it has come.
    """

    def __init__(self, folder: Path, peers: Path, quick: bool,
                 say: Callable[[str], object]) -> None:
        self.lab = Lab(folder)
        self.folder = folder
        self.peers = peers
        self.quick = quick
        self.say = say
        self.curves: dict[str, dict[str, list[tuple[int, float]]]] = {}
        self._end = time.monotonic() + MOST
        self._found: dict[str, Any] = {}
        # What the peers start carries this as well, and is found again by it.
        self.environment = {**self.lab.environment, 'PYTHONUNBUFFERED': '1'}

    def is_late(self, needed: float = 0.0) -> bool:
        """Say whether so many seconds are no longer left."""
        return time.monotonic() + needed > self._end

    def times(self, normal: int, quick: int = 4) -> int:
        """Return how often something is repeated."""
        return quick if self.quick else normal

    def new_folder(self, name: str) -> Path:
        """Return a folder for one of those that run."""
        return Path(tempfile.mkdtemp(prefix=f'{name}-', dir=self.folder))

    def once(self, name: str, what: Callable[[], T]) -> T:
        """Return what something gives; rows that need the same measure it once."""
        if name not in self._found:
            self._found[name] = what()
        return self._found[name]

    def peer(self, program: str, *words: str) -> Peer:
        """Start a program of peers/, which the caller closes."""
        environment = {key: value for key, value in self.environment.items()
                       if key not in ('PYTHONPATH', 'LD_LIBRARY_PATH')}
        return Peer(self.peers, program, *words, environment=environment,
                    log=self.folder / f'{program}.log')

    @contextmanager
    def filled(self, program: str, processes: int) -> Iterator[Peer]:
        """Give supervisord or circusd with so many processes, and room for one more."""
        folder = str(self.new_folder(program))
        with self.peer(program, folder, str(processes + 1)) as peer:
            peer.ask('fill', number=processes)
            yield peer

    def close(self) -> list[int]:
        """End whatever still runs, and return the pids that had to be killed for that."""
        return self.lab.close()


def timed(what: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    begin = time.perf_counter()
    what()
    return time.perf_counter() - begin


def interleaved(times: int, *things: Callable[[], float], warm_up: int = 2,
                seconds: float = 40.0) -> list[list[float]]:
    """
    Do things in turns, and return what each gave, in order.

    What disturbs the machine for a while then disturbs all of them.

    :param warm_up: first rounds whose figures are thrown away.
    :param seconds: after which there are no further rounds, once there are LEAST of them.
    """
    deadline = time.monotonic() + seconds
    found: list[list[float]] = [[] for _ in things]
    for at in range(-warm_up, times):
        if at >= LEAST and time.monotonic() > deadline:
            break
        for figures, thing in zip(found, things, strict=True):
            figure = thing()
            if at >= 0:
                figures.append(figure)
    return found

