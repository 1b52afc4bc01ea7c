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

"""What an interface package must bring, in the installation that the tests run in."""

import ctypes
import json
import os
from pathlib import Path
import sys

import pytest

from interface_build.environment import ament_prefixes
from interface_build.interfaces import interface_files
from interface_build.layout import index_content

PACKAGE = 'launch_service_node'
TYPESUPPORTS = [
    f'rosidl_typesupport_{kind}' for kind in (
        'c', 'cpp', 'fastrtps_c', 'fastrtps_cpp', 'introspection_c', 'introspection_cpp')]


@pytest.fixture(scope='module')
def prefix():
    """Give the prefix that the package is installed in."""
    for folder in (*ament_prefixes(os.environ), Path(sys.prefix)):
        if (folder / 'share' / PACKAGE / 'package.xml').exists():
            return folder
    raise AssertionError('the package is not installed: the tests need it to be')


def test_messages_and_hand_written_modules_are_one_package():
    from launch_service_node.msg import ResultCode

    from launch_service_node import errors
    assert ResultCode.NOT_FOUND == errors.ResultCode.NOT_FOUND


def test_the_middleware_gets_type_support_of_messages_and_services():
    # What rclpy does when something is published: it loads all three extension modules.
    from launch_service_node.msg import Heartbeat
    from launch_service_node.srv import StartProcess
    for kind in (Heartbeat, StartProcess):
        type(kind).__import_type_support__()
        assert type(kind)._TYPE_SUPPORT is not None


@pytest.mark.parametrize('typesupport', TYPESUPPORTS)
def test_a_type_support_has_every_interface(typesupport, root):
    # By bare name, which is how the dispatchers and rosbag2 load them.
    library = ctypes.CDLL(f'lib{PACKAGE}__{typesupport}.so')
    for name in interface_files(root):
        kind, name = Path(name).parent.name, Path(name).stem
        handle = 'message' if kind == 'msg' else 'service'
        symbol = f'{typesupport}__get_{handle}_type_support_handle__{PACKAGE}__{kind}__{name}'
        assert getattr(library, symbol)


def test_the_ament_index_has_the_package_and_its_interfaces(prefix, root):
    index = prefix / 'share' / 'ament_index' / 'resource_index'
    assert (index / 'packages' / PACKAGE).exists()
    written = (index / 'rosidl_interfaces' / PACKAGE).read_text(encoding='utf-8')
    assert written == index_content(interface_files(root))


def test_definitions_lie_where_ros2_interface_show_reads_them(prefix, root):
    share = prefix / 'share' / PACKAGE
    for name in interface_files(root):
        path = share / name
        assert path.read_bytes() == (root / name).read_bytes()
        assert path.with_suffix('.idl').is_file()
        described = json.loads(path.with_suffix('.json').read_text(encoding='utf-8'))
        assert described['type_hashes'][0]['hash_string'].startswith('RIHS01_')


def test_headers_for_c_and_cpp_are_installed(prefix):
    folder = prefix / 'include' / PACKAGE / PACKAGE
    assert (folder / 'msg' / 'heartbeat.h').is_file()
    assert (folder / 'srv' / 'start_process.hpp').is_file()
    assert not list(folder.glob('**/*.cpp'))


def test_executables_for_ros2_run_are_executable(prefix):
    folder = prefix / 'lib' / PACKAGE
    assert os.access(folder / PACKAGE, os.X_OK)
    assert os.access(folder / 'talker', os.X_OK)
