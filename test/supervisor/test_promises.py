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

"""The page of promises names tests, and all of them are there."""

from __future__ import annotations

import ast
from pathlib import Path
import re

ROOT = Path(__file__).parents[2]

PAGE = (ROOT / 'docs' / 'promises.md').read_text()


def names_in(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r'`(test/[a-z_/]+\.py)::(\w+)`', PAGE)
    assert len(named) > 50
    missing = [f'{path}::{name}' for path, name in named
               if not (ROOT / path).exists() or name not in names_in(ROOT / path)]
    assert missing == []


def test_every_promise_names_a_test() -> None:
    promises = [line for line in PAGE.splitlines()
                if line.startswith('| ') and not line.startswith(('| promise', '| ---'))]
    assert promises
    assert [line for line in promises if '::test_' not in line] == []


def test_what_is_held_is_named_once_in_a_row() -> None:
    for line in PAGE.splitlines():
        named = re.findall(r'::(\w+)`', line)
        assert len(named) == len(set(named)), line
