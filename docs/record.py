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
Makes the picture in the README: runs a command on a terminal, and draws what it prints.

    python3 docs/record.py docs/demo.svg scripts/demo

The picture plays what happened, line by line, with long pauses made short. Whoever asks for
reduced motion, or has a viewer that doesn't move, sees the end of it at once.
"""

from __future__ import annotations

import fcntl
from html import escape
import os
import pty
import re
import struct
import sys
import termios
import time

COLUMNS = 118
LONGEST_PAUSE = 1.2  # seconds
FONT, WIDTH, HEIGHT, MARGIN = 13, 8, 18, 14  # pixels

COLOURS = {30: '#484f58', 31: '#ff7b72', 32: '#3fb950', 33: '#d29922', 34: '#58a6ff',
           35: '#bc8cff', 36: '#39c5cf', 37: '#e6edf3'}
_STYLE = re.compile(r'\x1b\[([0-9;]*)m')
_OTHER_ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b-\x1a]')

Line = tuple[float, str]  # when it was complete, in seconds; its text, with colours


def record(command: list[str]) -> list[Line]:
    """
    Run a command on a terminal of its own, and return the lines that it prints.

    :raises SystemExit: when it fails.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM='xterm-256color', COLUMNS=str(COLUMNS))
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 50, COLUMNS, 0, 0))
    start, lines, rest = time.monotonic(), [], ''
    while True:
        try:
            rest += os.read(terminal, 65536).decode(errors='replace')
        except OSError:  # the other side is closed
            break
        *complete, rest = rest.split('\n')
        lines += [(time.monotonic() - start, row) for line in complete
                  for row in _rows(line.split('\r')[0])]
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise SystemExit(f'{" ".join(command)} failed, with {code}')
    return lines


def _rows(line: str) -> list[str]:
    """Break a line as a terminal does; one with colours is never longer than that."""
    if '\x1b' in line:
        return [line]
    return [line[start:start + COLUMNS] for start in range(0, max(len(line), 1), COLUMNS)]


def draw(lines: list[Line]) -> str:
    """Return the picture as SVG."""
    shown, moment, before = [], 0.0, None
    for number, (when, text) in enumerate(lines):
        moment += 0.0 if before is None else min(when - before, LONGEST_PAUSE)
        before = when
        if text.strip():
            y = MARGIN + FONT + number * HEIGHT
            shown.append(f'<text y="{y}" style="animation-delay:{moment:.2f}s">'
                         f'{_spans(text)}</text>')
    width = COLUMNS * WIDTH + 2 * MARGIN
    height = 2 * MARGIN + len(lines) * HEIGHT
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        '<style>',
        'text{white-space:pre;animation:appear 1ms backwards}',
        '@keyframes appear{from{opacity:0}}',
        '@media (prefers-reduced-motion:reduce){text{animation:none}}',
        '</style>',
        '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
        f'<g transform="translate({MARGIN} 0)" fill="#c9d1d9" font-size="{FONT}" '
        'font-family="DejaVu Sans Mono,ui-monospace,Menlo,Consolas,monospace" '
        'xml:space="preserve">', *shown, '</g>', '</svg>', ''])


def _spans(text: str) -> str:
    """Return a line as SVG, with its colours."""
    out, style = [], ''
    pieces = _STYLE.split(_OTHER_ESCAPES.sub('', text))
    for position, piece in enumerate(pieces):
        if position % 2:
            style = _style(piece)
        elif piece:
            out.append(f'<tspan{style}>{escape(piece, quote=False)}</tspan>' if style
                       else escape(piece, quote=False))
    return ''.join(out)


def _style(codes: str) -> str:
    wanted = ''
    for code in (int(code or 0) for code in codes.split(';')):
        if code == 1:
            wanted += ' font-weight="bold"'
        elif code == 2:
            wanted += ' fill="#8b949e"'
        elif code % 60 in COLOURS:  # 90 to 97 are the bright ones
            wanted += f' fill="{COLOURS[code % 60]}"'
    return wanted


def main() -> None:
    """Record and draw."""
    target, *command = sys.argv[1:]
    lines = record(command)
    while lines and not _STYLE.sub('', lines[-1][1]).strip():
        lines.pop()
    with open(target, 'w', encoding='utf-8') as file:
        file.write(draw(lines))


if __name__ == '__main__':
    main()
