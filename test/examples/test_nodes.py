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

"""The example programs that are ROS nodes."""

from __future__ import annotations

from collections.abc import Callable
import signal

import pytest

from .conftest import Example

Run = Callable[..., Example]
IN_ROBOT1 = ('--ros-args', '-r', '__ns:=/robot1', '--')
IN_ROBOT2 = ('--ros-args', '-r', '__ns:=/robot2', '--')


def test_listener_hears_the_talker_of_its_namespace(run: Run) -> None:
    listener = run('listener', *IN_ROBOT1)
    elsewhere = run('listener', *IN_ROBOT2)
    run('talker', *IN_ROBOT2, '--message', 'wrong robot', '--rate', '20')
    elsewhere.wait_line('heard: wrong robot')
    run('talker', *IN_ROBOT1, '--message', 'right robot', '--rate', '20')
    assert 'heard: right robot' in listener.wait_line('heard')
    listener.wait_line('heard')
    assert not [line for line in listener.lines if 'wrong' in line]


def test_a_parameter_of_the_talker_beats_its_argument(run: Run) -> None:
    talker = run('talker', '--message', 'argument',
                 '--ros-args', '-p', 'message:=parameter', '-p', 'rate:=50.0')
    assert talker.wait_line('said').endswith('said: parameter 1')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_talker_without_a_traceback(run: Run, number: int) -> None:
    talker = run('talker', '--rate', '200')
    talker.wait_line('said')
    talker.popen.send_signal(number)
    assert talker.wait() == 0, talker.lines
    assert not [line for line in talker.lines if 'said:' not in line]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_listener_without_a_traceback(run: Run, number: int) -> None:
    listener = run('listener')
    run('talker', '--rate', '50')
    listener.wait_line('heard')
    listener.popen.send_signal(number)
    assert listener.wait() == 0, listener.lines
    assert not [line for line in listener.lines if 'heard:' not in line]
