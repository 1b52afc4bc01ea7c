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

"""The end of a node when something does not end: whoever asked for it is told."""

import signal

from faults.injection import patched, UNENDING
from harness import PATIENCE
from launch_service_node.msg import ProcessStatus
import pytest

from launch_service_node import srv
from launch_service_node.errors import ResultCode

STUBBORN = {'id': 'stubborn', 'cmd': ['/bin/sleep', '1000'],
            'stop': {'sigterm_timeout': 0.1, 'sigkill_timeout': 0.1}}


@pytest.fixture
def node_and_pid(robot):
    """Give a node in the foreground, and the pid of what its supervisor can't end."""
    running = robot.lab.supervisor(STUBBORN, wrap=patched(UNENDING))
    pid = running.start('stubborn')['os_pid']
    yield robot.node(), pid
    assert running.popen.wait(PATIENCE) == 0


def test_a_signal_to_the_node_ends_it_with_an_error(node_and_pid):
    node, pid = node_and_pid
    node.signal(signal.SIGINT)
    assert node.wait() == 1
    assert 'could not stop everything: ' in node.said and f'pid {pid} did not end' in node.said


def test_who_asks_over_ros_is_told(node_and_pid, caller):
    _, pid = node_and_pid
    response = caller.call(srv.Shutdown, 'shutdown')
    assert (response.success, response.code) == (False, ResultCode.NOT_STOPPED)
    assert f'pid {pid} did not end' in response.message
    assert [(each.os_pid, each.process_status) for each in response.processes] == [
        (pid, ProcessStatus.STOPPING)]
