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

"""Limits that can't be: refused in one line, or a failure of the process."""

from __future__ import annotations

import os
import resource

import harness
from harness import Lab
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.supervisor.states import State

from .limited import entry, lacks, open_files_of, written


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
    hard = int(open_files_of(running.popen.pid))
    if hard >= 2 ** 20:
        resource.prlimit(running.popen.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        hard = 4096
    answer = running.ask('start', cmd='it')
    assert answer['code'] == ResultCode.START_FAILED
    assert f'cannot limit open files to 1048576 (the hard limit is {hard}): ' in answer['message']
    assert written(lab) == ''


@lacks('memory')
def test_a_memory_limit_that_no_program_fits_in_is_a_failure_and_not_a_defect(lab: Lab) -> None:
    running = lab.supervisor(entry(lab, 'print("ran")', limits={'memory': 4096}))
    running.ask('start', cmd='it')
    process = running.wait_state('it', State.FAILED)
    assert process['err_msg']
    assert 'ran' not in written(lab)
    assert 'Traceback' not in lab.log()
