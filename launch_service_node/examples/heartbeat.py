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

"""A node that prints the heartbeats of a LaunchServiceNode, one line each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import sys

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.utilities import remove_ros_args

from ..msg import Heartbeat
from .spinning import spin_until_told


class Monitor(Node):
    """Subscribes to the heartbeat of one instance."""

    def __init__(self, topic: str, count: int) -> None:
        """
        Listen from now on.

        :param count: how many to print before ROS is shut down; 0: without end.
        """
        super().__init__('heartbeat_monitor')
        self._left = count
        best_effort = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._subscription = self.create_subscription(Heartbeat, topic, self._hear, best_effort)

    def _hear(self, beat: Heartbeat) -> None:
        print(f'{beat.node_name} on {beat.hostname}: beat {beat.sequence_number}, '
              f'{beat.num_procs} running, {beat.num_failed} failed, '
              f'host at {beat.processor_load:.0f} % processor, {beat.mem_usage:.0f} % memory',
              flush=True)
        self._left -= 1
        if self._left == 0:
            self.context.try_shutdown()


def main(args: Sequence[str] | None = None) -> int:
    """Print heartbeats until told to end."""
    words = list(sys.argv if args is None else ['heartbeat', *args])
    parser = argparse.ArgumentParser(prog='heartbeat', description=__doc__)
    parser.add_argument('namespace', help='the namespace of the instance, such as /robot1')
    parser.add_argument('--count', type=int, default=0, help='end after so many')
    own = parser.parse_args(remove_ros_args(words)[1:])
    topic = f'{own.namespace.rstrip("/")}/launch_service/heartbeat'
    return spin_until_told(lambda: Monitor(topic, own.count), words)


if __name__ == '__main__':
    sys.exit(main())
