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

"""Short ways to read an allow-list, for tests."""

from __future__ import annotations

from collections.abc import Callable

from launch_service_node.allow_list.model import Entry
from launch_service_node.allow_list.reading import read_allow_list, report

from .conftest import Prefix

Write = Callable[..., str]


def one_entry(write: Write, keys: str, prefix: Prefix | None = None) -> Entry:
    """Read a list of one entry, which has no problems."""
    lines = ''.join(f'    {line}\n' for line in keys.splitlines())
    path = write(f'allowable_processes:\n  - id: x\n{lines}')
    read = read_allow_list(path, prefix.environment if prefix else {})
    assert report(read) == []
    return read.entries['x']


def complaints(write: Write, text: str) -> list[tuple[int, str]]:
    """Read a list and return line and message of each problem; nothing has two lines."""
    path = write(text)
    read = read_allow_list(path, {})
    assert all(problem.file == path for problem in read.problems)
    assert all('\n' not in line for line in report(read))
    return [(problem.line, problem.message) for problem in read.problems]
