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
Check the files of an allow-list.

They are read as an instance on this host would read them. A folder stands for the files
in it. Every problem is printed as `file:line: message`.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ...errors import ResultCode
from ..exit_codes import exit_code_of
from ..options import UsageError
from ..output import Output, result
from ..text import count, printable

if TYPE_CHECKING:
    from ...allow_list.model import AllowList, Problem

WORDS = 'FILE...'
PROBLEM_FIELDS = ('file', 'line', 'entry', 'message')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words of `check`."""
    parser.add_argument('words', nargs='*', metavar='FILE', help='files and folders to read')


def main(args: argparse.Namespace) -> int:
    """Run `check`."""
    from ...allow_list.reading import read_allow_list
    from ...environment import base_environment
    if not args.words:
        raise UsageError('say which files')
    allow_list = read_allow_list(args.words, base_environment(os.environ, sys.prefix))
    return tell(Output(args), allow_list)


def tell(out: Output, allow_list: AllowList) -> int:
    """Print what is wrong with an allow-list, and return the exit code."""
    problems = everything_wrong(allow_list)
    code = ResultCode.ALLOW_LIST_INVALID if problems else ResultCode.OK
    fine = sum(1 for entry in allow_list.entries.values() if not entry.error)
    files = len(allow_list.files)
    summary = (f'{count(len(problems), "problem")}, {count(fine, "usable executable")} '
               f'in {count(files, "file")}')
    out.done(result(code, summary if problems else '', usable=fine,
                    files=list(allow_list.files),
                    problems=[{field: getattr(problem, field) for field in PROBLEM_FIELDS}
                              for problem in problems]),
             [*(printable(str(problem)) for problem in problems), summary])
    return exit_code_of(code)


def everything_wrong(allow_list: AllowList) -> list[Problem]:
    """Return the problems, and those of entries that are well written but can't be started."""
    from ...allow_list.model import Problem
    told = {problem.entry for problem in allow_list.problems}
    unusable = []
    for entry in allow_list.entries.values():
        if entry.error and entry.id not in told:
            file, _, line = entry.source.rpartition(':')
            unusable.append(Problem(file, int(line), entry.id, entry.error))
    return [*allow_list.problems, *unusable]
