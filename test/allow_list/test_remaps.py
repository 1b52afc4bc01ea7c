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

"""Arguments that remap: a ROS node takes `topic:=other` wherever it stands, also behind `--`."""

from __future__ import annotations

import sys

import pytest

from launch_service_node.allow_list.anything import entry_for_any
from launch_service_node.allow_list.model import ArgumentSlot, Entry
from launch_service_node.allow_list.resolve import resolve
from launch_service_node.errors import NotAllowed


def entry(pattern: str) -> Entry:
    return Entry('arm', argv=('/opt/arm', '--ros-args', '-p', 'a:=1', '--'),
                 slots=(ArgumentSlot('word', pattern, repeated=True),))


@pytest.mark.parametrize('argument', ['cmd_vel:=other', '__ns:=/other', '__node:=x', 'a:=:='])
@pytest.mark.parametrize('pattern', [
    '[A-Za-z0-9_/].*', r'\w[^ ]*', '[_a-z].*', '[a-z_:/=]+', '[a-z_].*(?:=x)?',
    '[a-z_].*(?i:=x)?'])
def test_one_that_no_pattern_has_in_so_many_words_is_refused(
        pattern: str, argument: str) -> None:
    with pytest.raises(NotAllowed, match=':= only where the pattern has it$'):
        resolve(entry(pattern), [argument])


@pytest.mark.parametrize('pattern', ['[a-z_]+:=[a-z]+', r'[a-z_]+\:\=[a-z]+', '[a-z_:=]+',
                                     '[a-z_]+(?::=[a-z]+)?', '(?:[a-z_]+):=[a-z]+'])
def test_one_that_the_pattern_has_is_taken(pattern: str) -> None:
    assert resolve(entry(pattern), ['cmd_vel:=other']).argv[-1] == 'cmd_vel:=other'


def test_a_colon_and_an_equals_sign_by_themselves_are_nothing_special() -> None:
    assert resolve(entry('[a-z].*'), ['http://x', 'a=b', 'a=:b']).argv[-1] == 'a=:b'


def test_allow_any_takes_all_of_them() -> None:
    found = entry_for_any(sys.executable, {})
    assert resolve(found, ['cmd_vel:=other', '-x']).argv[1:] == ('cmd_vel:=other', '-x')


def test_a_node_does_remap_by_such_an_argument() -> None:
    """Should this fail one day, none of the above is needed any more."""
    rclpy = pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    context = rclpy.context.Context()
    context.init(args=['arm', '--ros-args', '-p', 'a:=1', '--', 'cmd_vel:=other'])
    node = rclpy.create_node('arm', context=context)
    try:
        assert node.resolve_topic_name('cmd_vel') == '/other'
    finally:
        node.destroy_node()
        context.try_shutdown()
