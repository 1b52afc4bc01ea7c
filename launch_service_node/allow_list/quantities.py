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

"""Quantities as people write them: '500 ms', '512 MiB', '5 in 60 s'. Pure."""

from __future__ import annotations

import re

SECONDS = {'': 1.0, 'ms': 0.001, 's': 1.0, 'min': 60.0, 'h': 3600.0, 'd': 86400.0}
BYTES = {
    '': 1, 'B': 1,
    'kB': 10 ** 3, 'MB': 10 ** 6, 'GB': 10 ** 9, 'TB': 10 ** 12,
    'KiB': 2 ** 10, 'MiB': 2 ** 20, 'GiB': 2 ** 30, 'TiB': 2 ** 40,
}
MAX_SECONDS = 366 * 86400.0
MAX_BYTES = 2 ** 60
MAX_COUNT = 1_000_000
UNLIMITED = 'unlimited'

_QUANTITY = re.compile(r'([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([A-Za-z%]*)', re.ASCII)
_LIMIT = re.compile(r'([0-9]{1,9})(?:\s+in\s+(.+))?', re.ASCII)


def _split(text: str) -> tuple[float, str] | None:
    match = _QUANTITY.fullmatch(text.strip())
    return (float(match[1]), match[2]) if match else None


def duration(text: str) -> float:
    """
    Return seconds; a number without a unit is in seconds.

    :raises ValueError: when it is none, or longer than MAX_SECONDS.
    """
    parts = _split(text)
    if parts is None or parts[1] not in SECONDS:
        raise ValueError(
            f"{text!r} is no duration: a number and ms, s, min, h or d, such as '500 ms'")
    seconds = parts[0] * SECONDS[parts[1]]
    if seconds > MAX_SECONDS:
        raise ValueError(f'{text!r} is more than a year')
    return seconds


def size(text: str) -> int:
    """
    Return bytes; a number without a unit is in bytes. 1 kB is 1000 bytes, 1 KiB is 1024.

    :raises ValueError: when it is none, or more than MAX_BYTES.
    """
    parts = _split(text)
    if parts is None or parts[1] not in BYTES:
        raise ValueError(
            f'{text!r} is no size: a number and B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, '
            "such as '512 MiB'")
    number = parts[0] * BYTES[parts[1]]
    if number > MAX_BYTES:
        raise ValueError(f'{text!r} is more than any machine has')
    return int(number)


def percent(text: str) -> float:
    """
    Return percent; the sign may be left out.

    :raises ValueError: when it is none.
    """
    parts = _split(text)
    if parts is None or parts[1] not in ('', '%'):
        raise ValueError(f"{text!r} is no percentage: a number, such as '150 %'")
    return parts[0]


def limit(text: str, window: float) -> tuple[int, float]:
    """
    Return a count and the seconds in which it may be reached: '5 in 60 s', '5', 'unlimited'.

    :param window: seconds when the text names none.
    :raises ValueError: when it is none; a count of 0 is not taken, unlimited returns it.
    """
    if text.strip() == UNLIMITED:
        return 0, window
    match = _LIMIT.fullmatch(text.strip())
    if match is None or not 0 < int(match[1]) <= MAX_COUNT:
        raise ValueError(
            f"{text!r} is no limit: a count and a time, such as '5 in 60 s', or 'unlimited'")
    seconds = duration(match[2]) if match[2] else window
    if seconds <= 0:
        raise ValueError(f'{text!r} is no limit: its time has to be longer than 0 s')
    return int(match[1]), seconds


def whole(text: str, low: int, high: int) -> int:
    """
    Return a whole number from low to high.

    :raises ValueError: when it is none.
    """
    if re.fullmatch(r'[+-]?[0-9]{1,18}', text.strip(), re.ASCII):
        number = int(text)
        if low <= number <= high:
            return number
    raise ValueError(f'{text!r} is no whole number from {low} to {high}')
