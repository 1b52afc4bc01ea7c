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

"""The hosts that other tests log in to are what they say."""

from __future__ import annotations

import getpass

from fleet import Fleet
from harness import alive, wait_until


def test_each_host_is_one_of_its_own(fleet: Fleet) -> None:
    said = set()
    for robot in fleet.robots:
        done = fleet.laptop.run('ssh', '-F', str(fleet.ssh_config), robot.name,
                                'hostname; echo $HOME; ip -o -4 address show eth0')
        assert done.returncode == 0, done.stderr
        name, home, address = done.stdout.splitlines()
        assert (name, home) == (robot.name, str(robot.home)) and robot.address in address
        said.add(done.stdout)
    assert len(said) == len(fleet.robots) >= 3


def test_what_runs_on_a_host_ends_with_the_fleet(fleet: Fleet) -> None:
    robot = fleet.robots[0]
    done = fleet.laptop.run(
        'ssh', '-F', str(fleet.ssh_config), f'{getpass.getuser()}@{robot.name}',
        'setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!')
    pid = int(done.stdout)
    assert alive(pid) and pid in robot.pids()
    wait_until(lambda: robot.running('sleep', '1000') == [pid])  # after exec
    robot.stop()
    wait_until(lambda: not alive(pid))  # it leaves its namespace just before its end


def test_a_cable_that_is_pulled_keeps_them_apart(fleet: Fleet) -> None:
    robot = fleet.robots[1]
    robot.host.cut()
    words = ('ssh', '-F', str(fleet.ssh_config), '-o', 'ConnectTimeout=1', robot.name, 'true')
    cut = fleet.laptop.run(*words)
    assert cut.returncode == 255 and ('timed out' in cut.stderr or 'No route' in cut.stderr)
    robot.host.mend()
    assert fleet.laptop.run(*words[:3], *words[5:]).returncode == 0
