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

"""
Installing for real, as a user does: pip into fresh venvs, and colcon on top of one.

With the distribution whose wheels these tests run with. One venv serves them in turn:
pip fills it, colcon takes it as underlay once the package is out of it again.
"""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess

import pytest
import workshop

from interface_build.environment import ros_wheels, target_folders

pytestmark = pytest.mark.slow
PACKAGE = 'launch_service_node'
CMAKE_LISTS = """
cmake_minimum_required(VERSION 3.16)
project(user CXX C)
find_package(launch_service_node 0.1 REQUIRED)
add_executable(user main.cpp)
target_link_libraries(user
  launch_service_node::launch_service_node__rosidl_typesupport_cpp
  launch_service_node::launch_service_node__rosidl_typesupport_fastrtps_cpp)
"""
MAIN_CPP = """
#include <cstdio>
#include <fastcdr/Cdr.h>
#include <launch_service_node/msg/heartbeat.hpp>
#include <rosidl_typesupport_cpp/message_type_support.hpp>
#include <rosidl_typesupport_fastrtps_cpp/message_type_support.h>
using launch_service_node::msg::Heartbeat;

int main()
{
  auto any = rosidl_typesupport_cpp::get_message_type_support_handle<Heartbeat>();
  auto fast = any->func(any, "rosidl_typesupport_fastrtps_cpp");
  if (!fast || !any->func(any, "rosidl_typesupport_introspection_cpp")) {return 1;}
  auto callbacks = static_cast<const message_type_support_callbacks_t *>(fast->data);
  Heartbeat out, in;
  out.hostname = "robot";
  eprosima::fastcdr::FastBuffer buffer;
  eprosima::fastcdr::Cdr writer(buffer);
  if (!callbacks->cdr_serialize(&out, writer)) {return 2;}
  eprosima::fastcdr::Cdr reader(buffer);
  if (!callbacks->cdr_deserialize(reader, &in)) {return 3;}
  std::puts(in.hostname.c_str());
  return in == out ? 0 : 4;
}
"""


class Place:
    """A venv with ROS 2 from wheels, and a copy of the source folder."""

    def __init__(self, folder: Path, root: Path, wheels: dict[str, str]) -> None:
        self.folder = folder
        self.venv = folder / 'venv'
        self.wheels = wheels
        # Outside of it, so that the venv is not deleted with what pip remembers.
        cache = os.environ.get('PIP_CACHE_DIR', str(folder / 'pip'))
        self.environ = workshop.clean_environment(folder, PIP_CACHE_DIR=cache)
        self.python = workshop.make_venv(self.venv, self.environ)
        self.source = workshop.copy_source(root, folder / 'workspace' / 'src' / PACKAGE)

    def install(self, *what: str | Path) -> None:
        """Install into the venv with pip."""
        workshop.install(self.python, self.environ, *what)

    def colcon(self, *options: str) -> str:
        """Build the workspace on top of the venv; return what was printed."""
        environ = {
            **self.environ, 'AMENT_PREFIX_PATH': str(self.venv),
            'PATH': f'{self.venv / "bin"}{os.pathsep}{self.environ["PATH"]}'}
        return workshop.run(
            [self.venv / 'bin' / 'colcon', 'build', '--event-handlers', 'console_direct+',
             *options], environ, self.workspace)

    @property
    def workspace(self) -> Path:
        """Return the folder of the workspace."""
        return self.folder / 'workspace'

    @property
    def prefix(self) -> Path:
        """Return what colcon installs the package to."""
        return self.workspace / 'install' / PACKAGE

    def sourced(self) -> dict[str, str]:
        """Return the environment after `source install/setup.bash`."""
        output = subprocess.run(
            ['bash', '-c', '. install/setup.bash && env -0'], cwd=self.workspace, check=True,
            env={**self.environ, 'AMENT_PREFIX_PATH': str(self.venv)}, timeout=60,
            stdout=subprocess.PIPE, text=True).stdout
        return dict(entry.partition('=')[::2] for entry in output.split('\0') if entry)


@pytest.fixture(scope='module')
def place(tmp_path_factory, root):
    """Give a venv into which pip has installed the package; skip without wheels of ROS 2."""
    wheels = ros_wheels(target_folders())
    if 'ros-rclpy' not in wheels:
        pytest.skip('these tests run in an installed ROS 2, and pip must not touch that')
    return Place(tmp_path_factory.mktemp('place'), root, wheels)


