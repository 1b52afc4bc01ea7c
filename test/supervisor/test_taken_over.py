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

"""What was under way when a supervisor fell, and what the next one makes of it."""

from __future__ import annotations

import os
from pathlib import Path
import signal
from typing import Any

from faults.debugger import debugged, SOON_KEPT
from harness import alive, freeze, Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import decode, encode
from launch_service_node.supervisor.states import State

SLEEPER: dict[str, Any] = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}

ALWAYS = {'policy': 'always', 'delay': 0.01}

#: A ladder that ends only when a test ends the process.
PATIENT = {'sigterm_timeout': 1000, 'sigkill_timeout': 1000}

#: Leaves somebody behind whom only SIGKILL ends, and ends with `code`.
LEAVES = "trap '' INT TERM; sleep 1000 & exit {code}"


def leaver(code: int, **more: Any) -> dict[str, Any]:
    return {'id': 'sh', 'cmd': ['/bin/sh', '-c', LEAVES.format(code=code)], 'stop': PATIENT,
            **more}


def left_by_its_leader(running: Running) -> dict[str, Any]:
    """Return the process when its leader has ended and the one that it left is being stopped."""
    return wait_until(lambda: next((
        process for process in running.call('list')['processes']
        if process['process_status'] == State.STOPPING and not process['os_pid']), None))


def end_the_rest(lab: Lab, running: Running) -> None:
    """Kill all that runs in a lab but the supervisor."""
    for pid in lab.leftovers():
        if pid != running.popen.pid:
            os.kill(pid, signal.SIGKILL)


def ask_in_passing(running: Running, op: str, **fields: Any) -> None:
    """Have a request taken whose answer nobody waits for."""
    with running.connect() as other:
        other._socket.sendall(encode({'id': 1, 'op': op, **fields})
                              + encode({'id': 2, 'op': 'status'}))
        said = b''
        while b'"id":2,' not in said.replace(b' ', b''):
            said += other._socket.recv(65536)


# -- stops -----------------------------------------------------------------------------------


def test_a_stop_of_one_that_was_being_stopped_anyway_is_a_stop(lab: Lab) -> None:
    running = lab.supervisor(leaver(1, restart=ALWAYS))
    running.start('sh')
    left_by_its_leader(running)
    ask_in_passing(running, 'stop', name='sh')
    running.kill()
    running = lab.supervisor()
    end_the_rest(lab, running)
    assert running.wait_state('sh', State.STOPPED, State.RUNNING)['restart_count'] == 0
    assert running.process('sh')['process_status'] == State.STOPPED


@pytest.mark.parametrize('cancelled', [False, True])
def test_a_restart_that_was_asked_for_is_finished_unless_a_stop_followed(
        lab: Lab, cancelled: bool) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; exec sleep 1000"],
         'stop': PATIENT, 'ready': {'output': 'up'}})
    pid = running.call('start', cmd='sh', wait_ready=True)['process']['os_pid']
    ask_in_passing(running, 'restart', name='sh')
    if cancelled:
        ask_in_passing(running, 'stop', name='sh')
    running.kill()
    running = lab.supervisor()
    assert running.process('sh')['process_status'] == State.STOPPING
    os.kill(pid, signal.SIGKILL)
    process = running.wait_state('sh', State.STOPPED, State.RUNNING)
    assert (process['process_status'] == State.STOPPED) is cancelled
    assert process['os_pid'] != pid


# -- how it ended ----------------------------------------------------------------------------


@pytest.mark.parametrize(('code', 'state'), [(0, State.STOPPED), (3, State.FAILED)])
def test_how_a_leader_ended_is_known_also_when_the_supervisor_falls_before_its_tree_is_gone(
        lab: Lab, code: int, state: State) -> None:
    restart = {**ALWAYS, 'policy': 'never' if code else 'on-failure'}
    running = lab.supervisor(leaver(code, restart=restart))
    running.start('sh')
    assert left_by_its_leader(running)['exit_code'] == code
    running.kill()
    running = lab.supervisor()
    end_the_rest(lab, running)
    process = running.wait_state('sh', State.STOPPED, State.FAILED, State.UNKNOWN, State.RUNNING)
    assert (process['process_status'], process['exit_known'], process['exit_code'],
            process['restart_count']) == (state, True, code, 0)


def test_so_is_it_where_the_leader_ended_during_a_stop(lab: Lab) -> None:
    running = lab.supervisor({**leaver(3), 'cmd': [
        '/bin/sh', '-c', "trap '' INT TERM; sleep 1000 & trap 'exit 3' INT; echo up; wait"],
        'ready': {'output': 'up'}})
    running.call('start', cmd='sh', wait_ready=True)
    ask_in_passing(running, 'stop', name='sh')
    assert left_by_its_leader(running)['exit_code'] == 3
    running.kill()
    running = lab.supervisor()
    end_the_rest(lab, running)
    process = running.wait_state('sh', State.STOPPED)
    assert (process['exit_known'], process['exit_code']) == (True, 3)


