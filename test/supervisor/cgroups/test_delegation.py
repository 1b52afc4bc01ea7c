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

"""Where cgroups may be made, and why not elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from launch_service_node.supervisor.kernel import delegation
from launch_service_node.supervisor.kernel.cgroups import Cgroups
from launch_service_node.supervisor.kernel.delegation import own_cgroup
from launch_service_node.supervisor.kernel.loop import Loop

V2 = '24 1 0:21 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate'

HYBRID = ('31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n'
          '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n'
          '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n')


@pytest.mark.parametrize(('mounts', 'membership', 'found'), [
    (V2, '0::/system.slice/robot.service\n', '/sys/fs/cgroup/system.slice/robot.service'),
    (V2, '0::/\n', '/sys/fs/cgroup'),
    (HYBRID, '4:memory:/elsewhere\n0::/x\n', '/sys/fs/cgroup/unified/x'),
    (V2.replace('0:21 /', '0:21 /docker/c1'), '0::/docker/c1\n', '/sys/fs/cgroup'),
    (V2.replace('0:21 /', '0:21 /docker/c1'), '0::/docker/c1/x\n', '/sys/fs/cgroup/x'),
    (V2.replace('/sys/fs/cgroup', r'/mnt/a\040b'), '0::/x\n', '/mnt/a b/x')])
def test_the_own_cgroup_is_found(mounts: str, membership: str, found: str) -> None:
    assert own_cgroup(mounts, membership)[1] == found


@pytest.mark.parametrize(('mounts', 'membership'), [
    ('', '0::/x\n'),
    (HYBRID.splitlines()[1], '4:memory:/x\n0::/x\n'),
    (V2.replace('0:21 /', '0:21 /docker/c1'), '0::/docker/c11\n'),
    (V2, '0::/../outside\n')])
def test_a_cgroup_that_is_not_shown_here_is_none(mounts: str, membership: str) -> None:
    assert own_cgroup(mounts, membership)[1] == ''


def test_under_systemd_a_cgroup_has_to_be_delegated(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('cgroup.procs', 'cgroup.subtree_control'):
        (tmp_path / name).touch()
    monkeypatch.setattr(delegation, '_SYSTEMD', str(tmp_path / 'none'))
    assert delegation.why_not(str(tmp_path), '/x') == ''
    monkeypatch.setattr(delegation, '_SYSTEMD', str(tmp_path))
    assert 'Delegate=yes' in delegation.why_not(str(tmp_path), '/x')
    try:
        os.setxattr(tmp_path, 'user.delegate', b'1')
    except OSError:
        return  # this file system keeps no notes
    assert delegation.why_not(str(tmp_path), '/x') == ''


def test_without_a_place_every_controller_is_missing_with_one_reason(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegation, 'find_place', lambda: delegation.Place('', '', 'none here'))
    cgroups = Cgroups(Loop())
    cgroups.open('abc', [], [])
    assert not cgroups.usable
    assert cgroups.enable(['memory', 'cpu']) == {'memory': 'none here', 'cpu': 'none here'}
