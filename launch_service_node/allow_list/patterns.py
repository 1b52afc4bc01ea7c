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
What is wrong with the pattern of an argument.

Whoever may call StartProcess chooses the text that a pattern is tried on, in the process
that looks after all others. So a pattern is taken only if matching can't take long, and
if it doesn't let options through by accident.

The first is decided on the parsed pattern: a choice (a repeat that may end or go on, an
alternative) is open when the next character doesn't settle it. An open choice within a
repeat makes for exponential time, several open repeats for polynomial time.
"""

from __future__ import annotations

from collections.abc import Iterable
import re
from typing import Any
import warnings

try:
    from re import _parser as _sre_parse  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_parse as _sre_parse

MAX_PATTERN = 1000  # characters
MAX_OPEN_REPEATS = 1
MAX_OPEN_CHOICES = 8

# Options with which a ROS node or `ros2 launch` could be turned against its owner.
_OPTIONS = (
    '--ros-args', '-r', '--remap', '-p', '--param', '--params-file', '-e', '--enclave',
    '--log-config-file', '--log-level', '--launch-prefix', '--launch-prefix=x', '--debug', '-c',
)
# Stands for a launch argument that nobody has heard of, and one that every launch file knows.
_UNHEARD_OF = 'zqj:='
_PREFIX = 'launch-prefix'

_OTHER = 128  # stands for every character beyond ASCII
_ALL = frozenset(range(129))
_FOLDED = frozenset(map(ord, 'iksIKS'))  # letters that are the same as some beyond ASCII
_REPEATS = {'MAX_REPEAT', 'MIN_REPEAT', 'POSSESSIVE_REPEAT'}
_SCOPED_IGNORE_CASE = re.compile(r'\(\?[a-z]*i')
_CATEGORIES = {'DIGIT': r'\d', 'SPACE': r'\s', 'WORD': r'\w'}


def pattern_problem(pattern: str) -> str:
    """Return in one line why a pattern is not taken; empty when it is."""
    return _Pattern(pattern).problem


def slot_problem(pattern: str, of_launch_file: bool, after_ros_args: bool) -> str:
    """
    Return in one line why a pattern is not taken for an argument; empty when it is.

    :param of_launch_file: the argument goes to `ros2 launch`.
    :param after_ros_args: the fixed arguments end within `--ros-args` with something
        that waits for no value.
    """
    parsed = _Pattern(pattern)
    if parsed.problem:
        return parsed.problem
    if parsed.wild_dash:
        return ('it takes options (--ros-args and the like) too: let it begin with what the '
                'argument begins with, such as [A-Za-z0-9/]')
    matches = re.compile(pattern).fullmatch
    plain = pattern.replace('\\', '')
    for option in _OPTIONS:
        if matches(option) and option not in plain:
            return f'it takes the option {option!r} too: name the options that it is to take'
    if of_launch_file and parsed.may_begin(_UNHEARD_OF):
        return ("it takes every launch argument: begin it with the name of the one that is "
                "meant, such as 'map:='")
    if of_launch_file and _PREFIX not in plain and parsed.may_begin(f'{_PREFIX}:='):
        return (f"it takes the launch argument '{_PREFIX}' too, which runs any command: begin it "
                "with the name of the one that is meant, such as 'map:='")
    if after_ros_args and '-' not in map(chr, parsed.first):
        return ("what a caller gives would be read as a ROS argument: end fixed_arguments "
                "with '--'")
    return ''


class _Open(Exception):
    """An open choice within a repeat."""


class _Pattern:
    """A parsed pattern: its problem, its first characters, and whether - is among them unsaid."""

    def __init__(self, pattern: str) -> None:
        self.problem = ''
        self.first: frozenset[int] = frozenset()
        self.wild_dash = False
        self._open_repeats = 0
        self._open_choices = 0
        self._ignore_case = False
        self._firsts: dict[int, frozenset[int]] = {}
        self._tree: list[tuple[object, object]] = []
        if len(pattern) > MAX_PATTERN:
            self.problem = f'a pattern of {len(pattern)} characters; {MAX_PATTERN} are taken'
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                self._ignore_case = bool(re.compile(pattern).flags & re.IGNORECASE)
                self._tree = list(_sre_parse.parse(pattern))
            self._ignore_case = self._ignore_case or bool(_SCOPED_IGNORE_CASE.search(pattern))
            self.first, _, self.wild_dash = self._sequence(self._tree, frozenset(), False)
        except re.error as error:
            where = '' if error.pos is None else f' at position {error.pos}'
            self.problem = f'bad pattern: {error.msg}{where}'
        except (RecursionError, OverflowError):
            self.problem = 'bad pattern: too deep or too large'
        except _Open:
            self.problem = (
                'it could take very long: what is repeated holds a repeat or a choice that the '
                'next character does not end; put a character between that it cannot hold')
        except NotImplementedError as error:
            self.problem = str(error)
        else:
            if (self._open_repeats > MAX_OPEN_REPEATS
                    or self._open_choices > MAX_OPEN_CHOICES):
                self.problem = ('it could take very long: several of its repeats could take the '
                                'same characters')

    def may_begin(self, text: str) -> bool:
        """Return whether what it takes may begin with a text of ASCII."""
        try:
            return len(text) in self._after(self._tree, frozenset([0]), text, {})
        except RecursionError:
            return True

    def _after(self, nodes: Iterable[tuple[object, object]], places: frozenset[int], text: str,
               known: dict[tuple[int, frozenset[int]], frozenset[int]]) -> frozenset[int]:
        """Return where in the text one may be after some nodes; at its end one stays there."""
        for node in nodes:
            key = id(node), places
            if key not in known:
                known[key] = self._after_one(str(node[0]), node[1], places, text, known)
            places = known[key]
        return places

    def _after_one(self, name: str, value: Any, places: frozenset[int], text: str,
                   known: dict[tuple[int, frozenset[int]], frozenset[int]]) -> frozenset[int]:
        end = places & {len(text)}
        if name in ('LITERAL', 'NOT_LITERAL', 'ANY', 'IN'):
            chars, _ = self._characters(name, value)
            return end | {place + 1 for place in places - end if ord(text[place]) in chars}
        if name == 'AT':
            return places
        if name == 'BRANCH':
            return frozenset().union(*(self._after(one, places, text, known) for one in value[1]))
        if name not in _REPEATS:
            return self._after(value if name == 'ATOMIC_GROUP' else value[-1], places, text, known)
        # Each further round gets on in the text, or nowhere new.
        low, high = min(value[0], len(text)), min(value[1], 2 * len(text))
        found = places if low == 0 else frozenset()
        for count in range(1, high + 1):
            places = self._after(value[2], places, text, known)
            if count >= low:
                if places <= found:
                    break
                found |= places
        return found

    def _sequence(
        self, nodes: list[tuple[object, object]], follow: frozenset[int], looped: bool,
    ) -> tuple[frozenset[int], bool, bool]:
        """Return the first characters, whether it may be empty, whether it takes - unsaid."""
        first, empty, wild = frozenset[int](), True, False
        # From the end: what may follow a node is the first of what comes after it.
        for node in reversed(nodes):
            node_first, node_empty, node_wild = self._node(
                node, first | follow if empty else first, looped)
            if node_empty:
                first, wild = node_first | first, node_wild or wild
            else:
                first, empty, wild = node_first, False, node_wild
        return first, empty, wild

    def _node(
        self, node: tuple[object, object], follow: frozenset[int], looped: bool,
    ) -> tuple[frozenset[int], bool, bool]:
        name, value = str(node[0]), node[1]
        if name in ('LITERAL', 'NOT_LITERAL', 'ANY', 'IN'):
            chars, wild = self._characters(name, value)
            return chars, False, wild
        if name == 'AT':
            return frozenset(), True, False
        if name == 'SUBPATTERN':
            return self._sequence(list(value[-1]), follow, looped)  # type: ignore[index]
        if name == 'ATOMIC_GROUP':
            return self._sequence(list(value), follow, looped)  # type: ignore[call-overload]
        if name == 'BRANCH':
            return self._branch(value[1], follow, looped)  # type: ignore[index]
        if name in _REPEATS:
            return self._repeat(value, follow, looped)  # type: ignore[arg-type]
        raise NotImplementedError('bad pattern: back-references and look-around are not taken')

    def _branch(
        self, branches: Iterable[Iterable[tuple[object, object]]], follow: frozenset[int],
        looped: bool,
    ) -> tuple[frozenset[int], bool, bool]:
        first, empty, wild, settled = frozenset[int](), False, False, True
        for branch in branches:
            one_first, one_empty, one_wild = self._sequence(list(branch), follow, looped)
            begins = one_first | follow if one_empty else one_first
            settled = settled and not begins & first
            first, empty, wild = first | begins, empty or one_empty, wild or one_wild
        if not settled:
            self._choice(looped)
        return first, empty, wild

    def _repeat(
        self, value: tuple[int, int, Iterable[tuple[object, object]]], follow: frozenset[int],
        looped: bool,
    ) -> tuple[frozenset[int], bool, bool]:
        low, high, body = int(value[0]), int(value[1]), value[2]
        again = high > 1
        # What follows the body includes its own beginning when it comes more than once.
        first, empty, wild = self._sequence(
            list(body), follow | self._first_of(body) if again else follow, looped or again)
        # What may be empty can be left out or taken empty: two ways to the same end.
        if low != high and (first & follow or empty):
            if again and not looped:
                self._open_repeats += 1
            self._choice(looped)
        return first, empty or low == 0, wild

    def _first_of(self, body: Iterable[tuple[object, object]]) -> frozenset[int]:
        if id(body) not in self._firsts:  # remembered: nesting would double the work each time
            counts = self._open_repeats, self._open_choices
            self._firsts[id(body)] = self._sequence(list(body), frozenset(), False)[0]
            self._open_repeats, self._open_choices = counts
        return self._firsts[id(body)]

    def _choice(self, looped: bool) -> None:
        if looped:
            raise _Open
        self._open_choices += 1

    def _characters(self, name: str, value: object) -> tuple[frozenset[int], bool]:
        """Return what a node takes, and whether it takes - without naming it."""
        if name == 'ANY':
            return _ALL, True
        if name == 'LITERAL':
            return self._cased({value}), False  # type: ignore[arg-type]
        if name == 'NOT_LITERAL':
            chars = _ALL - {value}
            return chars, ord('-') in chars
        listed, wild, negated = set[int](), False, False
        for kind, what in value:  # type: ignore[attr-defined]
            if str(kind) == 'NEGATE':
                negated = True
            elif str(kind) == 'LITERAL':
                listed.add(min(what, _OTHER))
            elif str(kind) == 'RANGE':
                more = range(min(what[0], _OTHER), min(what[1], _OTHER) + 1)
                wild = wild or ord('-') in more
                listed.update(more)
            else:
                kept = _category(str(kind) == 'CATEGORY', str(what))
                wild = wild or ord('-') in kept
                listed |= kept
        taken = self._cased(listed)
        if not negated:
            return taken, wild
        taken = (_ALL - taken) | {_OTHER}
        return taken, ord('-') in taken

    def _cased(self, chars: set[int]) -> frozenset[int]:
        result = {min(char, _OTHER) for char in chars}
        if self._ignore_case:
            result |= {ord(chr(char).swapcase()) for char in result if char < _OTHER}
            if result & _FOLDED:
                result.add(_OTHER)
        return frozenset(result)


def _category(known: bool, name: str) -> frozenset[int]:
    for word, spelled in _CATEGORIES.items():
        if known and name.endswith(word):
            matches = re.compile(spelled).match
            chars = frozenset(char for char in range(_OTHER) if matches(chr(char)))
            return (_ALL - chars) | {_OTHER} if '_NOT_' in name else chars | {_OTHER}
    return _ALL
