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
The machine's side of bringing an instance up: an order in, lines out, whoever listens.

Nothing happens before the whole order is there; from then on it doesn't matter whether
anybody still listens.
"""

from __future__ import annotations

from collections.abc import Callable
import json
import os
import sys
from typing import Any

from ..errors import LaunchServiceError
from .acting import bring_up
from .order import Order, unpack

FAILED, NO_ORDER = 1, 2

_LONGEST = 64 << 20


def main(argv: list[str] | None = None) -> int:
    """Carry out the order on stdin; argv: the word that our lines begin with."""
    word = (sys.argv[1:] if argv is None else argv)[0]
    order = read_order(0)
    if order is None:
        return NO_ORDER

    def say(**told: Any) -> None:
        try:
            os.write(1, f'{word}{json.dumps(told)}\n'.encode())
        except OSError:
            pass  # nobody listens any more

    return carry_out(order, say)


def carry_out(order: Order, say: Callable[..., object]) -> int:
    """Carry out an order, say what came of it, and return the exit code."""
    try:
        result = bring_up(order, lambda step: say(step=step))
    except LaunchServiceError as error:
        say(error=error.message, code=int(error.code),
            differences=error.facts.get('differences', []))
        return FAILED
    say(result=result)
    return 0


def read_order(fd: int) -> Order | None:
    """Return the order that comes, or None when it doesn't come as a whole."""
    with open(fd, 'rb', closefd=False) as file:
        try:
            size = int(file.readline(20))
        except ValueError:
            return None
        if not 0 < size <= _LONGEST:
            return None
        data = file.read(size)
    try:
        return unpack(data) if len(data) == size else None
    except (ValueError, TypeError, KeyError):
        return None


if __name__ == '__main__':
    sys.exit(main())
