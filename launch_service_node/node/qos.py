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

"""What the node offers to its subscribers; docs/node.md says why."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)

DEADLINE = 1.5  # periods: one heartbeat is missing, with room for half a period of jitter
LEASE = 3.0  # periods: the node is gone or hangs

STATUS_DEPTH = 1024


def heartbeat(period: float) -> QoSProfile:
    """
    Return the profile of ~/heartbeat for a period in seconds.

    Volatile: a heartbeat says that the node lives now, so an old one is worth nothing,
    and one that the middleware of a hung node delivers to a late joiner is a lie.
    Manual liveliness: a node whose threads hang is noticed too, since only publishing
    counts as a sign of life.
    """
    return QoSProfile(
        reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.VOLATILE,
        history=HistoryPolicy.KEEP_LAST, depth=1,
        deadline=Duration(seconds=DEADLINE * period),
        liveliness=LivelinessPolicy.MANUAL_BY_TOPIC,
        liveliness_lease_duration=Duration(seconds=LEASE * period))


def process_status(depth: int) -> QoSProfile:
    """Return the profile of ~/process_status."""
    return QoSProfile(
        reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL,
        history=HistoryPolicy.KEEP_LAST, depth=depth)


def status_depth(most_listed: int) -> int:
    """Return the depth that ~/process_status needs for so many listed processes."""
    return max(STATUS_DEPTH, most_listed + most_listed // 4)
