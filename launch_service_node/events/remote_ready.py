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

"""What became of bringing up a LaunchServiceNode on a machine, as events of launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launch import Action, Event

from ..errors import LaunchServiceError

if TYPE_CHECKING:
    from ..bootstrap.bringing_up import Outcome


class RemoteReady(Event):
    """
    A LaunchServiceNode is up on a machine, and on this ROS graph where that was asked for.

    :ivar action: the BootstrapLaunchService.
    :ivar outcome: `what` it came to (attached, started, replaced), `namespace`, `host`,
        `instance`, and what else is known.
    """

    name = 'launch_service_node.events.RemoteReady'

    def __init__(self, *, action: Action, outcome: Outcome, scope: dict[str, str]) -> None:
        """Make the event; `scope` are the launch configurations that the action has seen."""
        super().__init__()
        self.action = action
        self.outcome = outcome
        self.scope = scope


class RemoteNotReady(Event):
    """
    A LaunchServiceNode could not be brought up on a machine, or this ROS graph lacks it.

    :ivar action: the BootstrapLaunchService.
    :ivar error: says it in one line; `error.code` is the ResultCode.
    """

    name = 'launch_service_node.events.RemoteNotReady'

    def __init__(self, *, action: Action, error: LaunchServiceError,
                 scope: dict[str, str]) -> None:
        """Make the event; `scope` are the launch configurations that the action has seen."""
        super().__init__()
        self.action = action
        self.error = error
        self.scope = scope
