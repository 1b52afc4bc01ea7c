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
How each limit of an entry is enforced: decisions, no effects.

A control group (cgroup v2) limits a whole tree exactly. Where its controllers can't
be had, what setrlimit(2) offers stands in: less, and differently for each limit. So
what is decided here goes with words on what is in force, which clients are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
import resource
import signal
from typing import NamedTuple

from ...allow_list.model import LimitSettings

#: Microseconds over which a share of the processor is accounted.
_PERIOD = 100_000
_LONG_PERIOD = 1_000_000
#: The least that the kernel takes in each.
_LEAST = 1_000

_UNITS = ((2 ** 40, 'TiB'), (2 ** 30, 'GiB'), (2 ** 20, 'MiB'), (2 ** 10, 'KiB'))


class Enforcement(NamedTuple):
    """
    What is to be done for the limits of one run.

    :ivar files: of its cgroup, with what to write; a name that ends in '?' may be missing.
    :ivar rlimits: (RLIMIT_*, soft, hard).
    :ivar more_processes: processes and threads that its user may have besides those of others;
        None: as many as ever.
    :ivar said: which limits are in force and how, one an item.
    """

    files: tuple[tuple[str, str], ...]
    rlimits: tuple[tuple[int, int, int], ...]
    more_processes: int | None
    said: tuple[str, ...]


def controllers(limits: LimitSettings) -> tuple[str, ...]:
    """Return the cgroup controllers that would enforce the limits; none: it needs no cgroup."""
    wanted = {'memory': limits.memory, 'pids': limits.processes, 'cpu': limits.cpu}
    return tuple(name for name, limit in wanted.items() if limit is not None)


def enforce(limits: LimitSettings, missing: Mapping[str, str], is_root: bool) -> Enforcement:
    """
    Decide.

    :param missing: controllers that can't be had, and why.
    :param is_root: whether it is to run as root.
    """
    files: list[tuple[str, str]] = []
    rlimits: list[tuple[int, int, int]] = []
    said: list[str] = []
    more_processes = None
    if limits.memory is not None:
        size = size_in_words(limits.memory)
        if 'memory' not in missing:
            # All or nothing is killed: half a tree would neither work nor be restarted.
            files += [('memory.max', str(limits.memory)), ('memory.swap.max?', '0'),
                      ('memory.oom.group?', '1')]
            said.append(f'memory {size} for all of it (cgroup)')
        else:
            # Not RLIMIT_AS: middlewares reserve far more address space than they use.
            rlimits.append((resource.RLIMIT_DATA, limits.memory, limits.memory))
            said.append(f'memory {size} of data for each process (RLIMIT_DATA; no cgroup: '
                        f'{missing["memory"]})')
    if limits.processes is not None:
        if 'pids' not in missing:
            files.append(('pids.max', str(limits.processes)))
            said.append(f'processes {limits.processes} for all of it (cgroup)')
        elif is_root:
            said.append(f'processes {limits.processes} is not enforced (root is exempt from '
                        f'RLIMIT_NPROC; no cgroup: {missing["pids"]})')
        else:
            more_processes = limits.processes
            said.append(f'processes {limits.processes} more than its user had at its start '
                        f'(RLIMIT_NPROC; no cgroup: {missing["pids"]})')
    if limits.cpu is not None:
        if 'cpu' not in missing:
            files.append(('cpu.max', cpu_max(limits.cpu)))
            said.append(f'cpu {limits.cpu:g} % for all of it (cgroup)')
        else:
            said.append(f'cpu {limits.cpu:g} % is not enforced (no cgroup: {missing["cpu"]})')
    if limits.open_files is not None:
        rlimits.append((resource.RLIMIT_NOFILE, limits.open_files, limits.open_files))
        said.append(f'open files {limits.open_files} for each process (RLIMIT_NOFILE)')
    if limits.nice is not None:
        if files:
            # Niceness counts within a cgroup; between them it is their weight that does.
            files.append(('cpu.weight.nice?', str(limits.nice)))
        said.append(f'nice {limits.nice}')
    return Enforcement(tuple(files), tuple(rlimits), more_processes, tuple(said))


def cpu_max(percent: float) -> str:
    """Return what cpu.max takes for a share of one core."""
    period = _PERIOD if percent >= 100.0 * _LEAST / _PERIOD else _LONG_PERIOD
    return f'{max(_LEAST, round(period * percent / 100.0))} {period}'


def size_in_words(size: int) -> str:
    """Return a number of bytes as '64 MiB', exactly where that is short."""
    for unit, name in _UNITS:
        if size >= unit:
            return f'{size / unit:.1f}'.removesuffix('.0') + f' {name}'
    return f'{size} B'


def cause_of_end(term_signal: int, counters: Mapping[str, int], limits: LimitSettings) -> str:
    """
    Return what the counters of its cgroup add to how a run has ended; '': nothing.

    :param term_signal: that ended its leader; 0: none, or it is not known.
    :param counters: `oom`, `oom_kill` and `pids_max`, as far as they are there.
    """
    found = []
    if counters.get('oom_kill', 0):
        what = ': ' if term_signal == signal.SIGKILL else '; some of it was killed: '
        own = counters.get('oom', 0) and limits.memory is not None
        found.append(f'{what}out of memory (' + (
            f'limit {size_in_words(limits.memory or 0)})' if own else
            'of the host or of a cgroup around it)'))
    if counters.get('pids_max', 0):
        found.append(f'; it met its limit of {limits.processes} processes')
    return ''.join(found)


def read_counters(events: str, names: Collection[str]) -> dict[str, int]:
    """Return some of the counters in a file such as memory.events."""
    pairs = (line.split() for line in events.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in names}
