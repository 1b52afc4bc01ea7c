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

"""The heartbeat: what says that the node lives, and how its host does."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from rclpy.node import Node

from .. import __version__
from ..msg import Heartbeat
from . import conversion, qos
from .parameters import label_pairs, Parameters
from .process_table import ALIVE, ProcessTable
from .view import InstanceView

MODES = {'run': Heartbeat.MODE_RUN, 'hold': Heartbeat.MODE_HOLD,
         'drain': Heartbeat.MODE_DRAIN, 'stopping': Heartbeat.MODE_STOPPING}


class HeartbeatPublisher:
    """
    Publishes ~/heartbeat, whenever it is told to.

    :param ask: asks the supervisor how the host does, when nobody measures.
    """

    def __init__(self, node: Node, view: InstanceView, table: ProcessTable,
                 parameters: Parameters, ask: Callable[[], None]) -> None:
        self._view = view
        self._table = table
        self._values = parameters.values
        self._ask = ask
        self.period: float = self._values['heartbeat_period']
        self._message = Heartbeat(node_name=view.node_name, period=self.period,
                                  version=__version__)
        self._labels: Any = None
        self.publisher = node.create_publisher(Heartbeat, '~/heartbeat',
                                               qos.heartbeat(self.period))

    def beat(self) -> None:
        """Publish a heartbeat now."""
        view, table, message = self._view, self._table, self._message
        message.timestamp = conversion.time_message(time.time_ns())
        message.hostname = view.hostname
        message.instance_id = view.instance_id
        message.sequence_number += 1
        message.mode = MODES.get(view.mode, Heartbeat.MODE_RUN)
        message.num_procs = table.count(*ALIVE)
        message.num_failed = table.count(conversion.ProcessStatus.FAILED)
        message.num_restarting = table.count(conversion.ProcessStatus.BACKOFF)
        message.mem_usage = view.mem_usage
        message.processor_load = view.processor_load
        if self._labels != self._values['labels']:
            self._labels = self._values['labels']
            message.labels = conversion.key_values(label_pairs(self._labels))
        self.publisher.publish(message)
        if not view.settings.get('measure_period'):
            self._ask()
