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

"""What follows on a bootstrap happens with the launch configurations of its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import socket

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch import LaunchDescriptionEntity  # noqa: E402
from launch.actions import (  # noqa: E402
    GroupAction,
    OpaqueFunction,
    SetLaunchConfiguration,
)
from launching import Launcher  # noqa: E402
import ssh_servers  # noqa: E402

from launch_service_node.actions import BootstrapLaunchService  # noqa: E402
from launch_service_node.machines import SSHMachine  # noqa: E402


@pytest.fixture
def refusing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SSHMachine]:
    """Give a machine that refuses the connection."""
    ssh_servers.leave_home(monkeypatch, tmp_path)
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        yield SSHMachine('127.0.0.1', port=taken.getsockname()[1], ssh_config='/dev/null')


def test_each_group_has_its_own(launcher: Launcher, refusing: SSHMachine) -> None:
    seen: list[str] = []
    then = OpaqueFunction(
        function=lambda context: seen.append(context.launch_configurations['robot']))

    def group(robot: str) -> LaunchDescriptionEntity:
        return GroupAction([
            SetLaunchConfiguration('robot', robot),
            BootstrapLaunchService(machine=refusing, namespace=robot, on_failure=[then])])
    assert launcher.run(group('a'), group('b'), SetLaunchConfiguration('robot', 'none')) == 0
    assert sorted(seen) == ['a', 'b']
