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

"""The states of a process, and how one may follow another; docs/states.md draws it."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """The constants of msg/ProcessStatus.msg, which documents each."""

    STOPPED = 0
    RUNNING = 1
    SUSPENDED = 2
    STARTING = 3
    STOPPING = 4
    BACKOFF = 5
    FAILED = 6
    UNKNOWN = 7


#: There is, or may be, an operating system process.
ALIVE = frozenset({State.STARTING, State.RUNNING, State.SUSPENDED, State.STOPPING})

#: Nothing runs and nothing will, until somebody asks.
ENDED = frozenset({State.STOPPED, State.FAILED, State.UNKNOWN})

_AN_END = frozenset({State.STOPPED, State.BACKOFF, State.FAILED, State.UNKNOWN})

FOLLOWERS: dict[State, frozenset[State]] = {
    State.STARTING: frozenset({State.RUNNING, State.SUSPENDED, State.STOPPING}) | _AN_END,
    State.RUNNING: frozenset({State.SUSPENDED, State.STOPPING}) | _AN_END,
    State.SUSPENDED: frozenset({State.RUNNING, State.STARTING, State.STOPPING}) | _AN_END,
    State.STOPPING: frozenset({State.STARTING}) | _AN_END,
    State.BACKOFF: frozenset({State.STARTING, State.STOPPED, State.FAILED}),
    State.STOPPED: frozenset({State.STARTING, State.BACKOFF, State.FAILED}),
    State.FAILED: frozenset({State.STARTING, State.BACKOFF, State.FAILED}),
    State.UNKNOWN: frozenset({State.STARTING, State.BACKOFF, State.FAILED}),
}


def may_follow(before: State, after: State) -> bool:
    """Say whether a process may go from one state to the other; staying is always allowed."""
    return before == after or after in FOLLOWERS[before]
