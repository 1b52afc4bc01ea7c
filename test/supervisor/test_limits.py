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

"""Limits: how each is decided on, and what becomes of programs that go beyond."""

from __future__ import annotations

import os
from pathlib import Path
import resource
import textwrap
from typing import Any

import harness
from harness import Lab, wait_until
import pytest

from launch_service_node.allow_list.model import LimitSettings
from launch_service_node.errors import ResultCode
from launch_service_node.supervisor.kernel.delegation import find_place
from launch_service_node.supervisor.kernel.limits import (
    cause_of_end,
    controllers,
    cpu_max,
    enforce,
    size_in_words,
)
from launch_service_node.supervisor.states import State

MIB = 2 ** 20

ALL = LimitSettings(memory=64 * MIB, open_files=32, processes=20, cpu=50.0, nice=5)

NONE = {'memory': 'no such thing', 'pids': 'no such thing', 'cpu': 'no such thing'}

QUICK = {'sigterm_timeout': 0, 'sigkill_timeout': 0}


# -- decisions --------------------------------------------------------------------------

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


# -- programs ---------------------------------------------------------------------------

def available(controller: str) -> bool:
    """Say whether this host gives a test that controller of cgroup v2."""
    folder = find_place().folder
    return bool(folder) and controller in Path(folder, 'cgroup.controllers').read_text().split()


def needs(controller: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not available(controller), reason=(
        f'this host offers no {controller} controller in a cgroup v2 that was delegated'))


def lacks(controller: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(available(controller), reason=(
        f'the {controller} controller is there, so nothing has to stand in for it'))


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='takes root')

HOG = """
    import os
    kept = []
    for _ in range(256):
        kept.append(b'x' * 1048576)
    print('enough', flush=True)
    """

#: Prints how many of 60 children it gets.
BOMB = """
    import os, time
    got = 0
    for _ in range(60):
        try:
            if os.fork() == 0:
                time.sleep(1000)
        except BlockingIOError:
            break
        got += 1
    print(got, flush=True)
    time.sleep(1000)
    """


def written(lab: Lab, process_id: int = 1) -> str:
    return (lab.instance_dir() / 'output' / str(process_id)).read_text()


def entry(lab: Lab, body: str, **more: Any) -> dict[str, Any]:
    return {'id': 'it', 'cmd': [lab.script('it', body)], 'stop': QUICK, **more}


@needs('memory')
def test_a_memory_hog_is_killed_and_its_end_says_why(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, HOG, limits={'memory': '64 MiB'}))
    assert running.start('it')['limits'] == ['memory 64 MiB for all of it (cgroup)']
    process = running.wait_state('it', State.FAILED)
    assert process['err_msg'] == 'was ended by SIGKILL: out of memory (limit 64 MiB)'
    assert 'enough' not in written(lab)


@needs('memory')
def test_a_hog_takes_its_whole_tree_along(lab: Lab) -> None:
    running = lab.supervisor(entry(
        lab, 'import os, time\nif os.fork():\n    time.sleep(1000)\n' + textwrap.dedent(HOG),
        limits={'memory': '64 MiB'}))
    running.start('it')
    process = running.wait_state('it', State.FAILED)
    assert process['err_msg'] == 'was ended by SIGKILL: out of memory (limit 64 MiB)'


@needs('memory')
def test_a_hog_is_started_again_by_its_restart_policy(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, HOG, limits={'memory': '64 MiB'}, restart={
        'policy': 'on-failure', 'delay': 0.01, 'limit': 1}))
    running.start('it')
    process = running.wait_state('it', State.FAILED)
    assert process['restart_count'] == 1
    assert process['err_msg'].startswith('was ended by SIGKILL: out of memory (limit 64 MiB); ')


@needs('memory')
def test_a_sigkill_of_another_kind_is_not_blamed_on_memory(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'import time\ntime.sleep(1000)',
                                   limits={'memory': '256 MiB'}))
    running.start('it')
    running.call('signal', name='it', signal='SIGKILL')
    assert running.wait_state('it', State.FAILED)['err_msg'] == 'was ended by SIGKILL'


@lacks('memory')
def test_without_a_cgroup_a_hog_gets_no_more_memory_and_no_cause_is_made_up(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, HOG, limits={'memory': '64 MiB'}))
    assert 'RLIMIT_DATA' in running.start('it')['limits'][0]
    process = running.wait_state('it', State.FAILED)
    assert process['err_msg'] == 'exited with code 1'
    assert 'MemoryError' in written(lab) and 'enough' not in written(lab)


@needs('pids')
def test_a_fork_bomb_is_bounded_by_its_cgroup(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, BOMB, limits={'processes': 20}))
    assert running.start('it')['limits'] == ['processes 20 for all of it (cgroup)']
    wait_until(lambda: written(lab).endswith('\n'))
    assert written(lab) == '19\n'  # and itself
    running.call('signal', name='it', signal='SIGKILL')
    process = running.wait_state('it', State.FAILED)
    assert process['err_msg'] == 'was ended by SIGKILL; it met its limit of 20 processes'


@lacks('pids')
@needs_root
def test_without_a_cgroup_a_fork_bomb_of_a_user_is_bounded(lab: Lab) -> None:
    # A shell, because the folder of a test is closed to others, and Python may be too.
    bomb = ("trap 'echo; echo got $#' EXIT; "
            'while [ $# -lt 60 ]; do sleep 1000 & set -- "$@" x; done')
    running = lab.supervisor({'id': 'it', 'cmd': ['/bin/sh', '-c', bomb], 'stop': QUICK,
                              'user': 'nobody', 'limits': {'processes': 20}})
    assert 'RLIMIT_NPROC' in running.start('it')['limits'][0]
    running.wait_state('it', State.FAILED)
    # Others of that user may have ended meanwhile, which leaves room for as many more.
    assert 19 <= int(written(lab).split('got ')[-1]) < 60


