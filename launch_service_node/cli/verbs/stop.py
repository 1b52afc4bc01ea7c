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
Stop processes.

The program waits until nothing is left of them. SIGINT, SIGTERM and SIGKILL go to the
whole tree of a process, each after the time given to the one before. A pending restart is
called off.
"""

from __future__ import annotations

import argparse

from ..backend import reach_of
from ..completers import ProcessCompleter
from ..options import not_negative, process_id
from ..output import Output
from ..several import each, selections, tell_processes
from ..target import choose, split_namespace

WORDS = '[/NAMESPACE] NAME|GLOB... | --id N | --launch-id ID'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `stop`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the instance, if there are several; names or globs of processes'
    ).completer = ProcessCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--id', type=process_id, metavar='N', help='the process of this id')
    parser.add_argument('--launch-id', default='', metavar='ID',
                        help='the processes that were started with it')
    parser.add_argument('--sigterm-timeout', type=not_negative, metavar='SECONDS',
                        help='from SIGINT to SIGTERM (default: as the executable says)')
    parser.add_argument('--sigkill-timeout', type=not_negative, metavar='SECONDS',
                        help='from SIGTERM to SIGKILL (default: as the executable says)')


def main(args: argparse.Namespace) -> int:
    """Run `stop`."""
    namespace, words = split_namespace(args.words)
    which = selections(words, args)
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        outcomes = each(which, lambda one: backend.stop(
            one, args.sigterm_timeout, args.sigkill_timeout))
    return tell_processes(Output(args), backend.namespace, outcomes)
