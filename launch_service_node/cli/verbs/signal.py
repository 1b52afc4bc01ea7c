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
Send a signal to processes.

Each gets it with its whole process group. SIGSTOP suspends and SIGCONT resumes. To end a
process use `stop`.
"""

from __future__ import annotations

import argparse

from ..backend import reach_of
from ..completers import SignalCompleter
from ..options import process_id, UsageError
from ..output import Output
from ..several import each, selections, tell_processes
from ..target import choose, split_namespace
from ..text import who

WORDS = '[/NAMESPACE] SIGNAL NAME|GLOB... | SIGNAL --id N'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `signal`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the instance, if there are several; a signal, by name or number; names or globs '
        'of processes').completer = SignalCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--id', type=process_id, metavar='N', help='the process of this id')


def main(args: argparse.Namespace) -> int:
    """Run `signal`."""
    namespace, words = split_namespace(args.words)
    if not words:
        raise UsageError('say which signal, such as SIGHUP')
    which = selections(words[1:], args)
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        outcomes = each(which, lambda one: backend.signal(one, words[0]))
    return tell_processes(Output(args), backend.namespace, outcomes,
                          lambda process: f'{words[0]} sent to {who(process)}')
