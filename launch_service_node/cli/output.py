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

"""What a verb says: news for people or one JSON document on stdout, trouble on stderr."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
import os
import sys
from typing import Any, TextIO

from ..errors import LaunchServiceError, ResultCode
from .exit_codes import exit_code_of, ExitCode
from .text import printable


class OutputLost(Exception):
    """What there is to say can't be written to stdout; the message is the cause."""


def put(text: str) -> None:
    """
    Write text to stdout, now.

    :raises OutputLost: such as when a disk is full.
    :raises BrokenPipeError: when the reader went away.
    """
    try:
        print(text, end='', flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(error.strerror or str(error)) from error


def wants_colour(stream: TextIO, no_color: bool) -> bool:
    """Return whether colours belong on a stream: https://no-color.org, and dumb terminals."""
    return (not no_color and not os.environ.get('NO_COLOR')
            and os.environ.get('TERM', 'dumb') != 'dumb' and stream.isatty())


def tell(line: str) -> None:
    """Write a line to stderr; a full disk under it is no reason to stop."""
    try:
        print(line, file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        pass  # there is nowhere left to say it


def complain(message: str) -> None:
    """Say in one line on stderr what is wrong."""
    line = '; '.join(line.strip() for line in message.splitlines() if line.strip())
    tell(f'launch-service: {printable(line)}')


def result(code: ResultCode, message: str = '', **fields: Any) -> dict[str, Any]:
    """Return the document of --json for what became of something."""
    return {'ok': code == ResultCode.OK, 'code': int(code), 'code_name': code.name,
            'message': message, **fields}


def print_json(document: dict[str, Any]) -> None:
    """Write one document in one line."""
    import json
    put(json.dumps(document, ensure_ascii=False) + '\n')


def fail(error: LaunchServiceError, json: bool) -> ExitCode:
    """Tell an error in the form asked for, and return its exit code."""
    complain(error.message)
    if json:
        print_json(result(error.code, error.message))
    return exit_code_of(error.code)


class Output:
    """
    Where a verb speaks, in the form that the common options ask for.

    :param args: parsed, with `json` and `no_color`.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.json: bool = args.json
        self.colour = wants_colour(sys.stdout, args.no_color)

    @property
    def width(self) -> int | None:
        """Places of the terminal; None when stdout is none."""
        if not sys.stdout.isatty():
            return None
        import shutil
        return shutil.get_terminal_size().columns

    def done(self, document: dict[str, Any], lines: Iterable[str]) -> None:
        """Print a document, or the lines that say the same to people."""
        if self.json:
            print_json(document)
            return
        put(''.join(f'{line}\n' for line in lines))

    def note(self, message: str) -> None:
        """Say something on stderr that is neither result nor error; not with --json."""
        if not self.json:
            tell(printable(message))
