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
Whether a process that was started is ready, as its entry defines it.

An entry may name several conditions: a time that it has survived, a line of
output, a node on the ROS graph, a READY=1 on the socket of sd_notify(3). It is
ready when all of them hold.
"""

from __future__ import annotations

from collections.abc import Callable
import re
import socket

from ..allow_list.model import ReadySettings
from .kernel.loop import Loop, Timer
from .output import Output

#: Bytes of a line that are looked at: the time that a pattern takes may grow with their
#: square, and what is printed is not the supervisor's to choose.
_LONGEST_LINE = 4096


class Readiness:
    """
    Watches one run of one process until it is ready.

    :param node: the fully qualified name of the node to wait for; empty: none.
    :param on_ready: called once, when every condition holds.
    :param on_late: called once with what is still missing, when the time is over.
    """

    def __init__(self, loop: Loop, settings: ReadySettings, output: Output, output_start: int,
                 node: str, notify_socket: socket.socket | None, on_ready: Callable[[], object],
                 on_late: Callable[[str], object]) -> None:
        self._loop = loop
        self._settings = settings
        self._node = node
        self._output = output
        self._offset = output_start
        self._line = b''
        self._pattern = re.compile(settings.output.encode()) if settings.output else None
        self._notify = notify_socket
        self._on_ready = on_ready
        self._on_late = on_late
        self._timers: list[Timer] = []
        self._missing: dict[str, str] = {}

    def begin(self) -> None:
        """Start to watch; calls `on_ready` at once when there is no condition."""
        settings = self._settings
        if settings.after:
            self._missing['after'] = f'it has not run for {settings.after:g} s'
            self._timers.append(self._loop.after(settings.after, lambda: self._met('after')))
        if self._pattern is not None:
            self._missing['output'] = f'it has printed no line that matches {settings.output!r}'
        if self._node:
            self._missing['node'] = f'node {self._node} is not on the graph'
        if self._notify is not None:
            self._missing['notify'] = 'it has not sent READY=1'
            self._loop.watch(self._notify.fileno(), self._on_notify)
        if not self._missing:
            self._on_ready()
            return
        self._timers.append(self._loop.after(settings.timeout, self._late))
        self.output_grew()

    @property
    def wanted_node(self) -> str:
        """The fully qualified name of the node that is waited for; empty: none."""
        return self._node if 'node' in self._missing else ''

    def output_grew(self) -> None:
        """Look at what was printed since the last time."""
        while self._pattern is not None and 'output' in self._missing:
            try:
                piece = self._output.read(self._offset, 0, 0)
            except OSError:
                return  # out of descriptors; it is looked at again when it has grown more
            if not piece.data:
                return
            self._offset = piece.next_offset
            *lines, self._line = (self._line + piece.data).split(b'\n')
            self._line = self._line[:_LONGEST_LINE]
            if any(self._pattern.search(line[:_LONGEST_LINE]) for line in (*lines, self._line)):
                self._met('output')

    def graph_has(self, nodes: frozenset[str]) -> None:
        """Take the fully qualified names of the nodes on the graph."""
        if self.wanted_node in nodes:
            self._met('node')

    def cancel(self) -> None:
        """Stop to watch."""
        for timer in self._timers:
            timer.cancel()
        self._missing.clear()
        if self._notify is not None:
            self._loop.unwatch(self._notify.fileno())

    def _on_notify(self, _: int) -> None:
        assert self._notify is not None
        try:
            message = self._notify.recv(4096)
        except BlockingIOError:
            return
        if b'READY=1' in message.split(b'\n'):
            self._met('notify')

    def _met(self, condition: str) -> None:
        if self._missing.pop(condition, None) is not None and not self._missing:
            self.cancel()
            self._on_ready()

    def _late(self) -> None:
        missing = '; '.join(self._missing.values())
        self.cancel()
        self._on_late(f'was not ready after {self._settings.timeout:g} s: {missing}')
