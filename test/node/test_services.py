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

"""The services of a real node, called by a plain client in another process."""

from launch_service_node.msg import ProcessStatus
import pytest
from std_srvs.srv import Trigger

from launch_service_node import srv
from launch_service_node.errors import ResultCode
from launch_service_node.node.conversion import key_values

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
           'arguments': [{'name': 'more', 'pattern': '[0-9]+'}],
           'environment_from_caller': ['COLOUR']}
HIDDEN = {'id': 'fixed', 'cmd': ['/bin/sleep', '1000'], 'cwd': '/'}
STUBBORN = """
    import signal, sys, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('ready', flush=True)
    time.sleep(1000)
"""
TALKER = """
    print('one')
    print('zwei ä')
    print('three', end='')
"""


@pytest.fixture
def entries(robot):
    return [SLEEPER, HIDDEN,
            {'id': 'stubborn', 'cmd': robot.lab.script('stubborn', STUBBORN),
             'ready': {'output': 'ready'}},
            {'id': 'talker', 'cmd': robot.lab.script('talker', TALKER)},
            {'id': 'unusable', 'cmd': '/nonexistent/program'}]


@pytest.fixture
def node(robot, entries):
    return robot.node(*entries)


def test_a_process_is_started_listed_and_stopped(node, caller):
    started = caller.call(srv.StartProcess, 'start_process', cmd='sleeper', name='s',
                          args=['5'], env=key_values({'COLOUR': 'red'}), launch_id='l',
                          wait_ready=True)
    assert started.success, started
    assert (started.code, started.message) == (ResultCode.OK, '')
    status = started.status
    assert (status.process_name, status.launch_id) == ('s', 'l')
    assert (status.node_name, status.process_status) == ('/robot1/launch_service',
                                                         ProcessStatus.RUNNING)
    listed = caller.call(srv.ListProcesses, 'list_processes')
    assert listed.success and listed.num_procs == 1 and listed.timestamp.sec > 0
    assert [each.process_id for each in listed.processes] == [status.process_id]
    stopped = caller.call(srv.StopProcess, 'stop_process', proc_id=status.process_id)
    assert stopped.success, stopped
    assert [each.process_status for each in stopped.processes] == [ProcessStatus.STOPPED]
    assert caller.call(srv.ListProcesses, 'list_processes').num_procs == 0


def test_the_same_uid_answers_with_the_same_process(node, caller):
    first, second = (caller.call(srv.StartProcess, 'start_process', cmd='sleeper', uid=2 ** 64 - 1)
                     for _ in range(2))
    assert second.success and second.status.process_id == first.status.process_id


def test_a_list_can_be_narrowed(node, caller):
    for name, launch_id in (('a_1', 'x'), ('a_2', 'y'), ('b', 'x')):
        caller.call(srv.StartProcess, 'start_process', cmd='sleeper', name=name,
                    launch_id=launch_id)

    def names(**fields):
        listed = caller.call(srv.ListProcesses, 'list_processes', **fields)
        return sorted(each.process_name for each in listed.processes)
    assert names(name='a_*') == ['a_1', 'a_2']
    assert names(launch_id='x') == ['a_1', 'b']
    assert names(name='a_*', launch_id='x') == ['a_1']


def test_what_may_be_started_is_listed(node, caller):
    listed = caller.call(srv.ListExecutables, 'list_executables')
    found = {each.id: each for each in listed.executables}
    assert {'sleeper', 'fixed', 'stubborn', 'talker'} <= set(found)
    assert found['sleeper'].usable and found['sleeper'].environment == ['COLOUR']
    assert [(slot.name, slot.pattern) for slot in found['sleeper'].arguments] == [
        ('more', '[0-9]+')]
    assert not listed.allow_any and len(listed.files) == 1
    one = caller.call(srv.ListExecutables, 'list_executables', id='fix*')
    assert [each.id for each in one.executables] == ['fixed']


def test_a_process_is_suspended_resumed_and_restarted(node, caller):
    status = caller.call(srv.StartProcess, 'start_process', cmd='sleeper').status

    def state_after(signal):
        answer = caller.call(srv.SignalProcess, 'signal_process', name='sleeper', signal=signal)
        assert answer.success, answer

        def state():
            listed = caller.call(srv.ListProcesses, 'list_processes')
            return listed.processes[0].process_status
        return state
    suspended, = (state_after('SIGSTOP'),)
    caller.spin_until(lambda: suspended() == ProcessStatus.SUSPENDED)
    resumed = state_after('CONT')
    caller.spin_until(lambda: resumed() == ProcessStatus.RUNNING)
    restarted = caller.call(srv.RestartProcess, 'restart_process', proc_id=status.process_id)
    assert restarted.success, restarted
    assert restarted.status.process_id == status.process_id
    assert restarted.status.os_pid != status.os_pid


def test_output_is_read_by_lines_and_from_an_offset(node, caller):
    process_id = caller.call(srv.StartProcess, 'start_process', cmd='talker').status.process_id

    def end():
        output = caller.call(srv.ReadOutput, 'read_output', proc_id=process_id)
        return output if output.eof else None
    output = caller.spin_until(end)
    assert output.data == 'one\nzwei ä\nthree'
    assert output.next_offset == len(output.data.encode())
    last = caller.call(srv.ReadOutput, 'read_output', proc_id=process_id, lines=1)
    assert last.data == 'three'
    part = caller.call(srv.ReadOutput, 'read_output', proc_id=process_id, offset=4, max_bytes=4)
    assert (part.data, part.offset, part.next_offset) == ('zwei', 4, 8)


