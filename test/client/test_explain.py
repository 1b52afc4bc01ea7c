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

"""An unreachable service is explained with what to do."""

from launch_service_node.client import explain
from launch_service_node.errors import LaunchServiceError, ResultCode


def _one_line(error: LaunchServiceError) -> str:
    assert '\n' not in error.message
    return error.message


def test_not_found_names_the_settings_that_decide() -> None:
    error = explain.not_found('/robot1/launch_service', 5.0, (), {
        'ROS_DOMAIN_ID': '42', 'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp',
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'})
    text = _one_line(error)
    assert error.code == ResultCode.SERVICE_UNAVAILABLE
    for part in ('/robot1/launch_service', '5 s', 'ROS_DOMAIN_ID=42',
                 'RMW_IMPLEMENTATION=rmw_cyclonedds_cpp',
                 'ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST'):
        assert part in text


def test_not_found_says_who_is_there_instead() -> None:
    error = explain.not_found('/robot1/launch_service', 5.0, ['/robot2/launch_service'], {})
    assert 'the graph has /robot2' in _one_line(error)


def test_settings_that_are_not_set_show_their_default() -> None:
    assert explain.ros_settings({}) == 'ROS_DOMAIN_ID=0, RMW_IMPLEMENTATION=(default)'


def test_absent_and_silent_are_told_apart() -> None:
    assert explain.none_found(5.0, {}).code == ResultCode.SERVICE_UNAVAILABLE
    assert explain.went_away('/a/shutdown').code == ResultCode.SERVICE_UNAVAILABLE
    assert explain.timed_out('/a/list_processes', 10.0).code == ResultCode.TIMED_OUT
