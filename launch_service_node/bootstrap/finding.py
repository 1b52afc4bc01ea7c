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

"""What is on a machine before anything is brought up there, and whether it will do."""

from __future__ import annotations

from dataclasses import dataclass, field
import inspect
import json
from typing import Any
import uuid

from .. import __version__
from ..errors import PackageMissing, RemoteFailed
from ..ssh.connection import Session
from ..ssh.host import Host
from ..ssh.running import run
from . import probe
from .order import FORMAT, GRAPH_VARIABLES

#: Seconds for the probe, besides the host's `start_timeout`.
TIMEOUT = 30.0


@dataclass(frozen=True)
class Found:
    """What `probe.look` says; the names are the same."""

    hostname: str
    user: str
    uid: int
    python: str
    executable: str
    version: str | None
    format: int | None
    trouble: str
    ros: bool
    environment: dict[str, str] = field(default_factory=dict)
    logind: dict[str, Any] | None = None


def find(session: Session, host: Host) -> Found:
    """
    Look what a machine has, after its set-up scripts.

    :raises LaunchServiceError: as `ssh.running.run`; each reason has a class of its own.
    """
    word = uuid.uuid4().hex
    source = inspect.getsource(probe)
    done = run(session, host.command([host.python, '-c', source, word, *GRAPH_VARIABLES]), TIMEOUT)
    return parse(done.stdout.decode('utf-8', 'replace'), word, str(host))


def parse(output: str, word: str, name: str) -> Found:
    """
    Return what was found, whatever else was printed.

    :raises RemoteFailed: there is no such line.
    """
    for line in output.splitlines():
        _, found, text = line.partition(word)
        if found:
            return Found(**json.loads(text))
    raise RemoteFailed(f'{name} says nothing of itself; a set-up script that prints much, or ends '
                       'Python, may be in the way')


def check(found: Found, host: Host) -> list[str]:
    """
    Return what is to be said about a machine that will do.

    :raises PackageMissing: it won't.
    """
    facts: dict[str, Any] = {'host': str(host), 'version': found.version,
                             'last_output': found.trouble}
    where = f'{host} ({found.user}, Python {found.python} at {found.executable})'
    sourced = f'after {", ".join(host.setup)}' if host.setup else 'no set-up script was named'
    way_out = ('source the set-up of a workspace that has it (--setup, or `setup` of the '
               'machine), or install it there')
    if found.version is None:
        raise PackageMissing(f"{where} can't import launch_service_node, {sourced}: {way_out} "
                             f'({found.trouble})', **facts)
    if found.format != FORMAT:
        raise PackageMissing(
            f"{where} has launch_service_node {found.version}, which {__version__} here can't "
            f'bring up: install {__version__} there', **facts)
    if not found.ros:
        raise PackageMissing(f"{where} has launch_service_node but can't import rclpy, {sourced}: "
                             'source the set-up of ROS as well', **facts)
    if found.version != __version__:
        return [f'{host} has launch_service_node {found.version}, here is {__version__}']
    return []
