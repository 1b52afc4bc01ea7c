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

"""What is decided of limits, and said of them, before a process is there."""

from __future__ import annotations

from pathlib import Path
import resource

import pytest

from launch_service_node.allow_list.model import LimitSettings
from launch_service_node.supervisor.kernel.limits import (
    cause_of_end,
    controllers,
    cpu_max,
    enforce,
    size_in_words,
)

MIB = 2 ** 20

ALL = LimitSettings(memory=64 * MIB, open_files=32, processes=20, cpu=50.0, nice=5)

NONE = {'memory': 'no such thing', 'pids': 'no such thing', 'cpu': 'no such thing'}


def test_with_every_controller_the_whole_tree_is_limited_by_its_cgroup() -> None:
    enforcement = enforce(ALL, {}, is_root=True)
    files = dict(enforcement.files)
    assert files['memory.max'] == str(64 * MIB)
    assert files['pids.max'] == '20'
    assert files['cpu.max'] == '50000 100000'
    assert enforcement.rlimits == ((resource.RLIMIT_NOFILE, 32, 32),)
    assert enforcement.more_processes is None
    assert [word for word in enforcement.said if 'not enforced' in word] == []


def test_niceness_also_weighs_the_cgroup_where_cgroups_share_the_processor() -> None:
    for settings in (ALL, LimitSettings(memory=1, nice=5)):
        assert dict(enforce(settings, {}, True).files)['cpu.weight.nice?'] == '5'
    assert enforce(LimitSettings(nice=5), {}, True).files == ()


def test_without_controllers_it_says_what_stands_in_and_why() -> None:
    enforcement = enforce(ALL, NONE, is_root=False)
    assert enforcement.files == ()
    assert (resource.RLIMIT_DATA, 64 * MIB, 64 * MIB) in enforcement.rlimits
    assert enforcement.more_processes == 20
    memory, processes, cpu, files, nice = enforcement.said
    assert 'RLIMIT_DATA' in memory and '64 MiB' in memory and 'no such thing' in memory
    assert 'RLIMIT_NPROC' in processes and 'no such thing' in processes
    assert 'not enforced' in cpu and 'no such thing' in cpu
    assert (files, nice) == ('open files 32 for each process (RLIMIT_NOFILE)', 'nice 5')


def test_root_is_told_that_its_processes_are_not_counted() -> None:
    enforcement = enforce(ALL, NONE, is_root=True)
    assert enforcement.more_processes is None
    assert 'not enforced (root is exempt from RLIMIT_NPROC' in enforcement.said[1]


def test_the_page_says_what_clients_are_told() -> None:
    page = Path(__file__).parents[2].joinpath('docs', 'limits.md').read_text()
    for missing in ({}, dict.fromkeys(NONE, 'WHY')):
        for is_root in (False, True):
            for said in enforce(ALL, missing, is_root).said:
                assert f'`{said}`' in page
    for counters in ({'oom': 1, 'oom_kill': 1}, {'oom_kill': 1}, {'pids_max': 1}):
        assert cause_of_end(9, counters, ALL).removeprefix(': ') in page


def test_each_limit_needs_its_own_controller() -> None:
    enforcement = enforce(ALL, {'cpu': 'x'}, is_root=False)
    assert {name for name, _ in enforcement.files} == {
        'memory.max', 'memory.swap.max?', 'memory.oom.group?', 'pids.max', 'cpu.weight.nice?'}
    assert controllers(ALL) == ('memory', 'pids', 'cpu')
    assert controllers(LimitSettings(open_files=9, nice=1)) == ()


def test_an_entry_without_limits_has_none() -> None:
    assert enforce(LimitSettings(), {}, True) == ((), (), None, ())


@pytest.mark.parametrize(('percent', 'text'), [
    (100.0, '100000 100000'), (250.0, '250000 100000'), (1.0, '1000 100000'),
    (0.5, '5000 1000000'), (0.001, '1000 1000000')])
def test_the_share_of_a_core_becomes_a_quota_that_the_kernel_takes(
        percent: float, text: str) -> None:
    assert cpu_max(percent) == text


@pytest.mark.parametrize(('size', 'words'), [
    (1, '1 B'), (1023, '1023 B'), (1024, '1 KiB'), (64 * MIB, '64 MiB'), (10 ** 9, '953.7 MiB'),
    (3 * 2 ** 29, '1.5 GiB'), (2 ** 50, '1024 TiB')])
def test_sizes_are_said_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words


@pytest.mark.parametrize(('signal', 'counters', 'words'), [
    (9, {}, ''),
    (9, {'oom': 0, 'oom_kill': 0, 'pids_max': 0}, ''),
    (9, {'oom': 1, 'oom_kill': 1}, ': out of memory (limit 64 MiB)'),
    (0, {'oom': 1, 'oom_kill': 1}, '; some of it was killed: out of memory (limit 64 MiB)'),
    (9, {'oom': 0, 'oom_kill': 1},
     ': out of memory (of the host or of a cgroup around it)'),
    (9, {'oom': 4, 'oom_kill': 0}, ''),
    (0, {'pids_max': 3}, '; it met its limit of 20 processes')])
def test_only_what_the_kernel_has_counted_is_named_as_a_cause(
        signal: int, counters: dict[str, int], words: str) -> None:
    assert cause_of_end(signal, counters, ALL) == words
