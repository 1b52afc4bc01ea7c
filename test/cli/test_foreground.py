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

"""`up --foreground` becomes the node."""

import json
import os
import signal

from cli.program import LONG, Program
from harness import wait_until
import pytest


def test_the_program_is_the_node_and_ctrl_c_ends_it(lonely: Program) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    node = lonely.begin('up', '/robot1', '--foreground', '--allow-list', 'robot1.yaml',
                        '--param', 'heartbeat_period:=0.5', '--', '--log-level', 'warn')
    try:
        # The allow-list is that of the node, which brings it along when it attaches.
        wait_until(lambda: 'idle' in lonely('--local', 'executables', '/robot1').stdout)
        found = json.loads(lonely('up', '/robot1', '--json').stdout)
        assert found['outcome'] == 'attached'
        assert found['instance']['node']['pid'] == node.pid
        assert not found['instance']['node']['managed']
        started = json.loads(lonely('--local', 'start', '/robot1', 'idle', '--json').stdout)
        node.send_signal(signal.SIGINT)
        _, err = node.communicate(timeout=LONG)
        assert node.returncode == 0, err
        with pytest.raises(ProcessLookupError):
            os.kill(started['process']['os_pid'], 0)
    finally:
        node.kill()
        node.wait()
        lonely('down', '--local', '/robot1')
