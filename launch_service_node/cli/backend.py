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

"""
What a verb needs of an instance, whichever way it is reached.

Both ways answer with the dictionaries of docs/protocol.md, so that a verb is written
once: `process` without what only the socket knows, `executable` as it is. Both raise
launch_service_node.errors.
"""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple, Protocol

from ..client.records import Record
from ..client.waits import CONNECT, FIND

# Seconds for an instance to be gone, once it has said that it ends.
ENDING = 5.0


class Waits(NamedTuple):
    """Seconds to wait for an instance, and for its answer; None: what fits the request."""

    find: float = FIND
    answer: float | None = None


class StartRequest(NamedTuple):
    """What `start` sends; the fields are those of srv/StartProcess.srv."""

    cmd: str
    args: tuple[str, ...] = ()
    name: str = ''
    uid: int | None = None
    cwd: str = ''
    env: tuple[tuple[str, str], ...] = ()
    launch_id: str = ''
    wait_ready: bool = False


class Selection(NamedTuple):
    """Which processes of an instance are meant: all that match all that is given."""

    name: str = ''
    process_id: int = 0
    launch_id: str = ''

    def __str__(self) -> str:
        words = [self.name] if self.name else []
        words += [f'id {self.process_id}'] if self.process_id else []
        words += [f'launch id {self.launch_id}'] if self.launch_id else []
        return ', '.join(words)


Records = list[Record]  # `list` is a method below


class Backend(Protocol):
    """One instance. Calls may come from several threads."""

    namespace: str

    def start(self, request: StartRequest) -> Record:
        """Start a process and return it."""

    def stop(self, which: Selection, sigterm_timeout: float | None,
             sigkill_timeout: float | None) -> Records:
        """Stop processes and return them."""

    def restart(self, which: Selection, wait_ready: bool) -> Records:
        """Restart a process and return it, in a list."""

    def signal(self, which: Selection, signal: str) -> Records:
        """Signal processes and return them."""

    def list(self, name: str, launch_id: str) -> dict[str, Any]:
        """Return `processes`, and of the host `timestamp_ns`, `hostname`, loads, `num_procs`."""

    def executables(self, id_glob: str) -> dict[str, Any]:
        """Return `executables`, `allow_any`, `files` and `errors`."""

    def read(self, which: Selection, offset: int, lines: int, max_bytes: int) -> dict[str, Any]:
        """Return `data` (str), `offset`, `next_offset`, `dropped_bytes` and `eof`."""

    def reload(self) -> str:
        """Read the allow-list again, and return what is to be said about it."""

    def shutdown(self, keep_processes: bool) -> Records:
        """End the instance, and return what became of its processes."""


class Reach(Protocol):
    """A way to instances; a context manager."""

    where: str

    def namespaces(self) -> list[str]:
        """Return the namespaces of the instances that can be seen this way."""

    def only(self) -> list[str]:
        """Return the one namespace that there is, or some of several, or none."""

    def backend(self, namespace: str) -> Backend:
        """Return the instance of a namespace; whether it is there shows with the first call."""

    def missing(self) -> Exception:
        """Return the error that says that there is no instance at all."""

    def __enter__(self) -> Reach: ...

    def __exit__(self, *_: object) -> None: ...


def reach_of(args: argparse.Namespace) -> Reach:
    """Return the way that the common options ask for. Only ROS's way imports ROS."""
    waits = Waits(args.timeout or (CONNECT if args.local else FIND), args.timeout)
    if args.local:
        from .local_backend import LocalReach
        return LocalReach(waits)
    from .ros_backend import RosReach
    return RosReach(waits)
