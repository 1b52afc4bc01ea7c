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
What the pages tell a reader to type, and how it is run.

A fenced `console` block holds commands, after `$ `, and what they print. In what is shown,
`…` stands for anything, and a last line `^C` means that the reader ends the command. A
comment `<!-- test: WORDS -->` right before a block says what it needs; see NEEDS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
import re

ROOT = Path(__file__).parents[2]

#: Words of a comment, and what they mean.
NEEDS = {
    'up': '/robot1 is up, with config/example.yaml',
    'talker': 'its talker runs',
    'needs ros2': 'the command `ros2` is there; the test is skipped without',
    'elsewhere': 'not run here; what follows says where, or why not',
    'file': 'no commands, but the text of a file, which all blocks of the page find',
    'quotes': 'no commands, but text out of the file that follows',
    'on': 'typed on the computer that follows',
    'leaves': 'the computer that follows has left the network',
}

_BLOCK = re.compile(
    r'(?:^<!-- test: (?P<needs>.*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$', re.M | re.S)
_COMMAND = re.compile(r'^\$ (?P<typed>(?:.*\\\n)*.*)\n(?P<shown>(?:(?!\$ ).*\n)*)', re.M)


@dataclass(frozen=True)
class Command:
    """
    One command.

    :ivar shown: lines that it prints.
    :ivar interrupted: whether the reader ends it.
    """

    typed: str
    shown: tuple[str, ...]
    interrupted: bool

    @property
    def fails(self) -> bool:
        """Return whether the page shows an error."""
        return any(line.startswith(('launch-service: ', '[ERROR] [launch]: '))
                   for line in self.shown)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `needs` has words of NEEDS, with their arguments."""

    page: str
    line: int
    language: str
    text: str
    needs: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f'{self.page}:{self.line}'

    @property
    def elsewhere(self) -> bool:
        """Return whether it is not to be run here."""
        return any(need.startswith('elsewhere') for need in self.needs)

    @property
    def file(self) -> str:
        """Return the name of the file whose text this is, or nothing."""
        return self.word('file')

    def word(self, need: str) -> str:
        """Return what follows a word of NEEDS here, or nothing."""
        return next((one[len(need) + 1:] for one in self.needs if one.startswith(f'{need} ')), '')

    @property
    def commands(self) -> list[Command]:
        """Return the commands in it."""
        found = []
        for match in _COMMAND.finditer(self.text):
            lines = match['shown'].splitlines()
            interrupted = lines[-1:] == ['^C']
            found.append(Command(match['typed'], tuple(lines[:-1] if interrupted else lines),
                                 interrupted))
        return found


def blocks(text: str, page: str) -> list[Block]:
    """Return all fenced blocks of a page."""
    return [Block(page, text.count('\n', 0, match.start('language')) + 1, match['language'],
                  match['text'],
                  tuple(word.strip() for word in (match['needs'] or '').split(',') if word))
            for match in _BLOCK.finditer(text)]


def pages() -> list[str]:
    """Return all pages, as paths from the root of the repository."""
    return sorted(str(path.relative_to(ROOT)) for path in
                  (*ROOT.glob('*.md'), *ROOT.glob('docs/**/*.md')))


def read(page: str) -> list[Block]:
    """Return all fenced blocks of a page of the repository."""
    return blocks((ROOT / page).read_text(encoding='utf-8'), page)


def pattern(shown: str) -> re.Pattern[str]:
    """Return a pattern of the lines that a line of a page stands for."""
    parts = re.split(r'(…|\s+)', shown.strip())
    return re.compile(''.join(
        '.*' if part == '…' else r'\s*' if part.isspace() else re.escape(part) for part in parts))


def first_missing(shown: tuple[str, ...], printed: list[str]) -> str:
    """Return the first line of a page that was not printed, in this order; '' when all were."""
    rest = iter(printed)
    for line in shown:
        if line.strip() != '…' and not any(
                pattern(line).fullmatch(candidate.strip()) for candidate in rest):
            return line
    return ''
