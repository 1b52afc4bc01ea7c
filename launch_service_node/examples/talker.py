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

"""A node that says something on the topic `chatter` of its namespace, again and again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import sys

from rclpy.node import Node
from rclpy.utilities import remove_ros_args
from std_msgs.msg import String

from .spinning import spin_until_told


class Talker(Node):
    """
    Publishes std_msgs/String, numbered.

    The parameters `message` and `rate` (per second) may be changed while it runs.
    """

    def __init__(self, message: str, rate: float) -> None:
        """Take what to say, and how often a second, unless parameters say otherwise."""
        super().__init__('talker')
        self.declare_parameter('message', message)
        self.declare_parameter('rate', rate)
        self._publisher = self.create_publisher(String, 'chatter', 10)
        self._count = 0
        self._timer = self.create_timer(self._period(), self._say)

    def _period(self) -> float:
        return 1.0 / min(max(self.get_parameter('rate').value, 0.01), 1000.0)

    def _say(self) -> None:
        self._count += 1
        message = String(data=f'{self.get_parameter("message").value} {self._count}')
        self._publisher.publish(message)
        print(f'said: {message.data}', flush=True)
        self._timer.timer_period_ns = round(self._period() * 1e9)


def main(args: Sequence[str] | None = None) -> int:
    """Talk until told to end."""
    words = list(sys.argv if args is None else ['talker', *args])
    parser = argparse.ArgumentParser(prog='talker', description=__doc__)
    parser.add_argument('--message', default='Hello', help='what to say (default: Hello)')
    parser.add_argument('--rate', type=float, default=2.0, help='how often a second (default: 2)')
    own = parser.parse_args(remove_ros_args(words)[1:])
    return spin_until_told(lambda: Talker(own.message, own.rate), words)


if __name__ == '__main__':
    sys.exit(main())
