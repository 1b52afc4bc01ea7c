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

"""Exit codes are a contract."""

from pathlib import Path
import re

import pytest

from launch_service_node.cli.exit_codes import exit_code_of, ExitCode
from launch_service_node.errors import ResultCode

DOCS = Path(__file__).parents[2] / 'docs' / 'cli.md'


@pytest.mark.parametrize(('code', 'exit_code'), [
    (ResultCode.OK, 0), (ResultCode.NOT_ALLOWED, 1), (ResultCode.START_FAILED, 1),
    (ResultCode.INVALID_REQUEST, 1), (ResultCode.NOT_FOUND, 3),
    (ResultCode.SERVICE_UNAVAILABLE, 3), (ResultCode.SUPERVISOR_UNAVAILABLE, 3),
    (ResultCode.TIMED_OUT, 4), (ResultCode.NAME_IN_USE, 5), (ResultCode.CONFLICT, 5)])
def test_codes(code: ResultCode, exit_code: int) -> None:
    assert exit_code_of(code) == exit_code


def test_only_ok_is_zero() -> None:
    assert [code for code in ResultCode if exit_code_of(code) == 0] == [ResultCode.OK]


def test_the_documentation_has_every_exit_code() -> None:
    rows = re.findall(r'^\| (\d+) \| (\w+) \|', DOCS.read_text(), re.MULTILINE)
    assert rows == [(str(int(code)), code.name) for code in ExitCode]
