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


"""The table of protections fits the code; that its tests notice is shown by protections.py."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

from faults.protection import POINTS, Protection
from faults.protections import code_of, PACKAGE, ROOT, TABLE
import pytest


@cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text()))
                     if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize('row', TABLE, ids=lambda row: row.what)
def test_what_is_taken_out_stands_there_once_and_its_test_is_there(row: Protection) -> None:
    path = ROOT / PACKAGE / row.file
    assert code_of(row, ROOT / PACKAGE) != path.read_text()
    file, name = row.test.split('::')
    assert name.split('[')[0] in functions(ROOT / 'test' / file)


def test_every_point_has_rows_and_no_row_is_there_twice() -> None:
    assert {row.point for row in TABLE} == set(POINTS)
    assert [what for what, count in Counter(row.what for row in TABLE).items() if count > 1] == []


@pytest.mark.parametrize('text', ['import os', 'no such text', ''])
def test_a_text_that_stands_there_not_exactly_once_is_an_error(
        tmp_path: Path, text: str) -> None:
    (tmp_path / 'a.py').write_text('import os\nimport os\n')
    with pytest.raises(ValueError, match='times, and not once'):
        code_of(Protection(1, 'x', 'a.py', text, 'pass', 'x::y'), tmp_path)


def test_what_is_left_has_to_be_python(tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('if a:\n    b()\n')
    with pytest.raises(SyntaxError):
        code_of(Protection(1, 'x', 'a.py', '    b()', '', 'x::y'), tmp_path)
