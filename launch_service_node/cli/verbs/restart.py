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
Restart processes.

Each is stopped and started again with its arguments, under the same name and id.
"""

from __future__ import annotations

import argparse

from ..backend import reach_of
from ..completers import ProcessCompleter
from ..options import process_id
from ..output import Output
from ..several import each, selections, tell_processes
from ..target import choose, split_namespace

WORDS = '[/NAMESPACE] NAME... | --id N'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `restart`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the instance, if there are several; names of processes'
    ).completer = ProcessCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--id', type=process_id, metavar='N', help='the process of this id')
    parser.add_argument('--wait-ready', action='store_true',
                        help='wait until the processes are ready')


def main(args: argparse.Namespace) -> int:
    """Run `restart`."""
    namespace, words = split_namespace(args.words)
    which = selections(words, args)
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        outcomes = each(which, lambda one: backend.restart(one, args.wait_ready))
    return tell_processes(Output(args), backend.namespace, outcomes)
