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

"""Records and interface files say the same."""

from pathlib import Path
import re

from launch_service_node.client import records

ROOT = Path(__file__).parents[2]


def _fields(name: str) -> set[str]:
    lines = (ROOT / 'msg' / f'{name}.msg').read_text().splitlines()
    found = (re.match(r'[\w/\[\]]+ (\w+)\s*(#.*)?$', line) for line in lines)
    return {match.group(1) for match in found if match}


def test_states_are_in_the_order_of_the_message() -> None:
    text = (ROOT / 'msg' / 'ProcessStatus.msg').read_text()
    constants = re.findall(r'^uint8 (\w+)=(\d+)', text, re.MULTILINE)
    assert [(records.state_name(int(number)), name) for name, number in constants] == [
        (name, name) for name, _ in constants]
    assert len(constants) == len(records.STATES)


def test_a_state_that_is_none_is_unknown() -> None:
    assert records.state_name(200) == 'UNKNOWN'


def test_a_process_has_every_field_of_its_message() -> None:
    assert {*records.PROCESS_FIELDS, *records.TIME_FIELDS} == _fields('ProcessStatus')


def test_an_executable_has_every_field_of_its_message() -> None:
    assert {*records.EXECUTABLE_FIELDS, 'arguments', 'labels'} == _fields('Executable')
    assert set(records.SLOT_FIELDS) == _fields('ArgumentSlot')
