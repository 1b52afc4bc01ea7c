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

"""A middleware that does not let go of a node does not keep its process."""

import signal
import subprocess
import sys
import textwrap

from harness import PATIENCE, wait_until
import pytest

from launch_service_node.errors import Unreachable
from launch_service_node.protocol import SupervisorClient

# A call of C that never comes back and holds the lock of the interpreter, as rclpy does.
HANGING = textwrap.dedent("""\
    import ctypes, sys
    from launch_service_node.node import launch_service, main

    def hang(*_):
        ctypes.PyDLL(None).pause()

    launch_service.LaunchServiceNode.destroy_node = hang
    main.LEAVING = 3.0
    sys.exit(main.main())
    """)


@pytest.mark.parametrize('options, code, words', [
    ([], 0, ''), (['--managed'], 3, 'serves this instance already')])
def test_the_process_ends_with_the_exit_code_that_it_would_have_had(robot, options, code, words):
    if code:
        robot.node()  # the one that is in the way
    running = subprocess.Popen(
        [sys.executable, '-c', HANGING, *options, '--ros-args', '-r', '__ns:=/robot1'],
        env=robot.lab.environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def attached() -> bool:
        try:
            with SupervisorClient('/robot1', str(robot.lab.home)) as client:
                return client.call('status')['instance']['node'] is not None
        except Unreachable:
            return False
    try:
        wait_until(attached)
        if not code:
            running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == code and words in said and 'Traceback' not in said
