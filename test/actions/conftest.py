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

"""Fixtures of the tests of launch actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
from typing import Any

import pytest
import ssh_servers


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Undo what a launch did to the environment: SetEnvironmentVariable sets that of Python."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give what runs launch descriptions in this process."""
    from launching import Launcher
    monkeypatch.delenv('OVERRIDE_LAUNCH_PROCESS_OUTPUT', raising=False)
    return Launcher(tmp_path)


@pytest.fixture(scope='module')
def shared_robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give a server that serves all tests of a file; skip where there can be none."""
    with ssh_servers.serving(tmp_path_factory.mktemp('sshd')) as server:
        yield server


@pytest.fixture
def robot(shared_robot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Give that server; the home of this side is an empty one."""
    ssh_servers.leave_home(monkeypatch, tmp_path)
    return shared_robot


@pytest.fixture
def make_robot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Give what makes a further server with options of sshd_config; all are ended."""
    ssh_servers.leave_home(monkeypatch, tmp_path)
    with ssh_servers.several(tmp_path) as make:
        yield make


@pytest.fixture
def arm(robot: Any, launcher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a robot with the package `arm`, also found on this side, which is on no graph."""
    from actions.node_lab import install, Robot
    prefix = tmp_path / 'install'
    install(prefix)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{prefix}:{os.environ["AMENT_PREFIX_PATH"]}')
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    monkeypatch.delenv('RMW_IMPLEMENTATION', raising=False)
    return Robot(robot, launcher, prefix)


@pytest.fixture(scope='module')
def robot1_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give the program on a host where /robot1 is up."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    from actions.service_lab import hosting
    with hosting(tmp_path_factory.mktemp('robot1')) as host:
        yield host


@pytest.fixture
def robot1(robot1_host: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a host where /robot1 is up, and runs nothing."""
    from actions.service_lab import listening
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path))
    with listening(robot1_host) as robot:
        yield robot
