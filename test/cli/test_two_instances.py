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

"""Two instances at the same time: which is meant, and one that fails hides none."""

from collections.abc import Iterator
import json
import os
import signal

from cli.program import Program
from harness import freeze, PATIENCE, wait_until
import pytest

BOTH = pytest.mark.parametrize('way', [('--local',), ()], ids=['local', 'ros'])


@pytest.fixture(scope='module')
def fleet(lonely: Program) -> Iterator[Program]:
    """Give a host with /robot1 and /fleet/robot2, each with a process `idle`."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    for namespace in ('/robot1', '/fleet/robot2'):
        done = lonely('up', namespace, '--allow-list', 'robot1.yaml')
        assert done.returncode == 0, done.stderr
        assert lonely('--local', 'start', namespace, 'idle').returncode == 0
    yield lonely
    for namespace in ('/robot1', '/fleet/robot2'):
        lonely('down', '--local', namespace)


@BOTH
def test_list_shows_both(fleet: Program, way: tuple[str, ...]) -> None:
    def listed() -> bool:
        done = fleet(*way, 'list')
        assert done.returncode == 0, done.stderr
        return [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
            ['/fleet/robot2', 'idle'], ['/robot1', 'idle']]
    wait_until(listed)  # on a busy host a look at the graph may miss one


@BOTH
def test_a_request_has_to_say_which(fleet: Program, way: tuple[str, ...]) -> None:
    def told() -> bool:
        done = fleet(*way, 'signal', 'CONT', 'idle')
        return done.returncode == 2 and '/fleet/robot2, /robot1' in done.stderr
    wait_until(told)  # as above; to the one that is seen alone this does nothing


@BOTH
def test_a_request_reaches_the_one_it_names(fleet: Program, way: tuple[str, ...]) -> None:
    done = fleet(*way, 'start', '/fleet/robot2', 'greet', '--name', f'hello{len(way)}')
    assert done.returncode == 0, done.stderr
    names = [line.split()[:2] for line in fleet('--local', 'list').stdout.splitlines()]
    assert ['/fleet/robot2', f'hello{len(way)}'] in names
    assert ['/robot1', f'hello{len(way)}'] not in names


@BOTH
def test_one_that_hangs_does_not_hide_the_other(fleet: Program, way: tuple[str, ...]) -> None:
    pid = json.loads(fleet('up', '/robot1', '--json').stdout)['instance']['supervisor_pid']
    freeze(pid)
    try:
        def told() -> bool:
            done = fleet(*way, 'list', '--timeout', '4')
            return (done.returncode in (3, 4) and '/fleet/robot2' in done.stdout
                    and '/robot1' not in done.stdout and done.stderr.count('\n') == 1
                    and done.stderr.startswith('launch-service: /robot1: '))
        wait_until(told, 4 * PATIENCE)  # a try takes seconds, and may come too soon
    finally:
        os.kill(pid, signal.SIGCONT)
