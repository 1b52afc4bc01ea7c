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

"""Trees that do their worst, and what is told when even that does not help."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import signal
import subprocess
import time
from typing import Any

from faults.injection import HYDRA, patched
from harness import alive, Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.states import State

QUICK = {'sigterm_timeout': 0.1, 'sigkill_timeout': 0.1}

UNDYING = """
    import launch_service_node.supervisor.ladder as ladder
    ladder.LAST_WAIT = 0.3
    def wrap(send):
        return lambda stopper, members, number: None if armed() else send(stopper, members, number)
    replace('supervisor.stopping:Stopper._send', wrap)
    """

STUBBORN = {'id': 'stubborn', 'stop': QUICK, 'ready': {'output': 'up'},
            'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; sleep 1000"]}


@pytest.mark.parametrize('turn', range(3))
def test_a_chain_of_sessions_that_never_rests_is_ended(lab: Lab, turn: int) -> None:
    running = lab.supervisor({'id': 'hydra', 'cmd': lab.script('hydra', HYDRA), 'stop': QUICK})
    running.start('hydra')
    wait_until(lambda: len(lab.leftovers()) >= 3)
    process = running.call('stop', name='hydra')['processes'][0]
    assert process['process_status'] == State.STOPPED
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def test_who_was_not_there_yet_when_all_were_killed_is_killed_after(lab: Lab) -> None:
    """Between a look and its signals somebody may be born: here the first signals miss one."""
    running = lab.supervisor({
        'id': 'tree', 'ready': {'output': 'up'},
        'cmd': ['/bin/sh', '-c', "setsid sh -c 'echo up; exec sleep 1000' & exec sleep 1000"],
        'stop': {'sigterm_timeout': 0, 'sigkill_timeout': 0}}, wrap=patched("""
        missed = []
        def wrap(send):
            def late(stopper, members, number):
                if not missed:
                    missed.append(members)
                    members = {}
                return send(stopper, members, number)
            return late
        replace('supervisor.stopping:Stopper._send', wrap)
        """))
    running.call('start', cmd='tree', wait_ready=True)
    process = running.call('stop', name='tree')['processes'][0]
    assert process['process_status'] == State.STOPPED
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def test_what_a_crashed_leader_leaves_is_ended_before_it_is_restarted(lab: Lab) -> None:
    script = """
        import os, signal, sys, time
        told, tell = os.pipe()
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            open(sys.argv[1], 'a').write(f'{os.getpid()} ')
            os.write(tell, b'.')
            time.sleep(1000)
        os.read(told, 1)
        os.kill(os.getpid(), signal.SIGSEGV)
        """
    running = lab.supervisor({
        'id': 'crash', 'cmd': [lab.script('crash', script), f'{lab.folder}/children'],
        'stop': QUICK, 'restart': {'policy': 'always', 'delay': 0.01, 'limit': '2 in 60 s'}})
    running.start('crash')
    running.wait_state('crash', State.FAILED)
    assert len((lab.folder / 'children').read_text().split()) == 3
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def asked(running: Running, **request: Any) -> Any:
    """Ask on a connection of its own, whose answer is waited for later."""
    client = running.connect()
    client._socket.sendall(encode({'id': 1, **request}))
    return client


def answer_of(client: Any) -> dict[str, Any]:
    with client:
        found: dict[str, Any] = client._receive(time.monotonic() + PATIENCE)
        return found


@pytest.mark.parametrize('request_', [
    {'op': 'stop', 'name': 'stubborn'}, {'op': 'restart', 'name': 'stubborn'},
    {'op': 'shutdown'}])
def test_what_does_not_end_is_named_and_nobody_waits_for_ever(
        lab: Lab, request_: dict[str, Any]) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(STUBBORN, wrap=patched(UNDYING, str(gun)))
    pid = running.call('start', cmd='stubborn', wait_ready=True)['process']['os_pid']
    gun.touch()
    answer = answer_of(asked(running, **request_))
    if request_['op'] == 'shutdown':
        assert running.popen.wait(PATIENCE) == 0
        return
    assert answer['code'] == ResultCode.NOT_STOPPED
    assert str(pid) in answer['message']
    process = running.process('stubborn')
    assert process['process_status'] == State.STOPPING
    assert str(pid) in process['err_msg']
    # A further stop begins anew, and has its answer.
    assert running.ask('stop', name='stubborn')['code'] == ResultCode.NOT_STOPPED
    gun.unlink()
    assert running.call('stop', name='stubborn')['processes'][0]['process_status'] == State.STOPPED
    assert running.process('stubborn')['process_status'] == State.STOPPED


def test_who_has_become_another_user_is_said_to_be_left(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(STUBBORN, wrap=patched("""
        import launch_service_node.supervisor.ladder as ladder
        ladder.LAST_WAIT = 0.3
        def wrap(send):
            def refused(*arguments):
                if armed():
                    raise PermissionError(1, 'Operation not permitted')
                return send(*arguments)
            return refused
        signal.pidfd_send_signal = wrap(signal.pidfd_send_signal)
        """, str(gun)))
    pid = running.call('start', cmd='stubborn', wait_ready=True)['process']['os_pid']
    gun.touch()
    answer = running.ask('signal', name='stubborn', signal='HUP')
    assert answer['code'] == ResultCode.SIGNAL_NOT_ALLOWED
    answer = running.ask('stop', name='stubborn')
    assert answer['code'] == ResultCode.NOT_STOPPED
    assert str(pid) in answer['message'] and 'user' in answer['message']
    gun.unlink()
    running.call('stop', name='stubborn')
    assert 'defect' not in lab.log()


def test_a_tree_of_three_hundred_is_ended_in_one_stop(lab: Lab) -> None:
    script = """
        import os, time
        for _ in range(300):
            if os.fork() == 0:
                os.setsid()
                time.sleep(1000)
        print('up', flush=True)
        time.sleep(1000)
        """
    running = lab.supervisor({'id': 'crowd', 'cmd': lab.script('crowd', script), 'stop': QUICK,
                              'ready': {'output': 'up'}})
    running.call('start', cmd='crowd', wait_ready=True)
    assert len(lab.leftovers()) == 302
    running.call('stop', name='crowd')
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


#: A launch description of three processes, as `ros2 launch` runs them.
LAUNCH = """
    from launch import LaunchDescription
    from launch.actions import ExecuteProcess
    def generate_launch_description():
        stubborn = "trap '' INT; echo $$ >>{pids}; while :; do sleep 1000; done"
        return LaunchDescription([
            ExecuteProcess(cmd=['/bin/sh', '-c', 'echo $$ >>{pids}; exec sleep 1000']),
            ExecuteProcess(cmd=['setsid', '/bin/sh', '-c', 'echo $$ >>{pids}; exec sleep 1000']),
            ExecuteProcess(cmd=['/bin/sh', '-c', stubborn]),
        ])
    """


def ros2() -> str:
    """Return a `ros2` that can launch; skip, in one line, where there is none."""
    found = shutil.which('ros2')
    if found is not None:
        told = subprocess.run([found, 'launch', '--help'], check=False, capture_output=True,
                              timeout=PATIENCE)
        if told.returncode == 0:
            return found
    pytest.skip('no ros2 launch here: source a ROS installation to run this test')


@pytest.mark.parametrize('by', ['a stop', 'a kill of launch itself', 'a fall in between'])
def test_nothing_is_left_of_a_launch_with_three_processes(lab: Lab, by: str) -> None:
    pids = lab.folder / 'pids'
    launch = lab.write('three.launch.py', LAUNCH.replace('{pids}', str(pids)))
    running = lab.supervisor({
        'id': 'launch', 'cmd': [ros2(), 'launch', launch],
        'environment': {'HOME': str(lab.folder), 'ROS_LOG_DIR': str(lab.folder / 'log')},
        'stop': {'sigterm_timeout': 5, 'sigkill_timeout': 1}})
    process = running.start('launch')
    wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    if by == 'a kill of launch itself':
        os.kill(process['os_pid'], signal.SIGKILL)
        running.wait_state('launch', State.FAILED)
    else:
        if by == 'a fall in between':
            running.kill()
            running = lab.supervisor()
        running.call('stop', name='launch')
    wait_until(lambda: lab.leftovers() == [running.popen.pid])
    assert not [pid for pid in pids.read_text().split() if alive(int(pid))]


#: Three nodes of the package, as a robot's launch file has them.
NODES = """
    from launch import LaunchDescription
    from launch_ros.actions import Node
    def generate_launch_description():
        return LaunchDescription([
            Node(package='launch_service_node', executable=name[:-1], name=name, output='screen')
            for name in ('talker1', 'talker2', 'listener1')])
    """


def has_nodes() -> bool:
    """Say whether the package lies where `ros2 launch` looks for its executables."""
    return any(Path(prefix, 'lib', 'launch_service_node', 'talker').exists()
               for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(':'))


@pytest.mark.parametrize('by', ['a stop', 'a kill of launch itself', 'the end of all'])
def test_nothing_is_left_of_a_launch_with_three_nodes(lab: Lab, by: str) -> None:
    pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')
    if not has_nodes():
        pytest.skip('the executables of this package are not in AMENT_PREFIX_PATH')
    launch = lab.write('nodes.launch.py', NODES)
    running = lab.supervisor({
        'id': 'nodes', 'cmd': [ros2(), 'launch', launch],
        'environment': {'HOME': str(lab.folder), 'ROS_LOG_DIR': str(lab.folder / 'log')},
        'ready': {'output': 'heard: '}, 'stop': {'sigterm_timeout': 2, 'sigkill_timeout': 1}})
    process = running.call('start', cmd='nodes', wait_ready=True)['process']
    # At least: launch runs each of them by a Python that is found by its first line.
    members = [pid for pid in lab.leftovers() if pid != running.popen.pid]
    assert len(members) >= 4
    if by == 'a stop':
        stopped = running.call('stop', name='nodes')['processes'][0]
        assert stopped['process_status'] == State.STOPPED
        assert [pid for pid in members if alive(pid)] == []
    elif by == 'a kill of launch itself':
        os.kill(process['os_pid'], signal.SIGKILL)
        running.wait_state('nodes', State.FAILED)
    else:
        running.shut_down()
    wait_until(lambda: [pid for pid in members if alive(pid)] == [])
    wait_until(lambda: lab.leftovers() == (
        [] if by == 'the end of all' else [running.popen.pid]))
