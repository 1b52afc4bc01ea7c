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
The long soak: random requests, signals and faults, with what must hold checked all the time.

    python3 bench/soak --minutes 15
    python3 bench/soak --operations 10000 --seed 7

The seed is printed and decides which operations are done in which order; what the
scheduler makes of them is not its to decide, so a finding may need some tries. The end
says what was done and what was found; the exit code is 1 when something was.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
import random
import sys
import tempfile
import time

_REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_REPOSITORY / 'test'), str(_REPOSITORY / 'bench')]

from faults.injection import small_disk  # noqa: E402
from harness import Lab, wait_until  # noqa: E402
import pytest  # noqa: E402

from launch_service_node.errors import LaunchServiceError  # noqa: E402
from soak import clients, disasters  # noqa: E402
from soak.instance import Instance  # noqa: E402

#: Operations between two checks of everything at rest.
ROUND = 150

#: Bytes of the disk that the state lies on, where one can be mounted.
DISK = 256 * 2 ** 20

#: How often each is done, in comparison to the others.
KINDS: dict[disasters.Operation, float] = {
    clients.start: 40, clients.stop: 20, clients.restart: 8, clients.send: 8,
    clients.strike: 8, clients.look: 6, clients.again: 4, clients.leave: 3,
    clients.reload: 1, clients.notify: 0.5,
    disasters.fall: 2, disasters.node_fall: 1, disasters.pause: 0.5, disasters.end: 0.3,
    disasters.keep: 0.3, disasters.short_of_descriptors: 1,
}


def go(instance: Instance, kinds: dict[disasters.Operation, float],
       until: Callable[[int], bool]) -> None:
    """Do operations until it is time to end."""
    number = 0
    while not until(number):
        number += 1
        kind = instance.random.choices(list(kinds), list(kinds.values()))[0]
        instance.done[kind.__name__] += 1
        instance.latest.append(kind.__name__)
        try:
            kind(instance)
            if number % ROUND == 0:
                instance.rest()
        except (AssertionError, LaunchServiceError, OSError) as error:
            instance.find(f'{kind.__name__}: {type(error).__name__}: {error}')
            instance.mend()
    instance.rest()


def main() -> int:
    """Run a soak, and say what came of it."""
    parser = argparse.ArgumentParser(prog='soak', description=(__doc__ or '').splitlines()[1])
    parser.add_argument('--minutes', type=float, default=15.0)
    parser.add_argument('--operations', type=int, help='instead of a time')
    parser.add_argument('--seed', type=int, default=random.SystemRandom().getrandbits(32))
    options = parser.parse_args()
    print(f'seed {options.seed}', flush=True)
    began = time.monotonic()

    def until(number: int) -> bool:
        if options.operations is not None:
            return number >= options.operations
        return time.monotonic() - began > 60.0 * options.minutes
    kinds = dict(KINDS)
    with ExitStack() as stack:
        lab = Lab(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        try:
            stack.enter_context(small_disk(lab.home, DISK))
            kinds[disasters.full_disk] = 0.5
        except pytest.skip.Exception as why:
            print(f'the disk is never full in this one: {why}')
        try:
            instance = Instance(lab, options.seed)
            go(instance, kinds, until)
            instance.call('shutdown')
            wait_until(instance.supervisor.gone)
            instance.let_go()
        finally:
            left = lab.close()
    if left:
        instance.find(f'left over at the end: {left}')
    print(f'{sum(instance.done.values())} operations in {time.monotonic() - began:.0f} s: '
          f'{dict(instance.done)}; {instance.largest_id} processes; '
          f'{instance.last_number} events; answers {dict(instance.codes)}; back after a fall in '
          f'{instance.slowest:.2f} s at most, a node in {instance.slowest_node:.2f} s')
    print(f'{len(instance.findings)} findings with seed {options.seed}')
    return 1 if instance.findings else 0


if __name__ == '__main__':
    sys.exit(main())
