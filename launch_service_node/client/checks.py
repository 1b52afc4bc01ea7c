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

"""Says no to values that a message cannot carry, before rclpy does so with an assertion."""

from __future__ import annotations

from ..errors import InvalidRequest


def number(name: str, value: int, bits: int, *, signed: bool = False) -> int:
    """
    Return an integer that a field of so many bits can hold.

    :raises InvalidRequest: when it cannot.
    """
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= value <= high:
        raise InvalidRequest(f'{name} is {value}; it may be {low} to {high}')
    return value


def text(name: str, value: str) -> str:
    """
    Return a string that a message can carry.

    :raises InvalidRequest: when it holds a NUL, or bytes that are no UTF-8.
    """
    if '\0' in value:
        raise InvalidRequest(f'{name} holds a NUL character; a message cannot carry one')
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f'{name} is not UTF-8 text: {value!a}') from None
    return value


def seconds(value: float | None) -> float:
    """Return the field for an optional number of seconds: negative for None."""
    return -1.0 if value is None else float(value)
