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
Start a process.

It is one of an executable that the allow-list names. Arguments that begin with a dash go
after `--`.
"""

from __future__ import annotations

import argparse

from ...errors import ResultCode
from ..backend import reach_of, StartRequest
from ..completers import ExecutableCompleter
from ..options import pair, UsageError
from ..output import Output, result
from ..target import choose, split_namespace
from ..text import describe, named

WORDS = '[/NAMESPACE] CMD [ARGS...]'
AFTER_UNKNOWN = '; arguments of the process that begin with a dash go after --'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `start`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the instance, if there are several; the id; arguments that fit its slots'
    ).completer = ExecutableCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--name', default='', help='of the process (default: the id)')
    parser.add_argument('--launch-id', default='', metavar='ID',
                        help='marks processes that belong together')
    parser.add_argument('--env', type=pair('='), action='append', default=[], metavar='NAME=VALUE',
                        help='set a variable that the executable lets callers set; repeatable')
    parser.add_argument('--cwd', default='', metavar='FOLDER', help='working directory')
    parser.add_argument('--uid', type=int, metavar='N',
                        help='the same number again answers with the process that runs already')
    parser.add_argument('--wait-ready', action='store_true',
                        help='wait until the process is ready')


def main(args: argparse.Namespace) -> int:
    """Run `start`."""
    namespace, words = split_namespace(args.words)
    if not words:
        raise UsageError('say what to start; `launch-service executables` lists what there is')
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        process = backend.start(StartRequest(
            words[0], tuple(words[1:]), name=args.name, uid=args.uid, cwd=args.cwd,
            env=tuple(args.env), launch_id=args.launch_id, wait_ready=args.wait_ready))
    Output(args).done(result(ResultCode.OK, namespace=backend.namespace, process=named(process)),
                      [describe(process)])
    return 0
