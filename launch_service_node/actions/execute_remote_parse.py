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

"""Remote processes in XML and YAML launch files."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from launch import Substitution
from launch.actions import Shutdown
from launch.frontend import Entity, Parser
from launch.substitutions import TextSubstitution

from ..machines.values import parse_text, parse_value, parse_variables

_TEXTS = ('machine', 'name', 'cwd', 'output')
_VALUES = {'respawn': bool, 'respawn_max_retries': int, 'respawn_delay': float,
           'sigterm_timeout': float, 'sigkill_timeout': float, 'silence': float, 'shell': bool,
           'emulate_tty': bool, 'log_cmd': bool, 'cached_output': bool,
           'persistent_connection': bool}


def parse_remote(entity: Entity, parser: Parser, ignore: Collection[str] = ()) -> dict[str, Any]:
    """
    Return the arguments of an ExecuteRemote; the attributes are those of `executable`, and more.

    :param ignore: arguments that a derived action reads by itself.
    """
    readers: dict[str, Callable[[], Any]] = {
        **{name: partial(parse_text, entity, parser, name) for name in _TEXTS},
        **{name: partial(parse_value, entity, parser, name, kind)
           for name, kind in _VALUES.items()},
        'cmd': lambda: words(parser.parse_substitution(entity.get_attr('cmd'))),
        'prefix': lambda: parse_text(entity, parser, 'launch-prefix'),
        'output_format': lambda: entity.get_attr('output_format', optional=True),
        'additional_env': lambda: parse_variables(entity, parser),
        'on_exit': lambda: _on_exit(entity)}
    given = {name: read() for name, read in readers.items() if name not in ignore}
    return {name: one for name, one in given.items() if one is not None}


def words(parts: list[Substitution]) -> list[list[Substitution]]:
    """
    Return the words of a command line, split as a shell does; a substitution stays in its word.

    :raises ValueError: a quotation is not closed.
    """
    found: list[list[Substitution]] = []
    word: list[Substitution] | None = None  # None: between words
    text = ''
    quote = ''
    for part in parts:
        if not isinstance(part, TextSubstitution):
            word = [*(word or []), *_text(text), part]
            text = ''
            continue
        letters = iter(part.text)
        for letter in letters:
            if quote and letter == quote:
                quote = ''
            elif letter == '\\' and quote != "'":
                following = next(letters, '\\')
                kept = '\\' if quote and following not in '"\\' else ''
                text, word = text + kept + following, word or []
            elif quote:
                text += letter
            elif letter in '\'"':
                quote, word = letter, word or []
            elif letter.isspace():
                if word is not None:
                    found.append([*word, *_text(text)] or _text('', always=True))
                word, text = None, ''
            else:
                text, word = text + letter, word or []
    if quote:
        raise ValueError(f'a quotation is not closed in the command: {quote}')
    if word is not None:
        found.append([*word, *_text(text)] or _text('', always=True))
    return found


def _text(text: str, always: bool = False) -> list[Substitution]:
    return [TextSubstitution(text=text)] if text or always else []


def _on_exit(entity: Entity) -> list[Shutdown] | None:
    given = entity.get_attr('on_exit', optional=True)
    if given is None:
        return None
    if given != 'shutdown':
        raise ValueError(f'on_exit is {given!r}: in XML and YAML it can only be shutdown')
    return [Shutdown()]
