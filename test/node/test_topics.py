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

"""What the node publishes, as a subscriber in another process sees it."""

import signal

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness import PATIENCE
from launch_service_node.msg import Heartbeat, ProcessStatus
import pytest
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import (
    DurabilityPolicy,
    LivelinessPolicy,
    qos_profile_sensor_data,
    QoSProfile,
    ReliabilityPolicy,
)

from launch_service_node import __version__, srv
from launch_service_node.node import qos

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}
FALSE = {'id': 'false', 'cmd': '/bin/false'}

LATE = QoSProfile(depth=qos.STATUS_DEPTH, reliability=ReliabilityPolicy.RELIABLE,
                  durability=DurabilityPolicy.TRANSIENT_LOCAL)


def start(caller, cmd='sleeper', **fields):
    response = caller.call(srv.StartProcess, 'start_process', cmd=cmd, **fields)
    return response.status


def offered(caller, topic):
    return caller.spin_until(
        lambda: caller.node.get_publishers_info_by_topic(topic))[0].qos_profile


def seconds(time: Time):
    return time.sec + time.nanosec / 1e9


def test_the_heartbeat_says_how_the_instance_does(robot, caller):
    node = robot.node(SLEEPER, FALSE, heartbeat_period=0.1, labels='[site=lab, row=3]')
    # All that come while nobody takes them: a start may take long on a busy host.
    heard = caller.listen(Heartbeat, '/robot1/launch_service/heartbeat', 1000)
    start(caller)
    start(caller, 'false')
    caller.spin_until(lambda: heard and heard[-1].num_procs == 1 and heard[-1].num_failed == 1)
    heartbeat = heard[-1]
    assert heartbeat.node_name == '/robot1/launch_service'
    assert (heartbeat.hostname, heartbeat.version) != ('', '')
    assert heartbeat.version == __version__ and len(heartbeat.instance_id) > 8
    assert (heartbeat.mode, heartbeat.period) == (Heartbeat.MODE_RUN, 0.1)
    assert [(pair.key, pair.value) for pair in heartbeat.labels] == [('site', 'lab'),
                                                                      ('row', '3')]
    assert 0.0 < heartbeat.mem_usage < 100.0
    numbers = [each.sequence_number for each in heard]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert node.popen.poll() is None


def test_the_heartbeat_knows_the_host_although_nothing_is_measured(robot, caller):
    robot.node(SLEEPER, heartbeat_period=0.1, measure_period=0.0)
    heard = caller.listen(Heartbeat, '/robot1/launch_service/heartbeat', 10)
    caller.spin_until(lambda: any(each.processor_load > 0 for each in heard))


def test_the_heartbeat_offers_a_deadline_and_a_lease_that_match_its_period(robot, caller):
    robot.node(heartbeat_period=0.4)
    profile = offered(caller, '/robot1/launch_service/heartbeat')
    assert profile.reliability == ReliabilityPolicy.RELIABLE
    assert profile.durability == DurabilityPolicy.VOLATILE
    assert profile.deadline == Duration(seconds=qos.DEADLINE * 0.4)
    assert profile.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC
    assert profile.liveliness_lease_duration == Duration(seconds=qos.LEASE * 0.4)
    heard = caller.listen(Heartbeat, '/robot1/launch_service/heartbeat', qos.heartbeat(0.4))
    caller.spin_until(lambda: heard)  # who asks for all that is offered gets it


def test_a_subscriber_learns_of_a_node_that_hangs_and_of_its_return(robot, caller):
    node = robot.node(heartbeat_period=0.4)
    # Many periods, so that a busy host makes no node that hangs.
    patient = qos.heartbeat(0.4)
    patient.deadline = patient.liveliness_lease_duration = Duration(seconds=PATIENCE / 3)
    missed, alive = [], []
    heard = caller.listen(
        Heartbeat, '/robot1/launch_service/heartbeat', patient,
        event_callbacks=SubscriptionEventCallbacks(
            deadline=lambda event: missed.append(event.total_count),
            liveliness=lambda event: alive.append(event.alive_count)))
    caller.spin_until(lambda: len(heard) >= 3 and alive)
    assert missed == [] and alive == [1]
    node.signal(signal.SIGSTOP)
    try:
        caller.spin_until(lambda: missed)
        caller.spin_until(lambda: alive[-1] == 0)
    finally:
        node.signal(signal.SIGCONT)
    caller.spin_until(lambda: alive[-1] == 1)


def test_a_subscriber_with_other_wishes_hears_the_heartbeat_too(robot, caller):
    robot.node(heartbeat_period=0.1)
    heard = caller.listen(Heartbeat, '/robot1/launch_service/heartbeat', qos_profile_sensor_data)
    caller.spin_until(lambda: heard)


