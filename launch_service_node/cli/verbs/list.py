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
List processes.

Ended ones that are still remembered are included. Without a namespace it is those of all
instances that are on the graph, or on this host.
"""

from __future__ import annotations

import argparse
from typing import Any

from ..backend import Reach, reach_of
from ..completers import ProcessCompleter
from ..exit_codes import exit_code_of
from ..options import UsageError
from ..output import complain, Output, result
from ..several import code_of_all, each, Outcome
from ..tables import process_table
from ..target import split_namespace
from ..text import named

WORDS = '[/NAMESPACE] [GLOB]'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `list`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD', help='an instance; a name or glob of processes'
    ).completer = ProcessCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--launch-id', default='', metavar='ID',
                        help='only processes that were started with it')


def main(args: argparse.Namespace) -> int:
    """Run `list`."""
    namespace, words = split_namespace(args.words)
    if len(words) > 1:
        raise UsageError(f'one glob at a time, not {" ".join(words)}')
    name = words[0] if words else ''
    with reach_of(args) as reach:
        outcomes = each(_wanted(namespace, reach),
                        lambda one: reach.backend(one).list(name, args.launch_id))
    for outcome in outcomes:
        if outcome.error:
            several = f'{outcome.thing}: ' if len(outcomes) > 1 else ''
            complain(several + outcome.error.message)
    return _tell(Output(args), outcomes)


def _wanted(namespace: str | None, reach: Reach) -> list[str]:
    wanted = reach.namespaces() if namespace is None else [namespace]
    if not wanted:
        raise reach.missing()
    return wanted


def _tell(out: Output, outcomes: list[Outcome[str, dict[str, Any]]]) -> int:
    code = code_of_all(outcomes)
    message = next((outcome.error.message for outcome in outcomes if outcome.error), '')
    instances = []
    for outcome in outcomes:
        fields = dict(outcome.value or {'processes': []})
        fields['processes'] = [named(process) for process in fields['processes']]
        instances.append(outcome.document(namespace=outcome.thing, **fields))
    rows = [(outcome.thing, outcome.value['timestamp_ns'], process) for outcome in outcomes
            if outcome.value for process in outcome.value['processes']]
    if rows or out.json:
        out.done(result(code, message, instances=instances),
                 process_table(rows, out.width, out.colour))
    elif not code:
        out.note(f'no process matches on {", ".join(outcome.thing for outcome in outcomes)}')
    return exit_code_of(code)
