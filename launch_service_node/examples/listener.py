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

"""A node that prints what is said on the topic `chatter` of its namespace."""

from __future__ import annotations

from collections.abc import Sequence
import sys

from rclpy.node import Node
from std_msgs.msg import String

from .spinning import spin_until_told


class Listener(Node):
    """Subscribes to std_msgs/String."""

    def __init__(self) -> None:
        """Listen from now on."""
        super().__init__('listener')
        self._subscription = self.create_subscription(String, 'chatter', self._hear, 10)

    def _hear(self, message: String) -> None:
        print(f'heard: {message.data}', flush=True)


def main(args: Sequence[str] | None = None) -> int:
    """Listen until told to end."""
    return spin_until_told(Listener, sys.argv if args is None else ['listener', *args])


if __name__ == '__main__':
    sys.exit(main())
