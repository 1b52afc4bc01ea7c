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

"""BootstrapLaunchService and the end of the launch, on a machine that never answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('rclpy', reason='rclpy cannot be imported')

from harness import alive, wait_until  # noqa: E402
from launch import Event  # noqa: E402
from launch.actions import OpaqueFunction, RegisterEventHandler, TimerAction  # noqa: E402
from launch.events import Shutdown as ShutdownEvent  # noqa: E402
from launching import Launcher, machine_on  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions import BootstrapLaunchService  # noqa: E402
from launch_service_node.actions.execute_remote_events import Hearing  # noqa: E402


def test_a_shutdown_that_ctrl_c_tore_ends_it_too(launcher: Launcher, robot: Sshd,
                                                 tmp_path: Path) -> None:
    # Ctrl-C raises KeyboardInterrupt in whatever runs; who comes after hears nothing.
    setup, begun, never = tmp_path / 'setup.sh', tmp_path / 'begun', tmp_path / 'never'
    os.mkfifo(never)
    setup.write_text(f'echo $$ >{begun}; read line <{never}\n')
    torn: list[Event] = []

    def tear(event: Event) -> None:
        if not torn:
            torn.append(event)
            raise KeyboardInterrupt

    def ctrl_c(_: Any) -> Any:
        if begun.exists() and begun.read_text():
            return launcher.service.shutdown(force_sync=True)
        return [TimerAction(period=0.1, actions=[OpaqueFunction(function=ctrl_c)])]

    def listen_last(_: Any) -> Any:
        # Handlers that come later are asked first.
        return [RegisterEventHandler(Hearing(ShutdownEvent, tear)),
                OpaqueFunction(function=ctrl_c)]
    try:
        launcher.run(
            BootstrapLaunchService(machine=machine_on(robot, setup=[str(setup)]),
                                   namespace='robot1', wait_for_graph=False),
            OpaqueFunction(function=listen_last))
        assert torn and 'the launch ends before it is known' in launcher.log()
    finally:
        os.close(os.open(never, os.O_RDWR))  # who waits for it does so no longer
    wait_until(lambda: not alive(int(begun.read_text())))
