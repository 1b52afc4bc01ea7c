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

"""List what may be started, with the arguments that it takes."""

from __future__ import annotations

import argparse

from ...errors import ResultCode
from ..backend import reach_of
from ..completers import ExecutableCompleter
from ..exit_codes import exit_code_of
from ..options import UsageError
from ..output import complain, Output, result
from ..tables import executable_table
from ..target import choose, split_namespace

WORDS = '[/NAMESPACE] [GLOB]'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words of `executables`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the instance, if there are several; an id or a glob of ids'
    ).completer = ExecutableCompleter()  # type: ignore[attr-defined]


def main(args: argparse.Namespace) -> int:
    """Run `executables`."""
    namespace, words = split_namespace(args.words)
    if len(words) > 1:
        raise UsageError(f'one glob at a time, not {" ".join(words)}')
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        found = backend.executables(words[0] if words else '')
    code = ResultCode.ALLOW_LIST_INVALID if found['errors'] else ResultCode.OK
    message = found['errors'][0] if code else ''
    shown = tuple(item['err_msg'] for item in found['executables'] if item['err_msg'])
    for error in found['errors']:
        if not error.endswith(shown):  # the table has those
            complain(error)
    out = Output(args)
    if found['allow_any']:
        out.note(f'{backend.namespace} starts anything (allow_any), not only what is listed')
    if found['executables'] or out.json:
        out.done(result(code, message, namespace=backend.namespace, **found),
                 executable_table(found['executables'], out.width, out.colour))
    else:
        out.note(f'no executable matches on {backend.namespace}')
    return exit_code_of(code)