def test_who_was_late_has_failed_also_when_it_ends_well_under_the_next_supervisor(
        lab: Lab) -> None:
    gate = str(lab.folder / 'gate')
    os.mkfifo(gate)
    running = lab.supervisor({'id': 'late', 'cmd': [lab.script('late', """
        import os, signal, sys, time
        def end(number, frame):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            open(sys.argv[1]).read()
            os._exit(0)
        signal.signal(signal.SIGINT, end)
        print('up', flush=True)
        while True:
            time.sleep(1000)
        """), gate], 'stop': PATIENT, 'ready': {'output': 'never said', 'timeout': '1 s'}})
    process = running.start('late')
    # It must not be late before it can hear of that.
    freeze(running.popen.pid)
    wait_until(lambda: b'up' in open(process['output_path'], 'rb').read())
    running.popen.send_signal(signal.SIGCONT)
    running.wait_state('late', State.STOPPING)
    running.kill()
    running = lab.supervisor()
    assert running.process('late')['process_status'] == State.STOPPING
    with open(gate, 'w') as file:
        file.write('\n')
    ended = running.wait_state('late', State.FAILED, State.STOPPED)
    assert ended['process_status'] == State.FAILED
    assert 'was not ready after 1 s' in ended['err_msg']


def test_that_the_rest_was_kept_for_a_while_is_no_reason_of_the_end(lab: Lab) -> None:
    pids, gate = lab.write('pids', ''), lab.folder / 'gate'
    # A debugger takes the end of one with several threads for itself.
    rest = lab.script('rest', """
        import os, sys, threading, time
        threading.Thread(target=time.sleep, args=(1000,)).start()
        open(sys.argv[1], 'w').write(f'{os.getpid()}.')
        time.sleep(1000)
        """)
    running = lab.supervisor({
        'id': 'sh', 'cmd': ['/bin/sh', '-c', f'{rest} {pids} & until [ -e {gate} ]; do '
                            'sleep 0.01; done'],
        'stop': {'sigterm_timeout': 0, 'sigkill_timeout': 0.1},
        'ready': {'output': 'never said', 'timeout': '1000 s'}}, wrap=SOON_KEPT)
    running.start('sh')
    wait_until(lambda: '.' in Path(pids).read_text())
    with debugged(lab, int(Path(pids).read_text()[:-1])):
        gate.touch()
        wait_until(lambda: running.process('sh')['err_msg'])
        running.kill()
        running = lab.supervisor()
        assert running.process('sh')['process_status'] == State.STOPPING
    process = running.wait_state('sh', State.STOPPED, State.FAILED, State.UNKNOWN)
    assert (process['process_status'], process['exit_code'], process['err_msg']) == (
        State.STOPPED, 0, '')


# -- the mode --------------------------------------------------------------------------------


def test_an_instance_that_holds_goes_on_holding(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.call('set_mode', mode='hold')
    running.kill()
    running = lab.supervisor()
    assert running.call('status')['instance']['mode'] == 'hold'
    assert running.ask('start', cmd='sleeper')['code'] == ResultCode.HELD
    running.call('set_mode', mode='run')
    running.kill()
    running = lab.supervisor()
    running.start('sleeper')


def test_an_instance_that_drains_restarts_nothing_after_a_fall(lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'restart': ALWAYS})
    pid = running.start('sleeper')['os_pid']
    running.call('set_mode', mode='drain')
    running.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid))
    running = lab.supervisor()
    process = running.wait_state('sleeper', State.FAILED, State.UNKNOWN, State.RUNNING)
    assert 'drain' in process['err_msg']
    assert process['restart_count'] == 0


def test_a_restart_that_is_under_way_when_it_begins_to_drain_ends_with_the_stop(
        lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; exec sleep 1000"],
         'stop': PATIENT, 'ready': {'output': 'up'}})
    pid = running.call('start', cmd='sh', wait_ready=True)['process']['os_pid']
    with running.connect() as asking:
        asking._socket.sendall(encode({'id': 1000, 'op': 'restart', 'name': 'sh'}))
        running.wait_state('sh', State.STOPPING)
        running.call('set_mode', mode='drain')
        os.kill(pid, signal.SIGKILL)
        asking._socket.settimeout(PATIENCE)
        answer = decode(asking._socket.recv(65536).splitlines()[0])
    assert answer['code'] == ResultCode.START_FAILED and 'drains' in answer['message'], answer
    assert running.process('sh')['process_status'] == State.STOPPED


def test_after_a_shutdown_it_begins_anew(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.call('set_mode', mode='drain')
    running.shut_down()
    running = lab.supervisor()
    assert running.call('status')['instance']['mode'] == 'run'


# -- suspended -------------------------------------------------------------------------------


@pytest.mark.parametrize('period', [0, 3600])
def test_who_is_suspended_is_seen_to_be_however_seldom_it_is_measured(
        lab: Lab, period: float) -> None:
    running = lab.supervisor(SLEEPER, measure_period=period)
    running.start('sleeper')
    running.kill()
    running = lab.supervisor()
    running.call('signal', name='sleeper', signal='STOP')
    running.wait_state('sleeper', State.SUSPENDED)
    running.call('signal', name='sleeper', signal='CONT')
    running.wait_state('sleeper', State.RUNNING)
