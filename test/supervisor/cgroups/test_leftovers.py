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

"""No cgroup of ours is left behind, and nobody else's is touched."""

from __future__ import annotations

import os

from faults.injection import edit_journal
from harness import alive, Lab, wait_until

from launch_service_node.supervisor.states import State

from .place import Base, instance_id, SLEEPER


def test_what_died_while_nobody_watched_leaves_no_cgroup(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    pid = running.start('sleeper')['os_pid']
    running.kill()
    os.kill(pid, 9)
    wait_until(lambda: not alive(pid))
    running = lab.supervisor()
    assert running.wait_state('sleeper', State.UNKNOWN)['err_msg'] == (
        'ended while nobody watched; how is not known')
    wait_until(lambda: base.of_processes() == [])
    running.shut_down()
    assert base.names() == []


def test_an_empty_cgroup_that_nobody_remembers_is_removed(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.kill()
    ours = base.folder / f'launch_service.{instance_id(lab)}.7.1'
    ours.mkdir()
    lab.supervisor()
    wait_until(lambda: not ours.exists())


def test_cgroups_of_others_are_left_alone(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.kill()
    others = [base.folder / name for name in (
        'mine', f'launch_service.{"0" * 32}.1.1', f'launch_service.{instance_id(lab)}x.1.1')]
    for other in others:
        other.mkdir()
    running = lab.supervisor()
    running.start('sleeper')
    running.shut_down()
    assert base.names() == sorted(other.name for other in others)


def test_a_journal_that_names_a_foreign_cgroup_kills_nobody_in_it(base: Base, lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'limits': {}})
    running.start('sleeper')
    running.kill()
    foreign = base.folder / 'foreign'
    foreign.mkdir()
    edit_journal(lab, lambda record: record.update(cgroup=str(foreign)))
    stranger = os.posix_spawn('/bin/sleep', ['sleep', '1000'], os.environ)
    try:
        (foreign / 'cgroup.procs').write_text(str(stranger))
        running = lab.supervisor()
        running.call('stop', name='sleeper')
        running.shut_down()
        assert alive(stranger)
    finally:
        os.kill(stranger, 9)
        os.waitpid(stranger, 0)
    assert foreign.exists()


def test_the_supervisor_leaves_the_place_as_it_was(base: Base, lab: Lab) -> None:
    control = base.folder / 'cgroup.subtree_control'
    before = control.read_text()
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    running.shut_down()
    assert (base.names(), control.read_text()) == ([], before)