def test_process_status_is_reliable_and_kept_for_those_who_join_late(robot, caller):
    robot.node()
    profile = offered(caller, '/robot1/launch_service/process_status')
    assert profile.reliability == ReliabilityPolicy.RELIABLE
    assert profile.durability == DurabilityPolicy.TRANSIENT_LOCAL


def test_a_subscriber_sees_every_change_in_order_and_at_once(robot, caller):
    robot.node(SLEEPER, measure_period=0.0)
    heard = caller.listen(ProcessStatus, '/robot1/launch_service/process_status', LATE)
    status = start(caller)
    caller.call(srv.StopProcess, 'stop_process', proc_id=status.process_id)
    caller.spin_until(lambda: heard and heard[-1].process_status == ProcessStatus.STOPPED)
    assert [each.process_status for each in heard] == [
        ProcessStatus.STARTING, ProcessStatus.RUNNING, ProcessStatus.STOPPING,
        ProcessStatus.STOPPED]
    numbers = [each.sequence_number for each in heard]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    assert (heard[-1].exit_known, heard[-1].term_signal) == (True, signal.SIGINT)


def test_who_joins_late_learns_the_latest_state_of_every_process(robot, caller):
    robot.node(SLEEPER, FALSE, measure_period=0.1)
    quiet = [start(caller, 'false', name=f'failed_{number}') for number in range(5)]
    quiet.append(start(caller, name='stopped'))
    caller.call(srv.StopProcess, 'stop_process', name='stopped')
    busy = [start(caller, name=f'busy_{number}') for number in range(20)]
    # far more measurements than the topic keeps messages; how fast they come is the host's affair
    heard = caller.listen(ProcessStatus, '/robot1/launch_service/process_status', LATE)
    for count in range(0, 2 * qos.STATUS_DEPTH + 1, 64):
        caller.spin_until(lambda: len(heard) > count)  # noqa: B023
    late = caller.listen(ProcessStatus, '/robot1/launch_service/process_status', LATE)
    wanted = {status.process_id for status in [*quiet, *busy]}
    caller.spin_until(lambda: wanted <= {status.process_id for status in late})
    listed = {each.process_id: (each.process_status, each.sequence_number)
              for each in caller.call(srv.ListProcesses, 'list_processes').processes}
    latest = {each.process_id: (each.process_status, each.sequence_number) for each in late}
    assert latest == listed


def test_what_is_alive_is_measured(robot, caller):
    spinner = robot.lab.script('spinner', 'x = bytearray(20000000)\nwhile True: pass\n')
    robot.node({'id': 'spinner', 'cmd': spinner}, measure_period=0.1)
    heard = caller.listen(ProcessStatus, '/robot1/launch_service/process_status', LATE)
    start(caller, 'spinner')
    caller.spin_until(lambda: heard and heard[-1].processor_load > 1.0
                      and heard[-1].resident_bytes > 20_000_000)
    assert 0.0 < heard[-1].mem_usage < 100.0 and heard[-1].num_tree_procs == 1
    assert heard[-1].sequence_number == heard[-2].sequence_number
    assert seconds(heard[-1].timestamp) > seconds(heard[-2].timestamp)


def test_diagnostics_tell_of_the_instance_and_of_processes_in_trouble(robot, caller):
    robot.node(SLEEPER, FALSE, diagnostics_period=0.1)
    heard = caller.listen(DiagnosticArray, '/diagnostics', 10)
    start(caller)
    failed = start(caller, 'false')

    def levels():
        return {each.name: each.level for each in heard[-1].status} if heard else {}
    caller.spin_until(lambda: levels() == {
        '/robot1/launch_service': DiagnosticStatus.OK,
        '/robot1/launch_service: false': DiagnosticStatus.ERROR})
    process = heard[-1].status[1]
    assert {pair.key: pair.value for pair in process.values}['process_id'] == str(
        failed.process_id)
    assert heard[-1].status[0].hardware_id == failed.hostname


@pytest.mark.parametrize('parameters, words', [
    ({'mode': 'hold'}, 'hold'), ({'allow_any': 'true'}, 'allow_any'),
    ({'allowable_processes': '[/nonexistent.yaml]'}, 'allow-list')])
def test_diagnostics_warn_of_an_instance_that_is_not_as_usual(robot, caller, parameters, words):
    robot.node(diagnostics_period=0.1, **parameters)
    heard = caller.listen(DiagnosticArray, '/diagnostics', 10)
    caller.spin_until(lambda: heard and heard[-1].status[0].level == DiagnosticStatus.WARN
                      and words in heard[-1].status[0].message)


def test_diagnostics_can_be_switched_off(robot, caller):
    robot.node(diagnostics_period=0.0)
    caller.spin_until(
        lambda: caller.node.get_publishers_info_by_topic('/robot1/launch_service/heartbeat'))
    assert caller.node.get_publishers_info_by_topic('/diagnostics') == []
