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


"""The instance's own node falls, and is brought back: here a stand-in that only attaches."""

from __future__ import annotations

from contextlib import suppress
import os
import signal

from faults.injection import journal_entries, node_stand_in
from harness import alive, Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode


def attached(running: Running, than: int = 0) -> int:
    """Return the pid of the node that is attached, if it is another than before."""
    node = running.call('status')['instance']['node']
    return int(node['pid']) if node and node['pid'] != than else 0


def test_one_that_has_been_up_is_back_soon_each_time(lab: Lab) -> None:
    running = lab.supervisor()
    running.call('manage_node', argv=node_stand_in(lab))
    pid = wait_until(lambda: attached(running))
    for _ in range(6):
        os.kill(pid, signal.SIGKILL)
        pid = wait_until(lambda before=pid: attached(running, before))  # type: ignore[misc]
    nodes = [entry['n'] for entry in journal_entries(lab) if 'n' in entry]
    assert nodes[-1]['restart_count'] == 6
    # It counts for the delay, which doubles each time: 0.4 s is the most.
    assert max(node['in_a_row'] for node in nodes) == 3


def test_one_that_falls_while_the_instance_drains_is_brought_back(lab: Lab) -> None:
    running = lab.supervisor()
    running.call('manage_node', argv=node_stand_in(lab))
    pid = wait_until(lambda: attached(running))
    running.call('set_mode', mode='drain')
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: attached(running, pid))


def test_one_that_never_comes_up_is_tried_ever_later(lab: Lab) -> None:
    running = lab.supervisor()
    running.call('manage_node', argv=['/bin/sh', '-c', 'echo no rmw here; exit 1'])
    answer = running.ask('wait_node', seconds=PATIENCE)
    assert answer['code'] == ResultCode.START_FAILED
    assert 'no rmw here' in answer['message']

    def delays() -> list[float]:
        nodes = [entry['n'] for entry in journal_entries(lab) if 'n' in entry]
        return sorted({node['in_a_row'] for node in nodes})
    wait_until(lambda: delays()[-1] >= 4)


def test_one_that_is_released_between_two_starts_gives_way_at_once(lab: Lab) -> None:
    running = lab.supervisor()
    log = lab.folder / 'starts'

    def argv(name: str) -> list[str]:
        return ['/bin/sh', '-c', f'echo {name} >> {log}; exit 1']

    def starts() -> list[str]:
        return log.read_text().split() if log.exists() else []
    running.call('manage_node', argv=argv('first'))
    wait_until(lambda: len(starts()) >= 5)  # the next start is seconds away
    running.call('shutdown', keep_processes=True)
    before = starts()
    running.call('manage_node', argv=argv('second'))
    wait_until(lambda: 'second' in starts())
    assert starts()[:len(before) + 1] == [*before, 'second']


def test_one_that_comes_up_when_it_was_to_go_is_not_taken_for_the_next(lab: Lab) -> None:
    running = lab.supervisor()
    command = node_stand_in(lab)
    go, seen = lab.folder / 'go', lab.folder / 'seen'
    running.call('manage_node', argv=[
        '/bin/sh', '-c', f'echo $$ > {seen}; until [ -e {go} ]; do sleep 0.01; done; exec "$@"',
        'sh', *command])
    pid = int(wait_until(lambda: seen.exists() and seen.read_text()))
    running.call('shutdown', keep_processes=True)
    running.call('manage_node', argv=command)
    go.touch()
    answer = running.call('wait_node', seconds=PATIENCE)
    assert answer['instance']['node']['pid'] != pid


@pytest.mark.parametrize('by', ['its end', 'the fall of the supervisor'])
def test_one_that_is_released_does_not_come_back(lab: Lab, by: str) -> None:
    running = lab.supervisor()
    running.call('manage_node', argv=node_stand_in(lab))
    pid = wait_until(lambda: attached(running))
    running.call('detach')
    if by == 'its end':
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: lab.leftovers() == [running.popen.pid])
    else:
        running.kill()
        with suppress(ProcessLookupError):  # it ends when it loses its supervisor
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not alive(pid))
        running = lab.supervisor()
    assert running.call('status')['instance']['node'] is None
    nodes = [entry['n'] for entry in journal_entries(lab) if 'n' in entry]
    assert nodes[-1]['restart_count'] == 0
    assert nodes[-1]['stop_asked']
