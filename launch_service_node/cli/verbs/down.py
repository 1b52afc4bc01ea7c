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
End an instance with its processes.

They are stopped, then the node and the supervisor end. With --keep-processes only the
node ends, and the supervisor goes on looking after them.
"""

from __future__ import annotations

import argparse
from typing import Any

from ...client.records import ALIVE, state_name
from ...errors import LaunchServiceError, ResultCode
from ..backend import reach_of
from ..completers import NamespaceCompleter
from ..output import Output, result
from ..target import choose, only_namespace
from ..text import count, describe, named

WORDS = '[/NAMESPACE] [--keep-processes]'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `down`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD', help='the instance, if there are several'
    ).completer = NamespaceCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--keep-processes', action='store_true',
                        help='leave the processes, and the supervisor that looks after them')


def main(args: argparse.Namespace) -> int:
    """Run `down`."""
    namespace = only_namespace(args.words)
    out = Output(args)
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        try:
            processes = backend.shutdown(args.keep_processes)
        except LaunchServiceError as error:
            told: Any = error.facts.get('processes', ())
            for process in told:
                out.note(describe(process))
            raise
    left = [process for process in processes
            if state_name(process['process_status']) in ALIVE]
    if args.keep_processes:
        message = (f'the node of {backend.namespace} is down, its supervisor goes on with '
                   + count(len(left), 'process', 'processes'))
        processes = left
    else:
        message = f'{backend.namespace} is down, no process is left'
    out.done(result(ResultCode.OK, message, namespace=backend.namespace,
                    processes=[named(process) for process in processes]),
             [*(describe(process) for process in processes), message])
    return 0
