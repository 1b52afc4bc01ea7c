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

"""Which instance a command line means."""

from cli.fakes import FakeBackend, FakeReach
import pytest

from launch_service_node.cli.options import UsageError
from launch_service_node.cli.target import choose, only_namespace, split_namespace
from launch_service_node.errors import Unreachable


def test_a_first_word_with_a_slash_is_the_namespace() -> None:
    assert split_namespace(['/fleet/robot1', 'lidar', '/dev/x']) == (
        '/fleet/robot1', ['lidar', '/dev/x'])


def test_without_one_the_words_are_left_alone() -> None:
    assert split_namespace(['lidar', '/dev/x']) == (None, ['lidar', '/dev/x'])
    assert split_namespace([]) == (None, [])


def test_the_root_namespace_is_one() -> None:
    assert split_namespace(['/']) == ('/', [])


def test_a_slash_before_nonsense_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match='robot-1'):
        split_namespace(['/robot-1'])


def test_a_verb_that_takes_only_a_namespace_says_how_to_write_it() -> None:
    assert only_namespace(['/robot1']) == '/robot1'
    assert only_namespace([]) is None
    with pytest.raises(UsageError, match='/robot1'):
        only_namespace(['robot1'])


def test_the_only_instance_need_not_be_named() -> None:
    assert choose(None, FakeReach(FakeBackend('/a'))).namespace == '/a'


def test_a_named_instance_is_not_searched_for() -> None:
    reach = FakeReach(FakeBackend('/a'), FakeBackend('/b'))
    assert choose('/b', reach).namespace == '/b'
    assert reach.looked == 0


def test_among_several_the_choices_are_named() -> None:
    with pytest.raises(UsageError, match='/a, /b'):
        choose(None, FakeReach(FakeBackend('/a'), FakeBackend('/b')))


def test_no_instance_is_unreachable() -> None:
    with pytest.raises(Unreachable, match='nobody'):
        choose(None, FakeReach())