def test_pip_installs_it_where_rclpy_is(place):
    place.install(f'ros-rclpy[fastrtps]=={place.wheels["ros-rclpy"]}')
    before = workshop.snapshot(place.source)
    place.install(place.source)
    assert workshop.snapshot(place.source) == before, 'something landed in the source folder'

    package, messages = workshop.exchange(place.python, place.environ, place.folder)
    assert place.venv in package.parents and place.venv in messages.parents
    installed = ros_wheels(place.venv.glob('lib/*/site-packages'))
    assert installed['ros-rclpy'] == place.wheels['ros-rclpy']
    for command in ('bin/launch-service', f'lib/{PACKAGE}/talker'):
        assert os.access(place.venv / command, os.X_OK)


def test_cmake_finds_what_pip_installed(place):
    if not shutil.which('cmake'):
        pytest.skip('cmake is not installed')
    place.install('ros-ament-cmake', 'ros-ament-cmake-libraries', 'ros-ament-package',
                  'ros-ament-cmake-include-directories')
    folder = place.folder / 'user'
    folder.mkdir()
    (folder / 'CMakeLists.txt').write_text(CMAKE_LISTS, encoding='utf-8')
    (folder / 'main.cpp').write_text(MAIN_CPP, encoding='utf-8')
    environ = {
        **place.environ, 'AMENT_PREFIX_PATH': str(place.venv),
        'CMAKE_PREFIX_PATH': str(place.venv), 'LD_LIBRARY_PATH': str(place.venv / 'lib'),
        'PATH': f'{place.venv / "bin"}{os.pathsep}{place.environ["PATH"]}'}
    workshop.run(['cmake', '-B', 'build'], environ, folder)
    workshop.run(['cmake', '--build', 'build'], environ, folder)
    assert workshop.run([folder / 'build' / 'user'], environ, folder) == 'robot\n'


def test_colcon_builds_it_on_top_of_the_wheels(place):
    workshop.run([place.python, '-m', 'pip', 'uninstall', '-q', '-y', PACKAGE],
                 place.environ, place.folder)
    assert not list(place.venv.glob(f'lib/*{PACKAGE}*')), 'pip left something behind'
    place.install('colcon-common-extensions', 'ros-diagnostic-msgs')
    before = workshop.snapshot(place.source)
    place.colcon()
    assert workshop.snapshot(place.source) == before, 'something landed in the source folder'

    package, messages = workshop.exchange(place.python, place.sourced(), place.folder)
    assert place.prefix in package.parents and place.prefix in messages.parents
    assert 'list' in workshop.run(['launch-service', '--help'], place.sourced(), place.folder)


def test_colcon_builds_only_what_has_changed(place):
    objects = {path: path.stat().st_mtime_ns for path in built_objects(place)}
    assert 'generating' not in place.colcon()
    assert {path: path.stat().st_mtime_ns for path in built_objects(place)} == objects

    definition = place.source / 'srv' / 'Shutdown.srv'
    definition.write_text(
        definition.read_text(encoding='utf-8') + 'uint8 added\n', encoding='utf-8')
    place.colcon()
    renewed = {path.name.split('.')[-3] for path in built_objects(place)
               if objects.get(path) != path.stat().st_mtime_ns}
    assert any('shutdown' in name for name in renewed)
    assert not [name for name in renewed if 'heartbeat' in name]
    assert 'added' in (place.prefix / f'share/{PACKAGE}/srv/Shutdown.srv').read_text('utf-8')


def built_objects(place):
    return list((place.workspace / 'build').glob('**/interfaces/objects/**/*.o'))


def test_colcon_installs_links_to_the_hand_written_modules(place):
    before = workshop.snapshot(place.source)
    assert 'generating' not in place.colcon('--symlink-install')
    assert workshop.snapshot(place.source) == before, 'something landed in the source folder'

    environ = place.sourced()
    package, messages = workshop.exchange(place.python, environ, place.folder)
    assert package.resolve() == place.source / PACKAGE / '__init__.py'
    assert place.workspace / 'build' in messages.parents
    errors = place.source / PACKAGE / 'errors.py'
    errors.write_text(errors.read_text(encoding='utf-8') + 'LIVE = 1\n', encoding='utf-8')
    workshop.run([place.python, '-c', f'from {PACKAGE}.errors import LIVE'], environ,
                 place.folder)

    # And back again: copies, from which nothing leads to the build folder.
    place.colcon()
    assert not [path for path in place.prefix.glob('**/*') if path.is_symlink()]
    package, _ = workshop.exchange(place.python, place.sourced(), place.folder)
    assert place.prefix in package.parents
