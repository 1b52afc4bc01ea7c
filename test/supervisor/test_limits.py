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

"""Limits: what becomes of programs that go beyond."""

from __future__ import annotations

import os
from pathlib import Path
import textwrap

from harness import Lab, wait_until

from launch_service_node.supervisor.states import State

from .limited import entry, lacks, needs, needs_root, open_files_of, QUICK, written

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


def test_the_supervisor_itself_is_not_limited_by_what_its_children_are(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'import time\ntime.sleep(1000)', limits={
        'memory': '256 MiB', 'open_files': 32, 'processes': 50, 'nice': 3}))
    running.start('it')
    assert int(open_files_of(running.popen.pid)) > 32
    assert os.getpriority(os.PRIO_PROCESS, running.popen.pid) == os.getpriority(
        os.PRIO_PROCESS, 0)
