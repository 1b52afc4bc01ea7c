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

"""The node's mirror of the supervisor's table, and what it publishes."""

from launch_service_node.msg import ProcessStatus
import pytest

from launch_service_node.node.process_table import ALIVE, ProcessTable

RUNNING, FAILED, STOPPED = ProcessStatus.RUNNING, ProcessStatus.FAILED, ProcessStatus.STOPPED


def process(process_id, status=RUNNING, sequence_number=1, name=''):
    return {'timestamp_ns': 1, 'process_name': name or f'p{process_id}', 'process_id': process_id,
            'process_status': status, 'mem_usage': 0.0, 'processor_load': 0.0, 'err_msg': '',
            'executable_id': 'x', 'hostname': 'h', 'os_pid': 1, 'exit_known': False,
            'exit_code': 0, 'term_signal': 0, 'restart_count': 0, 'start_time_ns': 1,
            'resident_bytes': 0, 'num_tree_procs': 1, 'launch_id': '',
            'sequence_number': sequence_number}


@pytest.fixture
def published():
    return []


@pytest.fixture
def table(published):
    return ProcessTable('/r/launch_service', 100, lambda status: published.append(
        (status.process_id, status.process_status, status.sequence_number)))


def test_a_snapshot_publishes_all_in_the_order_of_their_changes(table, published):
    table.snapshot([process(1, sequence_number=9), process(2, sequence_number=4)])
    assert published == [(2, RUNNING, 4), (1, RUNNING, 9)]


def test_a_snapshot_after_a_gap_publishes_only_what_has_changed(table, published):
    table.snapshot([process(1, sequence_number=1), process(2, sequence_number=2)])
    published.clear()
    table.snapshot([process(1, sequence_number=1), process(2, FAILED, 3),
                    process(3, sequence_number=4)])
    assert published == [(2, FAILED, 3), (3, RUNNING, 4)]


def test_a_snapshot_after_a_gap_forgets_what_is_gone(table, published):
    table.snapshot([process(1), process(2)])
    table.snapshot([process(2)])
    assert table.count(RUNNING) == 1
    table.measured([{'process_id': 1, 'mem_usage': 0.0, 'processor_load': 0.0,
                     'resident_bytes': 0, 'num_tree_procs': 1}], 1)
    assert [each for each, _, _ in published] == [1, 2]


def test_counts_follow_the_states(table):
    table.snapshot([process(1), process(2, ProcessStatus.STARTING), process(3, FAILED)])
    assert (table.count(*ALIVE), table.count(FAILED)) == (2, 1)
    table.changed(process(1, FAILED, 5))
    table.changed(process(3, RUNNING, 6))
    assert (table.count(*ALIVE), table.count(FAILED)) == (2, 1)
    table.removed(1)
    table.removed(1)
    assert (table.count(*ALIVE), table.count(FAILED)) == (2, 0)


def test_a_measurement_repeats_the_number_of_the_last_change(table, published):
    table.snapshot([process(1, sequence_number=7)])
    table.measured([{'process_id': 1, 'mem_usage': 1.0, 'processor_load': 2.0,
                     'resident_bytes': 3, 'num_tree_procs': 4}], 1)
    assert published == [(1, RUNNING, 7)] * 2


def test_a_measurement_of_an_unknown_process_is_left_out(table, published):
    table.measured([{'process_id': 0, 'mem_usage': 1.0, 'processor_load': 2.0,
                     'resident_bytes': 3, 'num_tree_procs': 4}], 1)
    assert published == []


def test_a_process_in_trouble_is_told_of_until_it_is_no_longer_listed(table):
    table.snapshot([process(1)])
    assert table.troubled() == []
    table.changed(process(1, ProcessStatus.BACKOFF, 2))
    table.changed(process(1, RUNNING, 3))
    assert [status.process_status for status in table.troubled()] == [RUNNING]
    table.removed(1)
    assert table.troubled() == []


def test_who_is_quiet_is_published_again_before_the_topic_forgets_it(table, published):
    table.snapshot([process(1, STOPPED), process(2)])
    for number in range(3, 250):
        table.changed(process(2, sequence_number=number))
    assert any(each == (1, STOPPED, 1) for each in published[-100:])


def test_the_names_of_the_alive_are_known(table):
    table.snapshot([process(1, name='a'), process(2, STOPPED, name='b')])
    assert table.alive_names() == ['a']
