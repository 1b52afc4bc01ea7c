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

"""The launch files, under the real `ros2 launch`."""

from __future__ import annotations

import signal

from harness import Lab, wait_until
import pytest

from .conftest import Reader
from .test_boot import UP

LAUNCH = 'exec ros2 launch launch_service_node {file} namespace:=robot1'
FILES = ('launch_service.launch.py', 'launch_service.launch.xml')


@pytest.mark.parametrize('file', FILES)
def test_the_instance_ends_with_the_launch(file: str, reader: Reader, lab: Lab) -> None:
    reader.need_ros2()
    running = reader.begin(LAUNCH.format(file=file) + ' allow_list:=config/example.yaml')
    running.wait_shown(UP)
    reader('launch-service start /robot1 talker --wait-ready')
    running.popen.send_signal(signal.SIGINT)
    assert running.wait() == 0, running
    wait_until(lambda: not lab.leftovers())  # the supervisor goes last


@pytest.mark.parametrize('file', FILES)
def test_processes_outlive_a_launch_that_is_told_to_keep_them(file: str, reader: Reader) -> None:
    reader.need_ros2()
    running = reader.begin(
        LAUNCH.format(file=file) + ' allow_list:=config/example.yaml on_shutdown:=keep')
    running.wait_shown(UP)
    reader('launch-service --local start /robot1 stubborn')
    running.popen.send_signal(signal.SIGINT)
    assert running.wait() == 0, running
    assert 'RUNNING' in reader('launch-service --local list /robot1 stubborn')[-1]


@pytest.mark.parametrize('file', FILES)
def test_without_an_allow_list_nothing_may_be_started(file: str, reader: Reader) -> None:
    reader.need_ros2()
    running = reader.begin(LAUNCH.format(file=file))
    running.wait_shown(('… ready: /robot1/launch_service on domain …, 0 executables, …',))
    refused = reader.begin('launch-service --local start /robot1 talker')
    assert refused.wait() == 1, refused
    running.popen.send_signal(signal.SIGINT)
    assert running.wait() == 0, running
