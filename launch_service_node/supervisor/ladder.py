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

"""The stop ladder: which signal when; a decision, no effects."""

from __future__ import annotations

import signal
from typing import NamedTuple

from ..allow_list.model import StopSettings

#: Seconds from SIGKILL to giving up: the kernel may hold a process in an
#: uninterruptible wait (a dead network disk, a driver), and an answer is due.
LAST_WAIT = 5.0


class Rung(NamedTuple):
    """A signal, and the seconds to wait for its effect before the next rung."""

    signal: int
    wait: float


def rungs(sigterm_timeout: float, sigkill_timeout: float) -> tuple[Rung, ...]:
    """
    Return the ladder; a timeout of 0 leaves out the signal that it would wait for.

    :param sigterm_timeout: seconds from SIGINT to SIGTERM.
    :param sigkill_timeout: seconds from SIGTERM to SIGKILL.
    """
    ladder = []
    if sigterm_timeout > 0:
        ladder.append(Rung(signal.SIGINT, sigterm_timeout))
    if sigkill_timeout > 0:
        ladder.append(Rung(signal.SIGTERM, sigkill_timeout))
    ladder.append(Rung(signal.SIGKILL, LAST_WAIT))
    return tuple(ladder)


def of(settings: StopSettings, sigterm_timeout: float | None = None,
       sigkill_timeout: float | None = None) -> tuple[Rung, ...]:
    """Return the ladder of an entry; a timeout that is given stands in for the entry's."""
    return rungs(settings.sigterm_timeout if sigterm_timeout is None else sigterm_timeout,
                 settings.sigkill_timeout if sigkill_timeout is None else sigkill_timeout)


def longest(sigterm_timeout: float, sigkill_timeout: float) -> float:
    """Return the seconds after which a stop has its answer."""
    return sum(rung.wait for rung in rungs(sigterm_timeout, sigkill_timeout))
