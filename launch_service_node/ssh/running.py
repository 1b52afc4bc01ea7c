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

"""Run a command on a machine to its end, and return what it said."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..errors import RemoteFailed
from .command import Command, Exit, last_line
from .connection import Session
from .process import RemoteProcess

#: Bytes of each stream that are kept; a command that says more is ended.
MOST_OUTPUT = 1 << 24


class Completed(NamedTuple):
    """What a command said and how it ended."""

    exit: Exit
    stdout: bytes
    stderr: bytes


def run(session: Session, command: Command, timeout: float, check: bool = True,
        most_output: int = MOST_OUTPUT) -> Completed:
    """
    Return what a command said, when it has ended.

    :param timeout: seconds from its start to its end.
    :param check: whether anything but exit status 0 is an error.
    :raises RemoteFailed: it failed, or said more than `most_output` bytes.
    :raises Unreachable: it takes too long (code TIMED_OUT), or the link died.
    """
    stdout, stderr = bytearray(), bytearray()
    too_much = False

    def into(kept: bytearray) -> Callable[[bytes], None]:
        def take(data: bytes) -> None:
            nonlocal too_much
            kept.extend(data[:most_output - len(kept)])
            if len(kept) >= most_output and not too_much:
                too_much = True
                process.kill()
        return take

    process = RemoteProcess(command, into(stdout), into(stderr))
    with process:
        process.start(session)
        ended = process.wait(timeout)
    name, where = command.name, session.where
    facts = {**where.facts(), 'command': command.words, 'exit_status': ended.code,
             'signal': ended.signal,
             'last_output': bytes(stderr[-4096:]).decode('utf-8', 'replace')}
    if too_much:
        raise RemoteFailed(f'{name} on {where.name} says more than {most_output} bytes: have it '
                           'say less, or write a file', **facts)
    if check and ended.code != 0:
        last = last_line(bytes(stderr)) or last_line(bytes(stdout))
        raise RemoteFailed(f'{name} on {where.name} failed ({ended})'
                           f'{": " + last if last else ", and said nothing about it"}', **facts)
    return Completed(ended, bytes(stdout), bytes(stderr))
