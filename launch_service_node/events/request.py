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

"""What becomes of what an action asks a LaunchServiceNode for, as events of launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from launch import Event

from ..client.records import Record
from ..errors import LaunchServiceError

if TYPE_CHECKING:
    from ..actions.service_call import ServiceAction


class RequestDone(Event):
    """
    A node has done what an action asked for.

    :ivar action: the action.
    :ivar what: `start`, `ready`, `stopped` or `ended`.
    :ivar processes: those concerned, as dictionaries.
    """

    name = 'launch_service_node.events.RequestDone'

    def __init__(self, *, action: ServiceAction, what: str, processes: Sequence[Record],
                 scope: dict[str, str]) -> None:
        """Make the event; `scope` are the launch configurations that the action has seen."""
        super().__init__()
        self.action = action
        self.what = what
        self.processes = list(processes)
        self.scope = scope


class RequestFailed(Event):
    """
    A node has refused what an action asked for, could not do it, or is not there.

    :ivar action: the action.
    :ivar error: says it in one line; `error.code` is the ResultCode.
    """

    name = 'launch_service_node.events.RequestFailed'

    def __init__(self, *, action: ServiceAction, error: LaunchServiceError,
                 scope: dict[str, str]) -> None:
        """Make the event; `scope` are the launch configurations that the action has seen."""
        super().__init__()
        self.action = action
        self.error = error
        self.scope = scope
