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

"""How long a client waits when nobody says, and at most."""

from __future__ import annotations

#: Seconds for an instance to be found on the graph: Fast DDS announces itself every 3 s, and on
#: a busy machine or a robot's radio one of these may well be missed.
FIND = 10.0
CONNECT = 5.0  # seconds for the supervisor of an instance on this host to take a connection
ANSWER = 10.0  # seconds for an answer that waits for no process
PROCESS_ANSWER = 60.0  # seconds for an answer that waits until processes stop or get ready
MARGIN = 10.0  # seconds that an answer may take on top of what the request asks to wait

LONGEST = 2_147_483.0  # seconds: poll(2) takes an int of milliseconds, which is 24 days


def answer_within(timeout: float | None, *, waits_for_process: bool = False,
                  ladder: tuple[float | None, float | None] = (None, None)) -> float:
    """
    Return the seconds to wait for an answer.

    :param timeout: what the caller said; it wins.
    :param waits_for_process: whether the answer waits for what a process does.
    :param ladder: the two times of a stop, as far as the request sets them.
    """
    if timeout is not None:
        return timeout
    if not waits_for_process:
        return ANSWER
    return max(PROCESS_ANSWER, sum(max(0.0, seconds or 0.0) for seconds in ladder) + MARGIN)
