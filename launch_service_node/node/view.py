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

"""What the node knows of its instance, written by the link's thread and read by all."""

from __future__ import annotations

from typing import Any


class InstanceView:
    """
    The instance as its supervisor last described it.

    :ivar mem_usage: percent of the host's memory.
    :ivar processor_load: percent of all its cores together.
    :ivar supervisor_trouble: one line; empty while there is a supervisor.
    """

    def __init__(self, node_name: str) -> None:
        self.node_name = node_name
        self.hostname = ''
        self.instance_id = ''
        self.mode = 'run'
        self.mem_usage = 0.0
        self.processor_load = 0.0
        self.settings: dict[str, Any] = {}
        self.num_executables = 0
        self.allow_list_errors: list[str] = []
        self.supervisor_trouble = ''

    def take_instance(self, instance: dict[str, Any]) -> None:
        """Take an `instance` of the supervisor."""
        self.hostname = instance['hostname']
        self.instance_id = instance['instance_id']
        self.mode = instance['mode']
        self.settings = instance['settings']
        self.take_host(instance)

    def take_host(self, figures: dict[str, Any]) -> None:
        """Take how the host does: from an instance, or a `measured` event."""
        self.mem_usage = float(figures['mem_usage'])
        self.processor_load = float(figures['processor_load'])
