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

"""A launch that asked a node has left the ROS graph when it ends, however that comes about."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from harness import PATIENCE
import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('rclpy', reason='rclpy cannot be imported')

from launch.actions import (  # noqa: E402
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnShutdown  # noqa: E402
from launch.events import Shutdown as ShutdownEvent  # noqa: E402
from launching import Launcher  # noqa: E402
from osrf_pycommon.process_utils import get_loop  # noqa: E402

from launch_service_node.actions import StopProcess  # noqa: E402
from launch_service_node.actions.service_graph import PULSE  # noqa: E402


@pytest.mark.parametrize('then', [
    LogInfo(msg='and idle'), Shutdown(reason='enough'),
    EmitEvent(event=ShutdownEvent(reason='enough'))], ids=['idle', 'action', 'event'])
def test_it_has_left_the_ros_graph(launcher: Launcher, then: Any) -> None:
    # A thread that still waits for the middleware when Python ends aborts the whole process.
    assert launcher.run(StopProcess(
        'x', namespace='robot9', find_within=0.1, on_failure=[then])) == 0
    assert 'ros session' not in [thread.name for thread in threading.enumerate()]


def test_one_that_asked_only_at_its_end_is_nothing_to_the_next(
        launcher: Launcher) -> None:
    # The next one runs in the same loop, where the pulse of the first may still be due.
    at_its_end = StopProcess('x', namespace='robot9', find_within=0.1, on_failure=[])
    assert launcher.run(
        RegisterEventHandler(OnShutdown(on_shutdown=at_its_end)), Shutdown(reason='enough')) == 0
    assert launcher.run(TimerAction(period=2 * PULSE, actions=[])) == 0


def test_one_that_is_cancelled_leaves_it_in_a_program_that_goes_on(launcher: Launcher) -> None:
    assert launcher.run(StopProcess(
        'x', namespace='robot9', find_within=0.1, on_failure=[OpaqueFunction(
            function=lambda _: launcher.service.task.cancel() and None)])) == 1

    async def left() -> None:
        while 'ros session' in [thread.name for thread in threading.enumerate()]:
            await asyncio.sleep(0.05)
    get_loop().run_until_complete(asyncio.wait_for(left(), PATIENCE))
