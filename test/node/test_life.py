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

"""How a node begins and ends, and what becomes of the processes meanwhile."""

from contextlib import contextmanager
import ctypes
import os
from pathlib import Path
import re
import signal

from harness import alive, PATIENCE, wait_until
from launch_service_node.msg import Heartbeat, ProcessStatus
import pytest

from launch_service_node import srv
from launch_service_node.errors import ResultCode, Unreachable
from launch_service_node.protocol import SupervisorClient

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}
STUBBORN = """
    import signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('ready', flush=True)
    time.sleep(1000)
"""


def start(caller, cmd='sleeper', namespace='/robot1', **fields):
    response = caller.call(srv.StartProcess, 'start_process', namespace, cmd=cmd, **fields)
    assert response.success, response
    return response.status


def listed(caller, namespace='/robot1'):
    response = caller.call(srv.ListProcesses, 'list_processes', namespace)
    return {each.process_id: each for each in response.processes}


def supervisor(lab, namespace='/robot1'):
    """Return a connection to the supervisor of an instance."""
    return SupervisorClient(namespace, str(lab.home), PATIENCE)


def supervisor_is_gone(lab, namespace='/robot1'):
    try:
        supervisor(lab, namespace).close()
    except Unreachable as error:
        return error.code != ResultCode.TIMED_OUT
    return False


def assert_clean(node):
    """Check that a node has ended well, and without a traceback."""
    assert node.wait() == 0, node.said
    assert 'Traceback' not in node.said, node.said


