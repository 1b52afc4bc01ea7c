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
Says in one line how many tests were skipped because ROS 2's `launch` can't be imported.

As a program it is pytest with that line: no folder but this one is put on sys.path.
"""

from __future__ import annotations

import re
import signal
import sys
from typing import Any

import pytest

# The reasons of pytest.importorskip, and of tests that run the `ros2` command.
MISSING = re.compile(r"""could not import '(launch|ros2)|\blaunch\b|\bros2cli\b|`ros2`""")


def count_without_launch(reasons: list[str]) -> int:
    """Return how many of these reasons for a skip mean that `launch` is missing."""
    return sum(1 for reason in reasons if MISSING.search(reason))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Write the line, when there is something to say."""
    reasons = [str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ''
               for report in terminalreporter.stats.get('skipped', [])]
    count = count_without_launch(reasons)
    if count:
        terminalreporter.write_line(
            f'{count} tests skipped: `launch` and `ros2` are not on PyPI; source a ROS 2 to run '
            'them too', yellow=True)


if __name__ == '__main__':
    # In the background of a script SIGINT is ignored, and the tests of Ctrl-C would wait.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(pytest.main(sys.argv[1:], plugins=[sys.modules[__name__]]))