@lacks('pids')
@needs_root
def test_root_is_told_that_its_fork_bombs_are_not_bounded(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, BOMB, limits={'processes': 20}))
    assert 'not enforced' in running.start('it')['limits'][0]
    wait_until(lambda: written(lab).endswith('\n'))
    assert written(lab) == '60\n'


BURNER = """
    import time
    begun, used = time.monotonic(), time.process_time()
    while time.monotonic() - begun < 1.0:
        pass
    print((time.process_time() - used) / (time.monotonic() - begun), flush=True)
    time.sleep(1000)
    """


@needs('cpu')
def test_a_burner_gets_its_share_of_a_core(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, BURNER, limits={'cpu': '20 %'}))
    assert running.start('it')['limits'] == ['cpu 20 % for all of it (cgroup)']
    wait_until(lambda: written(lab).endswith('\n'))
    assert float(written(lab)) < 0.5  # never more, however busy the host is


@lacks('cpu')
def test_without_a_cgroup_a_share_is_said_not_to_be_enforced(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'import time\ntime.sleep(1000)', limits={'cpu': '20 %'}))
    assert 'cpu 20 % is not enforced (no cgroup: ' in running.start('it')['limits'][0]


def test_open_files_are_bounded_and_the_program_sees_it(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, """
        import os
        last = 0
        try:
            while True:
                last = os.open('/dev/null', os.O_RDONLY)
        except OSError as error:
            print(last, error.strerror, flush=True)
        """, limits={'open_files': 32}))
    running.start('it')
    assert running.wait_state('it', State.STOPPED)['limits'] == [
        'open files 32 for each process (RLIMIT_NOFILE)']
    assert written(lab) == '31 Too many open files\n'


def test_niceness_is_that_of_the_entry_whatever_the_supervisors_is(lab: Lab) -> None:
    os_pid = lab.supervisor(
        entry(lab, 'import time\ntime.sleep(1000)', limits={'nice': 7})).start('it')['os_pid']
    assert os.getpriority(os.PRIO_PROCESS, os_pid) == 7
    autogroup = f'/proc/{os_pid}/autogroup'
    if os.path.exists(autogroup):
        assert Path(autogroup).read_text().split()[1:] == ['nice', '7']


def test_limits_are_still_told_by_the_next_supervisor(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'import time\ntime.sleep(1000)',
                                   limits={'memory': '256 MiB', 'nice': 1}))
    before = running.start('it')['limits']
    running.kill()
    assert len(before) == 2
    assert lab.supervisor().process('it')['limits'] == before


# -- limits that can't be ---------------------------------------------------------------

@pytest.fixture
def unprivileged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have supervisors run without the right to take more than they have."""
    if os.geteuid() != 0:
        return
    command = harness.supervisor_command
    gone = '-sys_nice,-sys_resource'
    monkeypatch.setattr(harness, 'supervisor_command', lambda *args, **more: [
        '/usr/bin/setpriv', '--bounding-set', gone, '--inh-caps', gone, *command(*args, **more)])


@pytest.mark.usefixtures('unprivileged')
def test_a_niceness_below_its_own_takes_root_and_is_refused_in_one_line(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'print("ran")', limits={'nice': -5}))
    answer = running.ask('start', cmd='it')
    assert answer['code'] == ResultCode.START_FAILED
    assert 'cannot set nice -5 (less than before takes an instance of root): ' in answer['message']
    assert running.process('it')['process_status'] == State.FAILED
    assert written(lab) == ''


@pytest.mark.usefixtures('unprivileged')
def test_more_open_files_than_the_hard_limit_are_refused_in_one_line(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'print("ran")', limits={'open_files': 2 ** 20}))
    hard = int(wait_until(lambda: open_files_of(running.popen.pid)))
    if hard >= 2 ** 20:
        resource.prlimit(running.popen.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        hard = 4096
    answer = running.ask('start', cmd='it')
    assert answer['code'] == ResultCode.START_FAILED
    assert f'cannot limit open files to 1048576 (the hard limit is {hard}): ' in answer['message']
    assert written(lab) == ''


def open_files_of(pid: int) -> str:
    line = next(line for line in Path(f'/proc/{pid}/limits').read_text().splitlines()
                if line.startswith('Max open files'))
    return line.split()[4]


@lacks('memory')
def test_a_memory_limit_that_no_program_fits_in_is_a_failure_and_not_a_defect(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'print("ran")', limits={'memory': 4096}))
    running.ask('start', cmd='it')
    process = running.wait_state('it', State.FAILED)
    assert process['err_msg']
    assert 'ran' not in written(lab)
    assert 'Traceback' not in lab.log()


# -- what it leaves behind --------------------------------------------------------------

def test_the_supervisor_itself_is_not_limited_by_what_its_children_are(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'import time\ntime.sleep(1000)', limits={
        'memory': '256 MiB', 'open_files': 32, 'processes': 50, 'nice': 3}))
    running.start('it')
    assert int(open_files_of(running.popen.pid)) > 32
    assert os.getpriority(os.PRIO_PROCESS, running.popen.pid) == os.getpriority(
        os.PRIO_PROCESS, 0)
