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

"""What is refused before anything is built."""

import sys

import pytest

from interface_build import prepare
from interface_build.errors import MixedDistros, NoGenerators, UnsupportedDistro


@pytest.fixture
def only(monkeypatch, tmp_path):
    """Give a function that makes a prefix all the ROS 2 there is; the environment of it."""
    def use(prefix, target=None):
        monkeypatch.setattr(sys, 'prefix', str(target or tmp_path / 'nothing'))
        monkeypatch.setattr(sys, 'path', [str(next((prefix / 'lib').glob('*/site-packages')))])
        monkeypatch.delitem(sys.modules, 'rosidl_generator_c', raising=False)
        return {'AMENT_PREFIX_PATH': str(prefix)}
    return use


def test_generators_of_one_distribution_are_taken(make_prefix, only):
    prefix = make_prefix('ros', rosidl_generator_c='4.9.5', rosidl_runtime_c='4.9.5',
                         rosidl_generator_type_description='4.9.5')
    assert prepare.find_prefixes(only(prefix)).folders == (prefix,)


def test_no_generators_are_refused(make_prefix, only):
    with pytest.raises(NoGenerators, match='source a ROS 2'):
        prepare.find_prefixes(only(make_prefix('ros', rclpy='9.1.2')))


def test_a_ros_without_type_hashes_is_refused(make_prefix, only):
    prefix = make_prefix('ros', rosidl_generator_c='3.1.6', rosidl_runtime_c='3.1.6')
    with pytest.raises(UnsupportedDistro, match='Iron or newer'):
        prepare.find_prefixes(only(prefix))


def test_generators_of_another_distribution_than_the_target_are_refused(make_prefix, only):
    prefix = make_prefix('overlay', rosidl_generator_c='4.9.5', rosidl_runtime_c='4.9.5',
                         rosidl_generator_type_description='4.9.5')
    target = make_prefix('venv', rosidl_runtime_c='4.6.6')
    with pytest.raises(MixedDistros, match=f'{target} .* 4.6.6'):
        prepare.find_prefixes(only(prefix, target))


def test_a_sourced_ros_that_pip_has_hidden_is_used(make_prefix, only, monkeypatch):
    prefix = make_prefix('ros', rclpy='9.1.2', rosidl_generator_c='4.9.5',
                         rosidl_runtime_c='4.9.5', rosidl_generator_type_description='4.9.5')
    environ = {**only(prefix), 'ROS_DISTRO': 'kilted'}
    monkeypatch.setattr(sys, 'path', [])
    assert prepare.find_prefixes(environ).folders == (prefix,)