@contextmanager
def inherited(number, handler):
    """Have programs begin with a signal ignored, or not."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def signal_another_thread(pid, number):
    """Send a signal to a thread that does not block it, and is not the main one."""
    for thread in (int(name) for name in os.listdir(f'/proc/{pid}/task') if int(name) != pid):
        try:
            status = Path(f'/proc/{pid}/task/{thread}/status').read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        blocked = int(re.search(r'^SigBlk:\s*(\w+)', status, re.MULTILINE)[1], 16)
        if not blocked >> number - 1 & 1 and not ctypes.CDLL(None).tgkill(pid, thread, number):
            return
    pytest.fail('all threads but the main one block it')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_end_stops_the_processes_and_the_supervisor(robot, caller, number):
    with inherited(number, signal.SIG_DFL):  # also where these tests are run by nohup
        node = robot.node(SLEEPER)
    pid = start(caller).os_pid
    node.signal(number)
    assert_clean(node)
    assert not alive(pid)
    wait_until(lambda: supervisor_is_gone(robot.lab))
    wait_until(lambda: robot.lab.leftovers() == [])


def test_a_signal_that_does_not_wake_the_main_thread_is_heard(robot):
    # As when it comes while that is just about to wait.
    node = robot.node(SLEEPER)
    signal_another_thread(node.popen.pid, signal.SIGTERM)
    assert_clean(node)


def test_a_hangup_that_is_to_be_ignored_ends_nothing(robot, caller):
    with inherited(signal.SIGHUP, signal.SIG_IGN):  # as nohup does
        node = robot.node(SLEEPER)
    node.signal(signal.SIGHUP)
    pid = start(caller).os_pid
    node.signal(signal.SIGTERM)
    assert_clean(node)
    assert 'SIGHUP' not in node.said and not alive(pid)


def test_an_end_keeps_the_processes_and_the_supervisor_when_told_so(robot, caller):
    node = robot.node(SLEEPER, on_shutdown='keep')
    pid = start(caller).os_pid
    node.signal(signal.SIGINT)
    assert_clean(node)
    assert alive(pid)
    with supervisor(robot.lab) as client:
        processes = client.call('list')['processes']
        assert [process['os_pid'] for process in processes] == [pid]
        assert client.call('status')['instance']['node'] is None


def test_on_shutdown_can_be_changed_while_it_runs(robot, caller):
    from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
    from rcl_interfaces.srv import SetParameters
    node = robot.node(SLEEPER)
    pid = start(caller).os_pid
    result = caller.call(SetParameters, 'set_parameters', parameters=[Parameter(
        name='on_shutdown', value=ParameterValue(
            type=ParameterType.PARAMETER_STRING, string_value='keep'))])
    assert result.results[0].successful
    node.signal(signal.SIGINT)
    assert_clean(node)
    assert alive(pid)


def test_the_end_says_what_it_waits_for_and_a_second_signal_kills_it(robot, caller):
    node = robot.node({'id': 'stubborn', 'cmd': robot.lab.script('stubborn', STUBBORN),
                       'ready': {'output': 'ready'},
                       'stop': {'sigterm_timeout': 1000, 'sigkill_timeout': 1000}})
    pid = start(caller, 'stubborn', wait_ready=True).os_pid
    node.signal(signal.SIGINT)
    node.wait_line('stopping stubborn')
    node.wait_line('waiting for stubborn')
    assert alive(pid)
    node.signal(signal.SIGINT)
    node.wait_line('killing stubborn')
    assert_clean(node)
    assert not alive(pid)


def test_a_signal_during_the_start_ends_it_as_well(robot):
    node = robot.node(ready=False)
    wait_until(lambda: _catches_sigint(node.popen.pid))
    node.signal(signal.SIGINT)
    assert_clean(node)
    wait_until(lambda: robot.lab.leftovers() == [])


def _catches_sigint(pid):
    with open(f'/proc/{pid}/status') as file:
        caught = next(line for line in file if line.startswith('SigCgt:'))
    # Python itself catches SIGINT early, SIGTERM is caught by the node only
    return int(caught.split()[1], 16) & 1 << signal.SIGTERM - 1


def test_kill_9_of_the_node_touches_nothing_and_the_next_one_finds_all_of_it(
        robot, caller, another_caller):
    node = robot.node(SLEEPER)
    first = start(caller, name='a', launch_id='l')
    start(caller, name='b')
    before = listed(caller)
    node.popen.kill()
    node.wait()
    assert alive(first.os_pid)
    robot.node(SLEEPER).wait_line('2 processes')
    after = listed(another_caller())
    for each in [*before.values(), *after.values()]:
        each.timestamp, each.mem_usage, each.processor_load = Heartbeat().timestamp, 0.0, 0.0
        each.resident_bytes = 0
    assert after == before


def test_a_uid_answers_with_the_same_process_after_a_crash_of_the_node(
        robot, caller, another_caller):
    node = robot.node(SLEEPER)
    first = start(caller, uid=4711)
    node.popen.kill()
    node.wait()
    robot.node(SLEEPER)
    assert start(another_caller(), uid=4711).process_id == first.process_id


def test_a_killed_supervisor_is_brought_back_and_finds_its_processes(robot, caller):
    node = robot.node(SLEEPER)
    status = start(caller)
    with supervisor(robot.lab) as client:
        pid = client.hello['pid']
    os.kill(pid, signal.SIGKILL)
    node.wait_line('bringing it back')
    node.wait_line('attached to the supervisor again')
    caller.spin_until(lambda: caller.call(srv.ListProcesses, 'list_processes').success)
    found = listed(caller)
    assert found[status.process_id].os_pid == status.os_pid
    assert found[status.process_id].process_status == ProcessStatus.RUNNING
    stopped = caller.call(srv.StopProcess, 'stop_process', proc_id=status.process_id)
    assert stopped.success, stopped


def test_a_second_node_of_an_instance_is_refused(robot, caller):
    first = robot.node(SLEEPER)
    assert start(caller).process_id  # so that it is known; the other one may be shown, too
    second = robot.node(SLEEPER, ready=False)
    assert second.wait() == 3
    assert '/robot1/launch_service' in second.said and 'Traceback' not in second.said
    assert first.popen.poll() is None
    assert start(caller).process_id


def test_a_node_in_the_foreground_is_refused_where_one_is_managed(robot):
    robot.node(SLEEPER, managed=True)
    second = robot.node(SLEEPER, ready=False)
    assert second.wait() == 3


def test_a_managed_node_ends_alone(robot, caller):
    node = robot.node(SLEEPER, managed=True)
    pid = start(caller).os_pid
    node.signal(signal.SIGTERM)
    assert_clean(node)
    assert alive(pid) and not supervisor_is_gone(robot.lab)


def test_a_managed_node_takes_over_what_the_supervisor_remembers(robot, another_caller):
    from rcl_interfaces.srv import GetParameters
    node = robot.node(SLEEPER, max_processes=7, on_shutdown='keep')
    node.signal(signal.SIGINT)
    assert_clean(node)
    robot.node(managed=True, keep_ended=3).wait_line('1 executables')
    caller = another_caller()
    values = caller.call(GetParameters, 'get_parameters',
                         names=['max_processes', 'keep_ended', 'allowable_processes']).values
    assert [values[0].integer_value, values[1].integer_value] == [7, 3]
    assert len(values[2].string_array_value) == 1
    assert start(caller).process_id


def test_processes_get_the_environment_of_the_node_that_was_started_last(robot, another_caller):
    teller = robot.lab.script('teller', "import os\nprint(os.environ.get('ROS_COLOUR'))\n")
    entry = {'id': 'teller', 'cmd': teller}
    node = robot.node(entry, on_shutdown='keep')
    node.signal(signal.SIGINT)
    assert_clean(node)
    robot.lab.environment['ROS_COLOUR'] = 'green'
    robot.node(entry)
    caller = another_caller()
    process_id = start(caller, 'teller').process_id

    def told():
        return caller.call(srv.ReadOutput, 'read_output', proc_id=process_id).data
    assert caller.spin_until(told) == 'green\n'


def test_a_node_in_the_foreground_brings_its_own_settings(robot, another_caller):
    node = robot.node(SLEEPER, on_shutdown='keep')
    node.signal(signal.SIGINT)
    assert_clean(node)
    robot.node().wait_line('0 executables')
    refused = another_caller().call(srv.StartProcess, 'start_process', cmd='sleeper')
    assert refused.code == ResultCode.NOT_ALLOWED


@pytest.mark.parametrize('managed', [False, True])
def test_a_node_ends_with_its_supervisor(robot, managed):
    node = robot.node(managed=managed)
    with supervisor(robot.lab) as client:
        client.call('shutdown')
    assert_clean(node)


def test_shutdown_over_ros_stops_all_and_its_answer_arrives(robot, caller):
    node = robot.node(SLEEPER)
    pid = start(caller).os_pid
    response = caller.call(srv.Shutdown, 'shutdown')
    assert response.success, response
    assert [each.process_status for each in response.processes] == [ProcessStatus.STOPPED]
    assert_clean(node)
    assert not alive(pid)
    wait_until(lambda: supervisor_is_gone(robot.lab))


def test_shutdown_over_ros_can_keep_the_processes(robot, caller):
    node = robot.node(SLEEPER)
    pid = start(caller).os_pid
    response = caller.call(srv.Shutdown, 'shutdown', keep_processes=True)
    assert response.success and [each.os_pid for each in response.processes] == [pid]
    assert_clean(node)
    assert alive(pid) and not supervisor_is_gone(robot.lab)
    robot.node(SLEEPER).wait_line('1 processes')


def test_the_last_heartbeat_says_that_the_end_is_meant(robot, caller):
    node = robot.node()
    heard = caller.listen(Heartbeat, '/robot1/launch_service/heartbeat', 10)
    caller.spin_until(lambda: heard)
    node.signal(signal.SIGINT)
    caller.spin_until(lambda: heard[-1].mode == Heartbeat.MODE_STOPPING)
    assert_clean(node)


def test_two_instances_on_one_machine_do_not_touch_each_other(robot, caller):
    first = robot.node(SLEEPER)
    robot.node(SLEEPER, namespace='/fleet/robot2')
    kept = start(caller, namespace='/fleet/robot2')
    assert kept.node_name == '/fleet/robot2/launch_service'
    start(caller)
    first.signal(signal.SIGINT)
    assert_clean(first)
    assert list(listed(caller, '/fleet/robot2')) == [kept.process_id]
    assert alive(kept.os_pid)


def test_a_remapped_name_names_topics_and_services(robot, caller):
    robot.node(SLEEPER, arguments=('-r', '__node:=butler'))
    client = caller.node.create_client(srv.ListProcesses, '/robot1/butler/list_processes')
    assert client.wait_for_service(PATIENCE)
    assert caller.finish(client.call_async(srv.ListProcesses.Request())).success


@pytest.mark.parametrize('arguments, words', [
    (('-p', 'max_processes:=none'), 'max_processes'),
    (('-p', 'mode:=asleep'), 'mode'),
    (('-r', 'no rule'), 'no rule'),
    (('--params-file', '/nonexistent.yaml'), '/nonexistent.yaml'),
    (('--', '--loud'), '--loud')])
def test_bad_usage_is_one_line_and_an_exit_code(robot, arguments, words):
    node = robot.node(ready=False, arguments=arguments)
    assert node.wait() == 2, node.said
    own = [line for line in node.lines if line.startswith('[launch_service]')]
    assert len(own) == 1 and words in own[0], node.said
    assert 'Traceback' not in node.said
    assert robot.lab.leftovers() == []


def test_a_state_folder_that_can_not_be_made_is_one_line_and_an_exit_code(robot):
    robot.lab.home.write_text('no folder')
    node = robot.node(ready=False)
    assert node.wait() in (3, 4), node.said
    assert 'Traceback' not in node.said and str(robot.lab.home) in node.said


def test_a_broken_allow_list_is_said_and_the_node_serves(robot, caller):
    node = robot.node(SLEEPER, {'id': 'bad', 'cmd': 'relative'})
    assert 'bad' in node.wait_line('allow-list: ')
    assert start(caller).process_id


def test_allow_any_is_said_aloud(robot):
    robot.node(allow_any='true').wait_line('allow_any is ON')


def test_the_mode_that_is_given_is_set_and_refuses_starts(robot, caller):
    robot.node(SLEEPER, mode='hold')
    caller.spin_until(lambda: caller.call(srv.StartProcess, 'start_process', cmd='sleeper')
                      .code == ResultCode.HELD)


def test_a_change_of_the_mode_is_shown_by_the_parameter_and_the_heartbeat(robot, caller):
    from rcl_interfaces.srv import GetParameters
    robot.node(heartbeat_period=0.1)
    heard = caller.listen(Heartbeat, '/robot1/launch_service/heartbeat', 10)
    with supervisor(robot.lab) as client:
        client.call('set_mode', mode='drain')
    caller.spin_until(lambda: heard and heard[-1].mode == Heartbeat.MODE_DRAIN)
    caller.spin_until(lambda: caller.call(GetParameters, 'get_parameters', names=['mode'])
                      .values[0].string_value == 'drain')


def test_a_changed_allow_list_parameter_is_in_force_at_once(robot, caller):
    from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
    from rcl_interfaces.srv import SetParameters
    robot.node()
    path = robot.lab.allow_list(SLEEPER, name='other.yaml')
    result = caller.call(SetParameters, 'set_parameters', parameters=[Parameter(
        name='allowable_processes', value=ParameterValue(
            type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=[path]))])
    assert result.results[0].successful
    caller.spin_until(lambda: caller.call(srv.StartProcess, 'start_process', cmd='sleeper')
                      .success)
