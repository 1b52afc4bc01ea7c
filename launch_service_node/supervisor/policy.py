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

"""Whether a process that has ended is started again, and when: decisions, no effects."""

from __future__ import annotations

from typing import NamedTuple

from ..allow_list.model import RestartSettings

#: Why there is no restart that was due.
DRAINS = 'not restarted: the instance drains or shuts down'

#: A delay is drawn evenly from this share around its nominal value, so that
#: processes that fell together do not come back together.
JITTER = 0.1


class History(NamedTuple):
    """
    What a decision needs to know of the automatic restarts so far.

    :ivar restarts: when they happened, monotonic seconds, oldest first.
    :ivar in_a_row: how many since the last run that was stable.
    """

    restarts: tuple[float, ...] = ()
    in_a_row: int = 0


class Decision(NamedTuple):
    """
    What is to be done.

    :ivar delay: seconds until the restart; None: no restart.
    :ivar failed: without a restart: whether the process counts as failed.
    :ivar reason: one line, empty when there is nothing to say.
    :ivar history: for the next decision.
    """

    delay: float | None
    failed: bool
    reason: str
    history: History


def decide(settings: RestartSettings, success: bool, uptime: float, history: History,
           now: float, random: float, allowed: bool = True) -> Decision:
    """
    Decide after an end that nobody asked for.

    :param success: whether it ended well; an end that is not known is none.
    :param uptime: seconds that the run was ready.
    :param now: monotonic seconds.
    :param random: a number drawn evenly from [0, 1), for the jitter.
    :param allowed: whether the instance restarts anything at present.
    """
    wanted = settings.policy == 'always' or (settings.policy == 'on-failure' and not success)
    if not wanted:
        return Decision(None, not success, '', history)
    in_a_row = 0 if uptime >= settings.stable_after else history.in_a_row
    recent = tuple(at for at in history.restarts if now - at < settings.window)
    if in_a_row == 0:
        recent = ()
    if settings.limit and len(recent) >= settings.limit:
        return Decision(
            None, True,
            f'restarted {len(recent)} times in {settings.window:g} s: given up; '
            'mend the cause, then restart it', History(recent, in_a_row))
    if not allowed:
        return Decision(None, True, DRAINS, History(recent, in_a_row))
    nominal = min(settings.max_delay, settings.delay * 2.0 ** min(in_a_row, 60))
    delay = min(settings.max_delay, nominal * (1.0 - JITTER + 2.0 * JITTER * random))
    return Decision(delay, False, '', History(recent + (now,), in_a_row + 1))
