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

"""What is taken for a sourced ROS 2, and where packages are looked up."""

import os
import sys

import pytest

from interface_build.environment import build_prefixes, find_sourced_ros, Prefixes, ros_wheels
from interface_build.errors import MixedDistros, NoGenerators


def sourced(*prefixes):
    return {'ROS_DISTRO': 'jazzy', 'AMENT_PREFIX_PATH': os.pathsep.join(map(str, prefixes))}


def test_a_sourced_ros_is_found_with_its_python_folders(make_prefix):
    prefix = make_prefix('ros', rclpy='7.1.6')
    found = find_sourced_ros(sourced('/does/not/exist', prefix))
    assert found is not None and found.distro == 'jazzy'
    assert found.prefixes == (prefix,)
    assert [folder.name for folder in found.python_folders] == ['site-packages']


def test_without_ros_distro_nothing_is_sourced(make_prefix):
    prefix = make_prefix('ros', rclpy='7.1.6')
    assert find_sourced_ros({'AMENT_PREFIX_PATH': str(prefix)}) is None


def test_a_workspace_without_rclpy_is_no_ros(make_prefix):
    assert find_sourced_ros(sourced(make_prefix('workspace', some_robot='1.0.0'))) is None


def test_wheels_as_underlay_are_no_sourced_ros(make_prefix):
    prefix = make_prefix('venv', wheels=('ros-rclpy==7.1.6',), rclpy='7.1.5')
    assert find_sourced_ros(sourced(prefix)) is None


def test_a_sourced_ros_for_another_python_is_refused(make_prefix):
    prefix = make_prefix('ros', python='python3.3', rclpy='7.1.6')
    with pytest.raises(MixedDistros, match=r'jazzy .* is not for Python'):
        find_sourced_ros(sourced(prefix))


def test_wheels_are_read_by_their_normal_name(make_prefix):
    prefix = make_prefix('venv', wheels=('ros-rclpy==7.1.6', 'psutil==7.0.0'))
    folder = next((prefix / 'lib').glob('*/site-packages'))
    assert ros_wheels([folder]) == {'ros-rclpy': '7.1.6'}


def test_the_first_prefix_with_a_package_has_it(make_prefix):
    overlay, underlay = make_prefix('o', a='2.0.0'), make_prefix('u', a='1.0.0', b='1.0.0')
    prefixes = Prefixes((overlay, underlay))
    assert prefixes.version('a') == '2.0.0'
    assert prefixes.of('b') == underlay
    assert not prefixes.holds('c')


def test_a_missing_package_is_named_with_a_way_out(make_prefix):
    with pytest.raises(NoGenerators, match='diagnostic_msgs .* ros-diagnostic-msgs'):
        Prefixes((make_prefix('ros'),)).of('diagnostic_msgs')


def module_in(prefix, folder='lib'):
    version = f'python{sys.version_info[0]}.{sys.version_info[1]}'
    return prefix / folder / version / 'site-packages' / 'rosidl_generator_c' / '__init__.py'


def test_an_isolated_build_looks_beside_its_generators_first(make_prefix):
    overlay, other = make_prefix('overlay'), make_prefix('other')
    found = build_prefixes(module_in(overlay), {'AMENT_PREFIX_PATH': str(other)})
    assert found.folders == (overlay, other)


def test_in_a_sourced_ros_its_order_holds(make_prefix):
    workspace, ros = make_prefix('workspace'), make_prefix('ros')
    environ = {'AMENT_PREFIX_PATH': f'{workspace}{os.pathsep}{ros}'}
    assert build_prefixes(module_in(ros), environ).folders == (workspace, ros)


def test_a_debian_folder_of_a_workspace_is_understood(make_prefix):
    ros = make_prefix('ros')
    environ = {'AMENT_PREFIX_PATH': str(ros)}
    assert build_prefixes(module_in(ros, 'local/lib'), environ).folders == (ros,)
