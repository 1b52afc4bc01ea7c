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
Print the output of a process.

That is what it wrote to stdout and stderr, also after it has ended. With -f go on until
it has ended for good; Ctrl-C ends only this program. With -f and --json each part is a
document in a line of its own.
"""

from __future__ import annotations

import argparse

from ...errors import ResultCode
from ..backend import reach_of, Selection
from ..completers import ProcessCompleter
from ..following import joined, newest, Reader
from ..options import process_id, UsageError
from ..output import print_json, put, result
from ..target import choose, split_namespace

WORDS = '[/NAMESPACE] NAME | --id N'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `logs`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the instance, if there are several; the name of a process, of which the newest '
        'is meant').completer = ProcessCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--id', type=process_id, metavar='N', help='the process of this id')
    parser.add_argument('-f', '--follow', action='store_true', help='go on with what comes')
    parser.add_argument('-n', '--lines', type=line_count, default=10, metavar='LINES',
                        help='begin so many lines before the end, or "all" (default: 10)')


def line_count(text: str) -> int | None:
    """Return a number of lines; None for all."""
    if text == 'all':
        return None
    value = int(text)
    if not 0 <= value < 1 << 32:
        raise ValueError
    return value


def main(args: argparse.Namespace) -> int:
    """Run `logs`."""
    namespace, words = split_namespace(args.words)
    if len(words) + bool(args.id) != 1:
        raise UsageError('say one process: a name, or --id')
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        which = newest(backend, Selection(''.join(words), args.id or 0))
        reader = Reader(backend, which, args.lines)
        parts = reader.follow() if args.follow else reader.until_now()
        if args.json and not args.follow:
            parts = iter([joined(list(parts))])
        for part in parts:
            if args.json:
                print_json(result(ResultCode.OK, namespace=backend.namespace,
                                  process_id=which.process_id, **part))
            else:
                put(part['data'])
    return 0
