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

"""Does something when a LaunchServiceNode is up on a machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from launch import Event, EventHandler, LaunchContext
from launch.some_entities_type import SomeEntitiesType

from ..actions.bootstrap_launch_service import BootstrapLaunchService
from ..events import RemoteReady

Then: TypeAlias = SomeEntitiesType | Callable[[RemoteReady, LaunchContext],
                                              SomeEntitiesType | None]


class OnRemoteReady(EventHandler):
    """
    Does something when a BootstrapLaunchService is done.

    :param target_action: that action; None: any of them.
    :param on_ready: actions, or a function of a RemoteReady and the context that returns some.
    """

    def __init__(self, *, target_action: BootstrapLaunchService | None = None, on_ready: Then,
                 **kwargs: Any) -> None:
        """Remember what is to be done."""
        super().__init__(
            matcher=lambda event: isinstance(event, RemoteReady)
            and (target_action is None or event.action is target_action),
            entities=None if callable(on_ready) else on_ready, **kwargs)
        self._on_ready = on_ready if callable(on_ready) else None

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return what is to be done."""
        entities = super().handle(event, context)
        if self._on_ready is None:
            return entities
        assert isinstance(event, RemoteReady)
        return self._on_ready(event, context)
