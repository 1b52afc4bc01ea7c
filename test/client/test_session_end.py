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

"""A session that nobody closes does not harm the end of the program."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy cannot be imported')

# The last object of the program ends after Python has given up on threads, and takes longer
# than the thread of the session waits for the middleware.
PROGRAM = """
import time
from launch_service_node.client import RosSession

class Last:
    def __del__(self):
        time.sleep(2)

last = Last()
session = RosSession()
print('ready', flush=True)
sys.exit(3)
"""


def test_the_exit_code_is_that_of_the_program() -> None:
    done = subprocess.run([sys.executable, '-c', f'import sys\n{PROGRAM}'], timeout=120,
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, 'ready\n', '')
