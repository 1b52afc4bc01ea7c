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

"""Completes a command line from the parsers themselves, for the shells' own scripts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

FILES = ':files'  # tells the shell's script to complete names of files


def complete(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """
    Return what the last word may become.

    :param words: of the command line without the program; the last one is unfinished.
    """
    *before, prefix = words
    given: list[str] = []
    parsed = argparse.Namespace()
    pending: argparse.Action | None = None
    for word in before:
        name, has_value, _ = word.partition('=')
        option = parser._option_string_actions.get(word)
        if pending is not None:
            pending = None
        elif has_value and name in parser._option_string_actions:
            pass  # --timeout=5
        elif option is not None:
            pending = option if option.nargs != 0 else None
        elif (verb := _verbs(parser).get(word)) is not None and not given:
            parser = verb
        elif word != '--':
            given.append(word)
    parsed.words = given
    if pending is not None:
        return _values(pending, prefix, parsed)
    if prefix.startswith('-'):
        return sorted(name for name in parser._option_string_actions if name.startswith(prefix))
    verbs = _verbs(parser)
    if verbs:
        return [name for name in verbs if name.startswith(prefix)]
    positionals = [action for action in parser._actions if not action.option_strings]
    return _values(positionals[-1], prefix, parsed) if positionals else []


def _verbs(parser: argparse.ArgumentParser) -> dict[str, Any]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _values(action: argparse.Action, prefix: str, parsed: argparse.Namespace) -> list[str]:
    if action.choices is not None:
        return [str(choice) for choice in action.choices if str(choice).startswith(prefix)]
    completer = getattr(action, 'completer', None)
    if completer is None:
        return [FILES] if action.metavar in ('FILE', 'FOLDER') else []
    return list(completer(prefix=prefix, parsed_args=parsed))
