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

"""The parser: errors in one line, a did-you-mean, options and words in any order."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
import re
import sys
from typing import Any, NoReturn

from ..client.waits import LONGEST
from ..errors import ResultCode
from .exit_codes import ExitCode
from .output import complain, print_json, result


class UsageError(Exception):
    """The command line makes no sense; the message is one line."""


def usage_error(message: str, prog: str, choices: Sequence[str], json: bool) -> NoReturn:
    """Say in one line what is wrong with the command line, and exit with USAGE."""
    unknown = re.search(r"invalid choice: '([^']*)'", message)
    if unknown and choices:
        import difflib
        close = difflib.get_close_matches(unknown.group(1), choices, 1, 0.5)
        guess = f'did you mean {close[0]!r}?' if close else f'there is {", ".join(choices)}'
        message = f'no verb {unknown.group(1)!r}; {guess}'
    else:
        message = f'{message} (see `{prog} --help`)'
    complain(message)
    if json:
        print_json(result(ResultCode.INVALID_REQUEST, message))
    raise SystemExit(int(ExitCode.USAGE))


class OneLineParser(argparse.ArgumentParser):
    """An ArgumentParser that complains in one line, with a guess at misspelt verbs."""

    verbs: Sequence[str] = ()

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault('formatter_class', argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **kwargs)
        self._seen: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and remember what was parsed for `error`."""
        self._seen = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(self._seen, namespace)

    def error(self, message: str) -> NoReturn:
        """Complain in one line and exit."""
        usage_error(message, self.prog, self.verbs, '--json' in self._seen)


class VerbParser(OneLineParser):
    """The parser of a verb: words may stand between options; after `--` all are words."""

    after_unknown = ''  # what to say besides when there is an unknown option
    _nested = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse words and options in any order; there are no unknown ones."""
        if self._nested or '_ARGCOMPLETE' in os.environ:
            return super().parse_known_args(args, namespace)
        words = list(args)
        literal = words.index('--') if '--' in words else len(words)
        self._nested = True
        try:
            parsed, unknown = self.parse_known_intermixed_args(words[:literal], namespace)
        finally:
            self._nested = False
        self._seen = words
        if unknown:
            self.error(f'unknown option {" ".join(unknown)}{self.after_unknown}')
        parsed.words = [*(parsed.words or ()), *words[literal + 1:]]
        return parsed, []


def seconds(text: str) -> float:
    """Return a positive number of seconds that can be waited for."""
    value = float(text)
    if not 0 < value <= LONGEST:
        raise ValueError
    return value


def not_negative(text: str) -> float:
    """Return a number of seconds that may be zero."""
    return 0.0 if float(text) == 0 else seconds(text)


def process_id(text: str) -> int:
    """Return a process_id, 1 or more."""
    value = int(text)
    if not 0 < value < 1 << 64:
        raise ValueError
    return value


def pair(separator: str) -> Any:
    """Return a type for `NAME<separator>VALUE`."""
    def split(text: str) -> tuple[str, str]:
        name, found, value = text.partition(separator)
        if not found or not name:
            raise argparse.ArgumentTypeError(f'{text!r} is not of the form NAME{separator}VALUE')
        return name, value
    return split


def add_common(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    """
    Add the options that every verb has.

    They may stand before the verb and after it: the verb's own have no defaults, so
    that they leave alone what was said before it.
    """
    def default(value: object) -> object:
        return value if defaults else argparse.SUPPRESS

    group = parser.add_argument_group('common options')
    group.add_argument('--local', action='store_true', default=default(False),
                       help='ask the instance of this host through its socket, without ROS')
    group.add_argument('--json', action='store_true', default=default(False),
                       help='print one JSON document')
    group.add_argument('--timeout', type=seconds, metavar='SECONDS', default=default(None),
                       help='for an instance to be found (default: 10, with --local 5), and then '
                       'to answer (default: 10, or 60 where processes have to stop or get ready)')
    group.add_argument('--no-color', action='store_true', default=default(False),
                       help='no colours, also on a terminal')
