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

"""Which files are interfaces, and whose messages they use."""

import pytest

from interface_build.environment import Prefixes
from interface_build.errors import NoGenerators
from interface_build.interfaces import dependencies, interface_files, messages_used


def test_messages_of_other_packages_are_found_and_our_own_are_not():
    text = """\
# builtin_interfaces/Duration is not used
builtin_interfaces/Time timestamp
diagnostic_msgs/KeyValue[] labels
sensor_msgs/Imu[<=3] imu
ProcessStatus[] processes
uint8 A=1 # std_msgs/String
string name
"""
    assert messages_used(text) == {
        ('builtin_interfaces', 'Time'), ('diagnostic_msgs', 'KeyValue'), ('sensor_msgs', 'Imu')}


def test_every_interface_of_the_source_folder_is_built(root):
    files = interface_files(root)
    assert 'msg/Heartbeat.msg' in files and 'srv/StartProcess.srv' in files
    assert len(files) == len(list(root.glob('msg/*.msg'))) + len(list(root.glob('srv/*.srv')))


def add_message(prefix, package, name, text):
    folder = prefix / 'share' / package / 'msg'
    folder.mkdir(exist_ok=True)
    (folder / f'{name}.msg').write_text(text, encoding='utf-8')


def test_packages_are_found_through_the_messages_of_others(make_prefix, tmp_path):
    prefix = make_prefix('ros', a_msgs='1.0.0', b_msgs='1.0.0', service_msgs='1.0.0')
    add_message(prefix, 'a_msgs', 'A', 'b_msgs/B[] bs\nA2 other\n')
    add_message(prefix, 'b_msgs', 'B', 'int32 x\n')
    add_message(prefix, 'service_msgs', 'ServiceEventInfo', 'uint8 type\n')
    (tmp_path / 'msg').mkdir()
    (tmp_path / 'msg' / 'Mine.msg').write_text('a_msgs/A a\n', encoding='utf-8')
    prefixes = Prefixes((prefix,))
    assert dependencies(tmp_path, ['msg/Mine.msg'], prefixes) == ['a_msgs', 'b_msgs']
    (tmp_path / 'Do.srv').write_text('---\n', encoding='utf-8')
    assert dependencies(tmp_path, ['Do.srv'], prefixes) == ['service_msgs']


def test_a_message_that_does_not_exist_is_named(make_prefix, tmp_path):
    prefix = make_prefix('ros', a_msgs='1.0.0')
    (tmp_path / 'Mine.msg').write_text('a_msgs/Nope a\n', encoding='utf-8')
    with pytest.raises(NoGenerators, match='a_msgs/Nope'):
        dependencies(tmp_path, ['Mine.msg'], Prefixes((prefix,)))
