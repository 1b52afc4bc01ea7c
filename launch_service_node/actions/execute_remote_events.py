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

"""Hearing launch's events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch import Event, LaunchContext
from launch.event_handler import BaseEventHandler


class OutputHandled(Event):
    """
    Comes after an event with output, so that who emitted that knows that it was handled.

    launch handles events in their order, whatever becomes of each.

    :ivar number: of the event with output.
    """

    name = 'launch_service_node.OutputHandled'

    def __init__(self, run: object, number: int) -> None:
        """Remember whose it is."""
        super().__init__()
        self.run = run
        self.number = number


class Hearing(BaseEventHandler):
    """
    Calls a function with each event of a class.

    :param hear: what it returns is what launch goes on with, as for any event handler.
    """

    def __init__(self, event_class: type[Event], hear: Callable[[Any], Any]) -> None:
        """Hear events of this class."""
        super().__init__(matcher=lambda event: isinstance(event, event_class))
        self._hear = hear

    def handle(self, event: Event, context: LaunchContext) -> Any:
        """Call the function."""
        super().handle(event, context)
        return self._hear(event)