@pytest.mark.parametrize('service, name, fields, code', [
    (srv.StartProcess, 'start_process', {'cmd': ''}, None),
    (srv.StartProcess, 'start_process', {'cmd': 'sleepr'}, ResultCode.NOT_ALLOWED),
    (srv.StartProcess, 'start_process', {'cmd': '/bin/sleep'}, ResultCode.NOT_ALLOWED),
    (srv.StartProcess, 'start_process', {'cmd': 'sleeper', 'name': 'a b'},
     ResultCode.NAME_INVALID),
    (srv.StartProcess, 'start_process', {'cmd': 'sleeper', 'args': ['-x']},
     ResultCode.ARGUMENT_NOT_ALLOWED),
    (srv.StartProcess, 'start_process', {'cmd': 'sleeper', 'env': key_values({'PATH': '/x'})},
     ResultCode.ENVIRONMENT_NOT_ALLOWED),
    (srv.StartProcess, 'start_process', {'cmd': 'fixed', 'cwd': '/tmp'},
     ResultCode.CWD_NOT_ALLOWED),
    (srv.StartProcess, 'start_process', {'cmd': 'unusable'}, ResultCode.EXECUTABLE_UNUSABLE),
    (srv.StartProcess, 'start_process', {'cmd': 'x' * 100000}, ResultCode.REQUEST_TOO_LARGE),
    (srv.StopProcess, 'stop_process', {}, ResultCode.INVALID_REQUEST),
    (srv.StopProcess, 'stop_process', {'proc_id': 12345}, ResultCode.NOT_FOUND),
    (srv.StopProcess, 'stop_process', {'name': '*', 'sigterm_timeout': float('nan')},
     ResultCode.INVALID_REQUEST),
    (srv.RestartProcess, 'restart_process', {'name': 'nobody'}, ResultCode.NOT_FOUND),
    (srv.SignalProcess, 'signal_process', {'name': '*', 'signal': 'SIGNONE'},
     ResultCode.INVALID_REQUEST),
    (srv.ReadOutput, 'read_output', {'name': 'nobody'}, ResultCode.NOT_FOUND),
])
def test_a_refused_request_has_its_own_code_and_one_line(node, caller, service, name, fields,
                                                         code):
    response = caller.call(service, name, **fields)
    assert not response.success
    if code is not None:
        assert response.code == code, response
    assert response.message and '\n' not in response.message
    assert caller.call(srv.ListProcesses, 'list_processes').processes == []


def test_a_name_can_be_taken_once_and_a_uid_used_for_one_request(node, caller):
    caller.call(srv.StartProcess, 'start_process', cmd='sleeper', name='s', uid=7)
    taken = caller.call(srv.StartProcess, 'start_process', cmd='sleeper', name='s')
    assert taken.code == ResultCode.NAME_IN_USE
    other = caller.call(srv.StartProcess, 'start_process', cmd='sleeper', name='t', uid=7)
    assert other.code == ResultCode.UID_CONFLICT


def test_others_are_answered_while_a_stop_takes_its_time(node, caller):
    status = caller.call(srv.StartProcess, 'start_process', cmd='stubborn', wait_ready=True).status
    slow = caller.begin(srv.StopProcess, 'stop_process', proc_id=status.process_id,
                        sigterm_timeout=1000.0, sigkill_timeout=1000.0)
    caller.spin_until(lambda: caller.call(srv.ListProcesses, 'list_processes')
                      .processes[0].process_status == ProcessStatus.STOPPING)
    assert caller.call(srv.StartProcess, 'start_process', cmd='sleeper').success
    assert not slow.done()
    assert caller.call(srv.StopProcess, 'stop_process', proc_id=status.process_id,
                       sigterm_timeout=0.0, sigkill_timeout=0.0).success
    stopped = caller.finish(slow)
    assert stopped.success and stopped.processes[0].term_signal == 9


def test_the_allow_list_is_read_again(node, caller, robot):
    robot.lab.allow_list(SLEEPER, {**SLEEPER, 'id': 'second'})
    reloaded = caller.call(Trigger, 'reload_allow_list')
    assert reloaded.success and reloaded.message.startswith('2 executables')
    assert caller.call(srv.StartProcess, 'start_process', cmd='second').success


def test_an_allow_list_with_errors_keeps_its_good_entries(node, caller, robot):
    robot.lab.allow_list(SLEEPER, {'id': 'bad', 'cmd': '/bin/sleep', 'colour': 'red'})
    reloaded = caller.call(Trigger, 'reload_allow_list')
    assert not reloaded.success and 'colour' in reloaded.message
    node.wait_line('colour')
    listed = caller.call(srv.ListExecutables, 'list_executables')
    assert (listed.success, listed.code) == (False, ResultCode.ALLOW_LIST_INVALID)
    assert [each.id for each in listed.executables] == ['sleeper'] and len(listed.errors) == 1
    assert caller.call(srv.StartProcess, 'start_process', cmd='sleeper').success
