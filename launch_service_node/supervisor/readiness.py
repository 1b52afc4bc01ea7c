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

from ..allow_list.model import ReadySettings
from .kernel.loop import Loop, Timer
from .output import Output, Piece

#: Bytes of a line that are looked at: the time that a pattern takes may grow with their
#: square, and what is printed is not the supervisor's to choose.
_LONGEST_LINE = 4096

#: Seconds until output is looked at again that could not be.
_AGAIN = 0.25


class Readiness:
    """
    Watches one run of one process until it is ready.

    :param node: the fully qualified name of the node to wait for; empty: none.
    :param on_ready: called once, when every condition holds.
    :param on_late: called once with what is still missing, when the time is over.
    """

    def __init__(self, loop: Loop, settings: ReadySettings, output: Output, output_start: int,
                 node: str, on_ready: Callable[[], object],
                 on_late: Callable[[str], object]) -> None:
        self._loop = loop
        self._settings = settings
        self._node = node
        self._output = output
        self._offset = output_start
        self._line = b''
        self._in_rest_of_line = False
        self._dropped = False
        self._next_look: Timer | None = None
        self._pattern = re.compile(settings.output.encode()) if settings.output else None
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
        if settings.notify:
            self._missing['notify'] = 'no READY=1 has come from it'
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
        """Look at what was printed since the last time: at a part of it now, and so on."""
        if self._next_look is None:
            self._look_at_output()

    def notified(self) -> None:
        """Take note of a READY=1."""
        self._met('notify')

    def notified_by_other(self, pid: int) -> None:
        """Take note of a READY=1 that does not count, to say so should no other come."""
        if 'notify' in self._missing:
            self._missing['notify'] = (
                f'no READY=1 has come from it (one came from pid {pid}, which is not of its tree, '
                'or had ended before that could be seen)')

    def graph_has(self, nodes: frozenset[str]) -> None:
        """Take the fully qualified names of the nodes on the graph."""
        if self.wanted_node in nodes:
            self._met('node')

    def cancel(self) -> None:
        """Stop to watch."""
        for timer in self._timers:
            timer.cancel()
        if self._next_look is not None:
            self._next_look.cancel()
        self._missing.clear()

    def _look_at_output(self) -> None:
        self._next_look = None
        if self._pattern is None or 'output' not in self._missing:
            return
        try:
            piece = self._output.read(self._offset, 0, 0)
        except OSError:  # out of descriptors
            self._next_look = self._loop.after(_AGAIN, self._look_at_output)
            return
        if not piece.data:
            return
        if any(self._pattern.search(line) for line in self._lines_of(piece)):
            self._met('output')
        elif not piece.at_end:
            # One part at a time: it may print quicker than it can be looked at.
            self._next_look = self._loop.after(0, self._look_at_output)

    def _lines_of(self, piece: Piece) -> list[bytes]:
        """Return the lines of the next piece, with the beginning of one that is not complete."""
        data = piece.data
        if piece.offset != self._offset:
            # What was between was dropped, and with it the beginning of a line.
            self._line, self._in_rest_of_line, self._dropped = b'', True, True
        self._offset = piece.next_offset
        if self._in_rest_of_line:
            _, newline, data = data.partition(b'\n')
            if not newline:
                return []
            self._in_rest_of_line = False
        *lines, self._line = (self._line + data).split(b'\n')
        self._line = self._line[:_LONGEST_LINE]
        return [line[:_LONGEST_LINE] for line in (*lines, self._line)]

    def _met(self, condition: str) -> None:
        if self._missing.pop(condition, None) is not None and not self._missing:
            self.cancel()
            self._on_ready()

    def _late(self) -> None:
        if 'output' in self._missing and (self._dropped or self._next_look is not None):
            self._missing['output'] += ' (it printed more than could be looked at)'
        missing = '; '.join(self._missing.values())
        self.cancel()
        self._on_late(f'was not ready after {self._settings.timeout:g} s: {missing}')
