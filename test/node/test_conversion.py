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

"""Messages and the supervisor's fields: nothing is forgotten, nothing is of the wrong type."""

import base64
import math

from harness import Lab
from hypothesis import given, strategies
from launch_service_node.msg import ArgumentSlot, Executable, ProcessStatus
import pytest
from rclpy.serialization import deserialize_message, serialize_message

from launch_service_node import srv
from launch_service_node.node import conversion
from launch_service_node.node.services import OPERATIONS
from launch_service_node.supervisor.requests import FIELDS

PROCESS = {
    'timestamp_ns': 1_700_000_000_123_456_789, 'process_name': 'lidar_2', 'process_id': 2 ** 63,
    'process_status': ProcessStatus.BACKOFF, 'mem_usage': 1, 'processor_load': 250,
    'err_msg': 'exit code 3', 'executable_id': 'lidar', 'hostname': 'robot1', 'os_pid': 4711,
    'exit_known': True, 'exit_code': 3, 'term_signal': 9, 'restart_count': 5,
    'start_time_ns': 1_699_999_999_000_000_001, 'resident_bytes': 2 ** 40, 'num_tree_procs': 3,
    'launch_id': 'bringup', 'sequence_number': 77, 'command': ['/bin/true'],
    'output_path': '/x', 'restart_in': 1.5, 'limits': {}}

ENTRY = {
    'id': 'lidar', 'description': 'a lidar', 'command': '/usr/bin/lidar -x',
    'arguments': [{'name': 'rate', 'pattern': '[0-9]+', 'required': True, 'repeated': True}],
    'environment': ['RATE'], 'restart_policy': 'on-failure', 'autostart': True, 'usable': True,
    'err_msg': 'none', 'labels': {'site': 'lab'}}

BOTH = {'timestamp': 'timestamp_ns', 'start_time': 'start_time_ns'}
NAMES = {'proc_id': 'process_id', 'id': 'executable_id'}


def fields_of(message_type):
    return set(message_type.get_fields_and_field_types())


def differs(message, empty):
    """Return the fields that are not what they are in an empty message."""
    return {field for field in fields_of(type(message))
            if getattr(message, field) != getattr(empty, field)}


def carried(message):
    """Return a message as the middleware hands it to the other side."""
    return deserialize_message(serialize_message(message), type(message))


def test_every_field_of_a_process_status_is_filled():
    status = conversion.process_status(PROCESS, '/robot1/launch_service')
    assert differs(status, ProcessStatus()) == fields_of(ProcessStatus)


def test_a_process_status_holds_what_the_supervisor_said():
    status = carried(conversion.process_status(PROCESS, '/robot1/launch_service'))
    for field in fields_of(ProcessStatus) - {*BOTH, 'node_name'}:
        assert getattr(status, field) == PROCESS[field], field
    for field, key in BOTH.items():
        time = getattr(status, field)
        assert time.sec * 10 ** 9 + time.nanosec == PROCESS[key]
    assert status.node_name == '/robot1/launch_service'


def test_a_process_status_survives_the_middleware_with_whole_numbers_for_loads():
    status = conversion.process_status({**PROCESS, 'mem_usage': 12, 'processor_load': 3}, '/n')
    assert (carried(status).mem_usage, carried(status).processor_load) == (12.0, 3.0)


def test_every_field_of_an_executable_is_filled():
    executable = conversion.executable(ENTRY)
    assert differs(executable, Executable()) == fields_of(Executable)
    assert differs(executable.arguments[0], ArgumentSlot()) == fields_of(ArgumentSlot)
    assert carried(executable) == executable


def test_a_measurement_changes_what_is_measured_and_nothing_else():
    status = conversion.process_status(PROCESS, '/n')
    before = conversion.process_status(PROCESS, '/n')
    conversion.measure(status, {'process_id': 1, 'mem_usage': 7, 'processor_load': 8,
                                'resident_bytes': 9, 'num_tree_procs': 10}, 5 * 10 ** 9 + 1)
    assert differs(status, before) == {'timestamp', 'mem_usage', 'processor_load',
                                       'resident_bytes', 'num_tree_procs'}
    assert carried(status) == status


@pytest.mark.parametrize('operation', OPERATIONS, ids=lambda operation: operation.op)
def test_every_field_of_a_request_becomes_a_field_of_the_operation(operation):
    request = operation.type.Request()
    fields = operation.fields(request)
    mapped = {NAMES.get(name, name) for name in fields_of(type(request))}
    assert set(fields) == mapped - {'structure_needs_at_least_one_member'}
    assert set(fields) == set(FIELDS[operation.op])
    assert not set(fields) & {'id', 'op', 'caller'}


