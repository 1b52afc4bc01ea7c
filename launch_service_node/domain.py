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

"""Which ROS domains there are."""

from __future__ import annotations

#: The highest that Fast DDS has ports for. For a higher one it ends the process that asks.
HIGHEST_OF_FAST_DDS = 232


def domain_id(text: str) -> int | None:
    """
    Return the domain that a ROS_DOMAIN_ID of before means; None: it is no number.

    :param text: empty where the variable was not set. That is 0, as for the middleware, which
        looks at what is set by now when it is told none.
    """
    if not text:
        return 0
    return int(text) if text.isdecimal() else None


def wrong_domain(number: int, middleware: str) -> str:
    """
    Return one line on a domain that would end this process, or nothing.

    :param number: of the domain.
    :param middleware: the identifier of the RMW implementation.
    """
    if number <= HIGHEST_OF_FAST_DDS or 'fastrtps' not in middleware:
        return ''
    return f'there is no ROS domain {number}, only 0 to {HIGHEST_OF_FAST_DDS}'
