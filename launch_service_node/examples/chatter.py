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

"""A program that prints numbered lines without end, as fast as they are taken."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
import sys
import time

BATCH = 500  # lines


def main(args: Sequence[str] | None = None) -> int:
    """Print until told to end, or until nobody reads it."""
    parser = argparse.ArgumentParser(prog='chatter', description=__doc__)
    parser.add_argument('--lines', type=int, default=0, help='end after so many')
    parser.add_argument('--rate', type=float, default=0.0, metavar='LINES',
                        help='how many a second (default: as many as possible)')
    own = parser.parse_args(args)
    size = 1 if own.rate > 0 else BATCH
    first = 1
    try:
        while own.lines <= 0 or first <= own.lines:
            last = first + size if own.lines <= 0 else min(first + size, own.lines + 1)
            _print(first, last)
            first = last
            if own.rate > 0:
                time.sleep(1.0 / own.rate)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    return 0


def _print(first: int, last: int) -> None:
    text = ''.join(f'line {number} of very many, which say nothing that matters\n'
                   for number in range(first, last)).encode()
    while text:  # a pipe may take a part
        text = text[os.write(1, text):]


if __name__ == '__main__':
    sys.exit(main())
