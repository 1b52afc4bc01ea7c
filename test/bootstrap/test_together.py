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

"""Many who bring up the same instance at the same moment: there is one, and all are told so."""

from __future__ import annotations

from contextlib import ExitStack
import json
import subprocess

from bootstrap.conftest import LONG, Site
import pytest


@pytest.mark.parametrize('allow_list', [[], ['--allow-list', 'robot.yaml']], ids=['bare', 'sent'])
def test_twelve_at_once_bring_up_one_and_one_says_that_it_did(
        site: Site, allow_list: list[str]) -> None:
    robot, other = site.robots[0], site.robots[1]
    (other.home / 'robot.yaml').write_text((site.laptop.home / 'robot.yaml').read_text())
    namespace = f'/twelve{len(allow_list)}'
    words = ['bootstrap', robot.name, namespace, *site.options(robot), *allow_list, '--json',
             '--no-wait-graph', '--connect-timeout', '60']
    answers = []
    with ExitStack() as stack:
        running = []
        for number in range(12):
            host = site.laptop if number % 2 else other
            popen = stack.enter_context(subprocess.Popen(
                site.command(*words, on=host), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, cwd=host.home))
            stack.callback(popen.kill)
            running.append(popen)
        for popen in running:
            said, errors = popen.communicate(timeout=LONG)
            assert popen.returncode == 0, errors
            answers.append(json.loads(said))
    assert sorted(one['outcome'] for one in answers) == ['attached'] * 11 + ['started']
    assert len({one['instance']['instance_id'] for one in answers}) == 1
    assert len({one['instance']['node']['pid'] for one in answers}) == 1
    assert [pid for pid in robot.running('-I', '-S') if _is_of(pid, namespace)] == [
        answers[0]['instance']['supervisor_pid']]


def test_of_two_with_different_wishes_one_is_told_of_the_conflict(site: Site) -> None:
    robot = site.robots[2]
    with ExitStack() as stack:
        running = []
        for period in ('0.5', '0.7'):
            popen = stack.enter_context(subprocess.Popen(
                site.command('bootstrap', robot.name, '/wishes', *site.options(robot), '--param',
                             f'heartbeat_period:={period}', '--json', '--no-wait-graph'),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=site.laptop.home))
            stack.callback(popen.kill)
            running.append(popen)
        answers = [json.loads(popen.communicate(timeout=LONG)[0]) for popen in running]
    assert sorted(popen.returncode for popen in running) == [0, 5]
    assert sorted(one['code_name'] for one in answers) == ['CONFLICT', 'OK']


def _is_of(pid: int, namespace: str) -> bool:
    try:
        with open(f'/proc/{pid}/cmdline', encoding='utf-8') as file:
            return f'"namespace": "{namespace}"' in file.read()
    except OSError:
        return False  # it ended just now
