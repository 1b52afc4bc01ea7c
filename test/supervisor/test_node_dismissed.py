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

"""A node that was told to go is gone, whatever it is at: here a stand-in that only attaches."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import sys
from typing import Any

from faults.debugger import debugged, SOON_KEPT
from faults.entries import SLEEPER
from faults.injection import audit_lines, journal_entries, node_stand_in, patched
from harness import alive, freeze, Lab, PATIENCE, Running, wait_until
import pytest

import launch_service_node
from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode, SupervisorClient
from launch_service_node.supervisor.states import State

_LATE = """
    import os, sys, time
    sys.path.insert(0, sys.argv[1])
    from launch_service_node.protocol import SupervisorClient
    client = SupervisorClient('/robot1', sys.argv[2])
    print('begins', flush=True)
    while not os.path.exists(sys.argv[3]):
        time.sleep(0.01)
    client.call('attach', node_name='/robot1/launch_service', settings={})
    time.sleep(1000)
    """

_SLOW_TO_LEAVE = """
    import os, sys, time
    sys.path.insert(0, sys.argv[1])
    from launch_service_node.protocol import SupervisorClient
    client = SupervisorClient('/robot1', sys.argv[2])
    client.call('attach', node_name='/robot1/launch_service', settings={})
    while (client.next_event(3600) or {}).get('event') != 'stopping':
        pass
    while not os.path.exists(sys.argv[3]):
        time.sleep(0.01)
    """


def stand_in(lab: Lab, program: str) -> tuple[list[str], Path]:
    """Return the command of a node, and the file that it waits for."""
    gate = lab.folder / 'gate'
    package = Path(launch_service_node.__path__[0])
    return [sys.executable, '-IS', lab.write('node.py', program), str(package.parent),
            str(lab.home), str(gate)], gate


def nodes(lab: Lab) -> list[dict[str, Any]]:
    """Return all that the journal says of nodes."""
    return [entry['n'] for entry in journal_entries(lab) if 'n' in entry]


def node_log(lab: Lab) -> str:
    """Return what nodes have said."""
    path = lab.instance_dir() / 'node.log'
    return path.read_text() if path.exists() else ''


def node_of(lab: Lab, running: Running) -> int:
    """Have the supervisor bring up a node, and return its pid when it is attached."""
    running.call('manage_node', argv=node_stand_in(lab))
    return int(running.call('wait_node', seconds=PATIENCE)['instance']['node']['pid'])


def attached(running: Running) -> bool:
    return running.call('status')['instance']['node'] is not None


def assert_alone(lab: Lab, running: Running) -> None:
    """Check that nothing but the supervisor is left, and that it serves."""
    wait_until(lambda: lab.leftovers() == [running.popen.pid])
    assert running.call('status')['instance']['node'] is None
    wait_until(lambda: nodes(lab)[-1]['state'] == State.STOPPED)


def test_one_that_is_not_attached_ends_all_the_same(lab: Lab) -> None:
    running = lab.supervisor()
    argv, _ = stand_in(lab, _LATE)
    running.call('manage_node', argv=argv)
    wait_until(lambda: 'begins' in node_log(lab))
    running.call('shutdown', keep_processes=True)
    assert_alone(lab, running)
    assert nodes(lab)[-1]['restart_count'] == 0


def test_one_that_comes_too_late_is_not_taken(lab: Lab) -> None:
    running = lab.supervisor()
    argv, gate = stand_in(lab, _LATE)
    running.call('manage_node', argv=argv)
    wait_until(lambda: 'begins' in node_log(lab))
    running.call('shutdown', keep_processes=True)
    gate.touch()
    wait_until(lambda: 'this node has to end' in node_log(lab))
    assert_alone(lab, running)


def test_one_that_waits_for_its_restart_is_not_restarted(lab: Lab) -> None:
    running = lab.supervisor()
    running.call('manage_node', argv=['/bin/false'])
    # From here on it waits for more than a second each time.
    wait_until(lambda: nodes(lab)[-1]['in_a_row'] >= 5
               and nodes(lab)[-1]['state'] == State.BACKOFF)
    running.call('shutdown', keep_processes=True)
    count = nodes(lab)[-1]['restart_count']
    wait_until(lambda: nodes(lab)[-1]['state'] == State.STOPPED)
    assert nodes(lab)[-1]['restart_count'] == count
    assert_alone(lab, running)


@pytest.mark.parametrize('keep', [True, False])
def test_one_that_was_to_follow_does_not_come_after_a_further_end(lab: Lab, keep: bool) -> None:
    running = lab.supervisor()
    argv, gate = stand_in(lab, _SLOW_TO_LEAVE)
    running.call('manage_node', argv=argv)
    wait_until(lambda: attached(running))
    running.call('shutdown', keep_processes=True)
    running.call('manage_node', argv=node_stand_in(lab))
    with running.connect() as waiting, running.connect() as ending:
        waiting._socket.sendall(encode({'id': 1000, 'op': 'wait_node', 'seconds': PATIENCE}))
        waiting.call('status', PATIENCE)  # it waits by now
        ending._socket.sendall(encode({'id': 1, 'op': 'shutdown', 'keep_processes': keep}))
        answer = _answer(waiting)
        assert (answer['ok'], answer['code']) == (False, ResultCode.CONFLICT), answer
        if not keep:
            answer = running.ask('manage_node', argv=node_stand_in(lab))
            assert answer['code'] == ResultCode.SHUTTING_DOWN
        gate.touch()
        if keep:
            assert_alone(lab, running)
            running.call('manage_node', argv=node_stand_in(lab))  # that it may come is meant
            wait_until(lambda: attached(running))
            return
    assert running.popen.wait(PATIENCE) == 0
    assert lab.leftovers() == []


def test_who_waits_for_a_node_is_told_of_none_that_went_before_it_was_up(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}, wrap=patched("""
        def wrap(read):
            def slow(rules, *arguments):
                def later():
                    if armed():
                        rules._loop.after(0.01, later)
                    else:
                        read(rules, *arguments)
                later()
            return slow
        replace('supervisor.rules:Rules.read', wrap)
        """, str(gun)))
    gun.touch()
    with running.connect() as waiting:
        waiting._socket.sendall(encode({'id': 1000, 'op': 'wait_node', 'seconds': PATIENCE}))
        waiting.call('status', PATIENCE)  # it waits by now
        with running.connect() as first:
            first._socket.sendall(encode({
                'id': 1000, 'op': 'attach', 'node_name': '/first',
                'settings': {'environment': {'PATH': '/bin'}}}))
            assert first.call('status', PATIENCE)['instance']['node']['name'] == '/first'
        wait_until(lambda: not attached(running))
        gun.unlink()

        def attempts() -> list[str]:
            return [line['code'] for line in audit_lines(lab) if line['op'] == 'attach']
        wait_until(lambda: len(attempts()) == 2)
        assert attempts() == ['OK', 'CONFLICT']
        with running.connect() as second:
            second.call('attach', PATIENCE, node_name='/second')
            answer = _answer(waiting)
            assert answer['ok'] and answer['instance']['node']['name'] == '/second'


def _answer(client: SupervisorClient) -> dict[str, Any]:
    """Return the answer to a request that was sent by hand."""
    client._socket.settimeout(PATIENCE)
    data = b''
    while not data.endswith(b'\n'):
        more = client._socket.recv(65536)
        assert more, 'no answer'
        data += more
    return dict(client._messages(data)[-1])


def test_one_that_takes_no_notice_is_stopped_and_the_processes_are_kept(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    kept = running.start('sleeper')
    node = node_of(lab, running)
    freeze(node)
    running.call('shutdown', keep_processes=True)
    wait_until(lambda: not alive(node))
    assert running.process('sleeper')['os_pid'] == kept['os_pid']
    assert running.call('status')['instance']['node'] is None


def known_to_be_kept(lab: Lab) -> None:
    wait_until(lambda: 'debugger' in nodes(lab)[-1]['err_msg'])


def test_the_next_one_comes_also_when_a_debugger_has_kept_this_one(lab: Lab) -> None:
    running = lab.supervisor(wrap=SOON_KEPT)
    pid = node_of(lab, running)
    with debugged(lab, pid):
        os.kill(pid, signal.SIGKILL)
        running.call('shutdown', keep_processes=True)
        running.call('manage_node', argv=node_stand_in(lab))
        known_to_be_kept(lab)
    node = running.call('wait_node', seconds=PATIENCE)['instance']['node']
    assert node['pid'] != pid


def test_a_shutdown_ends_though_a_debugger_keeps_the_node(lab: Lab) -> None:
    running = lab.supervisor(wrap=SOON_KEPT)
    pid = node_of(lab, running)
    with debugged(lab, pid):
        os.kill(pid, signal.SIGKILL)
        running.call('shutdown', keep_processes=True)
        known_to_be_kept(lab)
        running.call('shutdown')
        assert running.popen.wait(PATIENCE) == 0


def test_one_that_was_told_to_go_goes_also_under_the_next_supervisor(lab: Lab) -> None:
    running = lab.supervisor()
    pid = node_of(lab, running)
    freeze(pid)
    running.call('shutdown', keep_processes=True)
    running.kill()
    running = lab.supervisor()
    wait_until(lambda: not alive(pid))
    assert node_of(lab, running) != pid


def test_that_it_has_to_go_is_recorded_before_it_is_answered(lab: Lab) -> None:
    running = lab.supervisor(wrap=patched("""
        replace('supervisor.node_keeper:NodeKeeper.dismiss',
                lambda dismiss: lambda keeper: os.kill(os.getpid(), signal.SIGKILL))
        """))
    node_of(lab, running)
    running.call('shutdown', keep_processes=True)
    running.popen.wait(PATIENCE)
    assert nodes(lab)[-1]['stop_asked']
