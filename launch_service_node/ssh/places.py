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
Words of a command that are known only on the machine: what stands for them till then.

A place in a command's argv is a word that `stand_in` made, alone or within a longer
one, and the command's `places` say what it stands for. The machine puts the path there
after the set-up scripts, before it starts the command: no further login, no process in
between.
"""

from __future__ import annotations

import re
from typing import Any, Protocol
import uuid

_MARK = re.compile(r'<[0-9a-f]{32}>')


class Place(Protocol):
    """What `lookup.py` and `files.py` have."""

    def order(self) -> dict[str, Any]:
        """Return it as the machine is told of it."""

    def __str__(self) -> str:
        """Return what people call it."""


def stand_in(place: Place) -> str:
    """Return a word for a place, like no other word; it ends as what people call the place."""
    return f'<{uuid.uuid4().hex}>{place}'


def readable(text: str) -> str:
    """Return a word of a command as people should see it."""
    return _MARK.sub('', text)
