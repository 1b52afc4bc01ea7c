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

"""What the main thread of the node waits for, besides signals."""

from __future__ import annotations

from typing import NamedTuple

from ..inbox import Inbox, Signal
from ..protocol import Message


class End(NamedTuple):
    """There is nothing left to serve; the error is the reason, if there is one."""

    error: BaseException | None


class Answer(NamedTuple):
    """The supervisor answered."""

    message: Message


News = Signal | End | Answer
NodeInbox = Inbox[End | Answer]
