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

"""Controllers for processes: who has to step aside for them, and comes back."""

from __future__ import annotations

import errno
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

import harness
from harness import Lab, PATIENCE
import pytest

from launch_service_node.supervisor.kernel import cgroups

from .place import Base, has_controllers, instance_id, LIMITS, members, offer_controllers, SLEEPER


def test_with_controllers_the_supervisor_steps_aside_and_comes_back(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    running = lab.supervisor(SLEEPER)
    assert running.start('sleeper')['limits'] == ['memory 1 GiB for all of it (cgroup)']
    own = f'launch_service.{instance_id(lab)}.supervisor'
    assert members(base, own) == [running.popen.pid]
    assert (base.folder / 'cgroup.procs').read_text() == ''
    running.shut_down()
    assert base.names() == []
    assert (base.folder / 'cgroup.subtree_control').read_text().split() == []


def test_where_systemd_has_made_room_the_supervisor_stays_and_can_be_started_again(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    (base.folder / 'supervisor').mkdir()  # as DelegateSubgroup=supervisor does
    running = lab.supervisor(SLEEPER)
    for _ in range(2):
        assert running.start('sleeper')['limits'] == ['memory 1 GiB for all of it (cgroup)']
        assert members(base, 'supervisor') == [running.popen.pid]
        running.kill()
        running = lab.supervisor()
    running.shut_down()
    assert base.names() == ['supervisor']


def test_others_in_the_same_cgroup_are_not_moved_and_named_as_the_reason(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    other = os.posix_spawn('/bin/sleep', ['sleep', '1000'], os.environ)
    try:
        (base.folder / 'cgroup.procs').write_text(str(other))
        limits = lab.supervisor(SLEEPER).start('sleeper')['limits']
        assert f'other processes (pid {other}) run in {base.folder}' in limits[0]
        assert 'RLIMIT_DATA' in limits[0]
        assert (base.folder / 'cgroup.procs').read_text().split() == [str(other)]
    finally:
        os.kill(other, 9)
        os.waitpid(other, 0)


def test_others_in_a_cgroup_that_was_delegated_are_taken_along_and_back(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    try:
        os.setxattr(base.folder, 'user.delegate', b'1')
    except OSError:
        pytest.skip('this kernel keeps no notes on a cgroup')
    other = os.posix_spawn('/bin/sleep', ['sleep', '1000'], os.environ)
    try:
        (base.folder / 'cgroup.procs').write_text(str(other))
        running = lab.supervisor(SLEEPER)
        assert running.start('sleeper')['limits'] == ['memory 1 GiB for all of it (cgroup)']
        assert other in members(base, f'launch_service.{instance_id(lab)}.supervisor')
        running.shut_down()
        assert base.names() == []
        assert (base.folder / 'cgroup.procs').read_text().split() == [str(other)]
    finally:
        os.kill(other, 9)
        os.waitpid(other, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason='takes root to hand a cgroup to a user')
def test_a_cgroup_that_was_handed_to_a_user_is_used(
        base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = 65534
    become = ['setpriv', f'--reuid={nobody}', f'--regid={nobody}', '--clear-groups']
    try:
        subprocess.run([*become, sys.executable, '-ISc', ''], check=True, timeout=PATIENCE)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip('there is no setpriv(1), or this Python is closed to other users')
    for path in (base.folder, base.folder / 'cgroup.procs',
                 base.folder / 'cgroup.subtree_control'):
        os.chown(path, nobody, nobody)
    command = harness.supervisor_command
    monkeypatch.setattr(harness, 'supervisor_command', lambda *args, **more: [
        *command(*args, **more)[:4],
        *become, *command(*args, **more)[4:]])
    folder = Path(tempfile.mkdtemp(prefix='launch_service_'))
    os.chown(folder, nobody, nobody)
    lab = Lab(folder)
    try:
        running = lab.supervisor({**SLEEPER, 'limits': {**LIMITS, 'processes': 10}})
        process = running.start('sleeper')
        name = f'launch_service.{instance_id(lab)}.1.1'
        assert members(base, name) == [process['os_pid']]
        if has_controllers(base):
            assert process['limits'] == ['memory 1 GiB for all of it (cgroup)',
                                         'processes 10 for all of it (cgroup)']
        running.shut_down()
        assert base.names() == []
    finally:
        lab.close()
        shutil.rmtree(folder)


def test_one_that_the_kernel_keeps_where_it_is_keeps_no_other_there(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []

    def write(folder: str, name: str, text: str) -> None:
        if text == '2':  # as of one with a real-time policy
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        moved.append(text)
    monkeypatch.setattr(cgroups, '_write', write)
    (tmp_path / 'cgroup.procs').write_text('1\n2\n3\n')
    cgroups._move_all(str(tmp_path), '/nowhere')
    assert moved == ['1', '3']