@pytest.mark.parametrize('operation', OPERATIONS, ids=lambda operation: operation.op)
def test_every_field_of_a_response_is_filled_from_an_answer(operation):
    answer = {
        'ok': True, 'code': 3, 'message': 'words', 'process': PROCESS, 'processes': [PROCESS],
        'executables': [ENTRY], 'allow_any': True, 'files': ['/a'], 'errors': ['b'],
        'data': base64.b64encode(b'text').decode(), 'offset': 1, 'next_offset': 5,
        'dropped_bytes': 3, 'eof': True, 'timestamp_ns': 1, 'hostname': 'h', 'mem_usage': 1,
        'processor_load': 2, 'num_procs': 3, 'num_executables': 4}
    response = operation.type.Response()
    operation.fill(response, answer, '/n')
    assert differs(response, operation.type.Response()) == fields_of(type(response))
    assert carried(response) == response


@pytest.mark.parametrize('operation', OPERATIONS, ids=lambda operation: operation.op)
def test_a_refusal_without_details_becomes_a_response(operation):
    response = operation.type.Response()
    operation.fill(response, {'ok': False, 'code': 62, 'message': 'gone'}, '/n')
    assert not response.success and 'gone' in response.message
    assert carried(response) == response


def test_the_environment_of_a_start_is_an_object():
    request = srv.StartProcess.Request(env=conversion.key_values({'A': '1', 'B': '2'}))
    assert conversion.start_fields(request)['env'] == {'A': '1', 'B': '2'}


@pytest.mark.parametrize('given, told', [(-1.0, None), (0.0, 0.0), (2.5, 2.5)])
def test_a_negative_timeout_is_left_to_the_entry(given, told):
    request = srv.StopProcess.Request(sigterm_timeout=given, sigkill_timeout=given)
    fields = conversion.stop_fields(request)
    assert (fields['sigterm_timeout'], fields['sigkill_timeout']) == (told, told)


def test_a_timeout_that_is_no_number_is_passed_on_to_be_refused():
    fields = conversion.stop_fields(srv.StopProcess.Request(sigterm_timeout=math.nan))
    assert math.isnan(fields['sigterm_timeout'])


def read(data, eof=False, next_offset=100):
    response = srv.ReadOutput.Response()
    conversion.fill_output(response, {
        'ok': True, 'code': 0, 'message': '', 'data': base64.b64encode(data).decode(),
        'offset': next_offset - len(data), 'next_offset': next_offset, 'dropped_bytes': 0,
        'eof': eof}, '')
    return response


def test_a_character_that_is_cut_is_left_for_the_next_call():
    response = read('abcä'.encode()[:-1])
    assert (response.data, response.next_offset) == ('abc', 99)


def test_a_character_that_stays_cut_is_replaced():
    response = read('abcä'.encode()[:-1], eof=True)
    assert (response.data, response.next_offset) == ('abc\ufffd', 100)


def test_bytes_that_no_string_can_carry_are_replaced():
    assert carried(read(b'a\xff\0b')).data == 'a\ufffd\ufffdb'


@given(strategies.text(max_size=60), strategies.integers(4, 9))
def test_output_read_piece_by_piece_is_the_same_as_read_at_once(text, size):
    text = text.replace('\0', '\ufffd')
    data = text.encode('utf-8', 'replace')
    offset, pieces = 0, []
    while offset < len(data):
        end = min(offset + size, len(data))
        response = read(data[offset:end], eof=end == len(data), next_offset=end)
        assert offset < response.next_offset <= end
        pieces.append(response.data)
        offset = response.next_offset
    assert ''.join(pieces) == data.decode()


@given(strategies.text(alphabet=strategies.characters(), max_size=20))
def test_any_text_can_be_carried(text):
    message = ProcessStatus(err_msg=conversion.text(text))
    assert carried(message).err_msg == message.err_msg


def test_a_real_process_has_the_keys_that_the_page_promises(lab: Lab):
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    process = running.start('sleeper')
    assert set(process) == set(PROCESS)
    carried(conversion.process_status(process, '/n'))
    executable = running.call('executables')['executables'][0]
    assert set(executable) == set(ENTRY)
    carried(conversion.executable(executable))
