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

"""
Finds LaunchServiceNodes on the ROS graph.

DDS never says that discovery is complete: who has not been heard of yet looks just
like who isn't there. So a search for everyone ends when the graph has shown nothing
new for a while, and a search for one ends when that one is there.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import TYPE_CHECKING

from .caller import GRAPH_PERIOD
from .names import nodes_among
from .waits import FIND

if TYPE_CHECKING:
    from rclpy.node import Node

# Seconds without news. Most participants are met at once, but every third or fourth one
# only with its next announcement, and those come every 3 s.
SETTLED = 3.3


def find_nodes(node: Node, *, within: float = FIND, settled: float = SETTLED,
               stop: Callable[[list[str]], bool] | None = None) -> list[str]:
    """
    Return the full names of the LaunchServiceNodes on the graph, sorted.

    They are known by the type of one of their services. A node that is not found may
    still be there: a slow or lossy network needs a longer `settled`.

    :param within: seconds to search as long as nothing is found; with something found the
        search takes at most `settled` longer, also when the graph never comes to rest.
    :param settled: seconds without a change of the graph after which the search ends,
        once something was found.
    :param stop: ends the search at once when it is true for the names so far.
    """
    never = threading.Event()
    deadline = time.monotonic() + within
    services = node.get_service_names_and_types()
    changed = time.monotonic()
    while True:
        found = nodes_among(services)
        now = time.monotonic()
        if stop is not None and stop(found):
            return found
        if now >= (min(changed, deadline) + settled if found else deadline):
            return found
        never.wait(GRAPH_PERIOD)
        seen = node.get_service_names_and_types()
        if sorted(seen) != sorted(services):
            services, changed = seen, time.monotonic()
