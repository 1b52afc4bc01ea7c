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

"""An action asks in the ROS domain of its place, and brings an instance up in that one."""

from __future__ import annotations

import os
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch import LaunchDescriptionEntity  # noqa: E402
from launch.actions import GroupAction, SetEnvironmentVariable  # noqa: E402
from launching import Launcher  # noqa: E402

from launch_service_node.actions import (  # noqa: E402
    service_graph,
    start_process,
    StartProcess,
    StopProcess,
)
from launch_service_node.errors import Unreachable  # noqa: E402


def within(domain: str, action: LaunchDescriptionEntity) -> GroupAction:
    """Return a group that has a domain for itself."""
    return GroupAction([SetEnvironmentVariable('ROS_DOMAIN_ID', domain), action])


def test_it_is_the_one_of_the_place_also_when_none_is_set_there(
        launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def join(domain_id: int | None) -> None:
        asked.append(domain_id)
        raise Unreachable('enough')
    monkeypatch.setattr(service_graph, 'RosSession', join)
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    assert launcher.run(
        StopProcess('x', namespace='robot9', on_failure=[]),
        within('6', StopProcess('x', namespace='robot9', on_failure=[])),
        SetEnvironmentVariable('ROS_DOMAIN_ID', '5')) == 0
    assert set(asked) == {0, 6}


def test_an_instance_is_brought_up_there(
        launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[Any] = []

    def start_instance(*_: Any, environ: Any = os.environ) -> None:
        began.append((environ['ROS_DOMAIN_ID'], os.environ['ROS_DOMAIN_ID']))
        raise Unreachable('enough')
    monkeypatch.setattr(start_process, 'start_instance', start_instance)
    monkeypatch.setenv('ROS_DOMAIN_ID', '5')
    assert launcher.run(within('6', StartProcess(
        'x', namespace='robot9', allow_list='a.yaml', on_failure=[]))) == 0
    assert began == [('6', '5')]
