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


"""What a protection is that can be taken out for a test; see protections.py."""

from __future__ import annotations

from typing import NamedTuple

POINTS = {
    1: "the node's death", 2: "the supervisor's death", 3: 'no stranger', 4: 'the whole tree',
    5: 'exact exit status', 6: 'at most once', 7: 'the journal', 8: 'restart policy',
    9: 'ready', 10: 'output', 11: 'limits', 12: 'exhaustion', 13: 'the heartbeat',
    14: 'events', 15: 'the allow-list', 16: 'shutdown', 17: 'bootstrapping',
}


class Protection(NamedTuple):
    """
    A row.

    :ivar point: of the list of what is promised; see POINTS.
    :ivar what: what is taken out.
    :ivar file: below the package.
    :ivar text: the protection; stands there exactly once.
    :ivar becomes: what is there instead.
    :ivar test: path below test/, and name, with or without its parameters.
    """

    point: int
    what: str
    file: str
    text: str
    becomes: str
    test: str
