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

"""The processes of one LaunchServiceNode, as ~/process_status tells of them."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from ..client.loading import loaded
from ..client.records import process_record, Record
from ..client.session import RosSession

#: As many of the latest messages as the node keeps for a late joiner.
DEPTH = 1024

#: As many of the latest changes of each process are kept for who comes to follow it.
KEPT = 16

Follower = Callable[[Record], object]


class Watch:
    """
    Tells followers the changes of a process, each once and in order, in launch's own thread.

    A response may overtake messages; what those say is not told then.

    :param loop: of launch.
    :param node: full name of the LaunchServiceNode.
    """

    def __init__(self, loop: AbstractEventLoop, node: str) -> None:
        self.topic = f'{node}/process_status'
        self._loop = loop
        self._told: dict[int, int] = {}  # sequence numbers; of the thread that spins
        self._changes: defaultdict[int, deque[Record]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._followers: dict[int, list[Follower]] = {}

    def subscribe(self, session: RosSession) -> None:
        """
        Begin to listen; in any thread.

        :raises Unreachable: when the messages of this package were not built.
        """
        from ..client.explain import no_ros
        try:
            from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

            from launch_service_node.msg import ProcessStatus
        except ImportError as error:
            raise no_ros(error) from error
        session.node.create_subscription(
            loaded(ProcessStatus), self.topic, self._hear,
            QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE,
                       durability=DurabilityPolicy.TRANSIENT_LOCAL))

    def follow(self, status: Record, follower: Follower) -> None:
        """
        Tell this state of a process, and all that follow.

        Some of these may have come before: it may have ended while its start was answered.
        """
        process_id = status['process_id']
        self.take([status])
        follower(status)
        for change in self._changes[process_id]:
            if change['sequence_number'] > status['sequence_number']:
                follower(change)
        self._followers.setdefault(process_id, []).append(follower)

    def take(self, statuses: Iterable[Record]) -> None:
        """Take what a response, or a message, says; what is older than what is known is not."""
        for status in statuses:
            known = self._changes[status['process_id']]
            if not known or known[-1]['sequence_number'] < status['sequence_number']:
                known.append(status)
                for follower in self._followers.get(status['process_id'], []):
                    follower(status)

    def _hear(self, message: Any) -> None:
        # Most messages are measurements, which are nobody's business here.
        if self._told.get(message.process_id) == message.sequence_number:
            return
        self._told[message.process_id] = message.sequence_number
        try:
            self._loop.call_soon_threadsafe(self.take, [process_record(message)])
        except RuntimeError:
            pass  # launch has ended
