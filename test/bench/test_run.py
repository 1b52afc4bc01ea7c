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

"""The benchmark as somebody runs it, with one row that needs no peers."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys

from compare.options import parser
from harness import Lab
import pytest

BENCH = Path(__file__).parents[2] / 'bench'
LONG = 120


def bench(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'compare', '--peers', sys.executable, *words], text=True,
        capture_output=True, check=False, timeout=LONG, cwd=lab.folder,
        env={**lab.environment, 'PYTHONPATH': f'{BENCH}:{os.environ.get("PYTHONPATH", "")}',
             'TMPDIR': str(lab.folder)})


def test_rows_may_be_chosen_and_repeated() -> None:
    args = parser(['start', 'stop']).parse_args(['--only', 'start', '--only', 'stop', '--quick'])
    assert (args.only, args.quick, args.json) == (['start', 'stop'], True, False)


def test_a_row_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser(['start']).parse_args(['--only', 'begin'])
    assert "invalid choice: 'begin'" in capsys.readouterr().err


def test_the_rows_are_listed_with_what_they_measure(lab: Lab) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    done = bench(lab, '--list')
    assert done.returncode == 0, done.stderr
    assert {'start', 'stop', 'list', 'remote', 'scaling', 'graph'} <= {
        line.split()[0] for line in done.stdout.splitlines()}


def test_a_row_runs_alone_and_leaves_nothing_behind(lab: Lab) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    out = lab.folder / 'out'
    done = bench(lab, '--only', 'adoption', '--quick', '--json', '--out', str(out))
    found = json.loads(done.stdout)
    assert [line['row'] for line in found['lines']] == ['adoption'], done.stderr
    # Not whether it is reached: that is the machine's affair. That it says so is ours.
    assert done.returncode == (0 if found['lines'][0]['reached'] else 1)
    assert json.loads((out / 'result.json').read_text()) == found
    assert list(lab.folder.glob('bench-*')) == []
    assert lab.leftovers() == []
