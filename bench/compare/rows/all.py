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

"""All rows, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..bench import Bench
from ..figures import Result
from . import (
    bootstrapping,
    commands,
    exits,
    falls,
    graph,
    heartbeats,
    idle,
    listing,
    remote,
    scaling,
    starting,
)

Row = Callable[[Bench], Iterable[Result]]

ROWS: dict[str, Row] = {
    'start': starting.start,
    'stop': starting.stop,
    'list': listing.list_all,
    'measure': listing.measuring,
    'exit': exits.exits,
    'idle': idle.idle,
    'memory': idle.memory,
    'adoption': falls.adoption,
    'heartbeat': heartbeats.heartbeat,
    'remote': remote.remote,
    'bootstrap': bootstrapping.bootstrap,
    'cli': commands.cli,
    'scaling': scaling.scaling,
    'graph': graph.graph,
}
