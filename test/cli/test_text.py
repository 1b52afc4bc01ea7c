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

"""Values as people read them."""

from typing import Any

import pytest

from launch_service_node.cli import text
from launch_service_node.client.records import STATES


def process(**fields: Any) -> dict[str, Any]:
    """Return the record of a process that runs."""
    return {'process_name': 'lidar', 'process_id': 3, 'process_status': 1, 'os_pid': 4711,
            'exit_known': False, 'exit_code': 0, 'term_signal': 0, 'err_msg': '',
            'start_time_ns': 1_000_000_000, **fields}


@pytest.mark.parametrize(('number', 'shown'), [
    (0, '0B'), (1023, '1023B'), (1024, '1.0K'), (12_900_000, '12.3M'), (5 * 2 ** 40, '5.0T'),
    (2000 * 2 ** 40, '2000T'), (300 * 2 ** 20, '300M')])
def test_sizes(number: int, shown: str) -> None:
    assert text.size(number) == shown


@pytest.mark.parametrize(('seconds', 'shown'), [
    (-1, '0s'), (59.9, '59s'), (245, '4m05s'), (7980, '2h13m'), (446400, '5d04h')])
def test_durations(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


def test_uptime_is_by_the_clock_of_the_host() -> None:
    assert text.uptime(process(), now_ns=6_500_000_000) == '5s'


def test_what_is_not_alive_has_no_uptime() -> None:
    assert text.uptime(process(process_status=STATES.index('FAILED')), 6_500_000_000) == ''
    assert text.uptime(process(start_time_ns=0), 6_500_000_000) == ''


@pytest.mark.parametrize(('fields', 'shown'), [
    ({}, ''), ({'exit_known': True, 'exit_code': 3}, '3'),
    ({'exit_known': True, 'term_signal': 9}, 'SIGKILL'),
    ({'exit_known': True, 'term_signal': 63}, 'signal 63'),
    ({'exit_code': 3, 'term_signal': 9}, '')])
def test_exit_status(fields: dict[str, Any], shown: str) -> None:
    assert text.exit_status(process(**fields)) == shown


def test_a_process_in_words() -> None:
    assert text.describe(process()) == 'lidar (id 3, pid 4711) is RUNNING'
    assert text.describe(process(
        os_pid=0, process_status=6, exit_known=True, exit_code=2, err_msg='no map')
    ) == 'lidar (id 3) is FAILED, exit code 2: no map'


def test_nothing_that_a_process_says_drives_the_terminal() -> None:
    assert text.printable('a\x1b[2Jb\nc\x07ä') == 'a\\x1b[2Jb\\nc\\x07ä'
    assert '\x1b' not in text.describe(process(err_msg='\x1b]0;owned\x07'))


def test_one_file_two_files() -> None:
    assert text.count(1, 'file') == '1 file'
    assert text.count(0, 'file') == '0 files'
    assert text.count(2, 'process', 'processes') == '2 processes'
