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

"""The command line of the benchmark."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

DESCRIPTION = """\
Measures launch_service_node beside what people would use instead, in one run, and says
which targets are reached. Exit code 1: one is missed, or a row broke; 130: interrupted.
"""


def parser(rows: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; `rows` are the names that `--only` takes."""
    made = argparse.ArgumentParser(prog='bench/run', description=DESCRIPTION)
    made.add_argument('--only', action='append', default=[], metavar='ROW', choices=rows,
                      help='measure this row; repeatable; see --list')
    made.add_argument('--list', action='store_true', help='say which rows there are')
    made.add_argument('--quick', action='store_true',
                      help='fewer repetitions: to see that it works, not for its figures')
    made.add_argument('--json', action='store_true', help='print JSON and no table')
    made.add_argument('--out', type=Path, metavar='FOLDER',
                      help='where result.json, table.md and the plots go '
                      '(default: .cache/bench/last)')
    made.add_argument('--peers', type=Path, metavar='PYTHON', help=argparse.SUPPRESS)
    return made
