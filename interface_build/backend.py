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
The build backend of pip (PEP 517 and 660): that of setuptools, told of ROS 2.

It asks for the generators of the distribution that is installed, lets the result
depend on that distribution, and builds outside of the source folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import sys
import tempfile
from typing import Any

from setuptools import build_meta

from . import requirements
from .commands import one_line
from .compiler import check_python_headers, find_compiler
from .context import Context, current
from .environment import find_sourced_ros, ros_wheels, SourcedRos, target_folders

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return the generators to build with; none in a sourced ROS 2, which has them."""
    with one_line():
        target, sourced = ros_wheels(target_folders()), find_sourced_ros(os.environ)
        wanted = requirements.for_build(target, sourced)
        # Now, rather than after the download of what would be in vain.
        find_compiler(os.environ)
        check_python_headers()
    _tell(target, sourced)
    return wanted


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Return the same as for a wheel."""
    return get_requires_for_build_wheel(config_settings)


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Return nothing: a source distribution has nothing generated."""
    return []


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None,
) -> str:
    """Write the metadata."""
    with _build(editable=False):
        return build_meta.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def prepare_metadata_for_build_editable(
    metadata_directory: str, config_settings: Settings = None,
) -> str:
    """Write the metadata, which an editable installation has too."""
    return prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None,
) -> str:
    """Build a wheel; return the name of its file."""
    with _build(editable=False):
        return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None,
) -> str:
    """Build a wheel whose hand-written modules stay in the source folder; return its file."""
    with _build(editable=True):
        return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build a source distribution; return the name of its file."""
    with tempfile.TemporaryDirectory() as work:
        _set(Context(work_folder=Path(work)))
        return build_meta.build_sdist(sdist_directory, config_settings)


@contextmanager
def _build(*, editable: bool) -> Iterator[None]:
    with one_line(), tempfile.TemporaryDirectory() as work:
        target, sourced = ros_wheels(target_folders()), find_sourced_ros(os.environ)
        requirements.refuse_two_homes(target, sourced)
        needed = requirements.for_run(target, ros_wheels(filter(None, sys.path)), sourced)
        _set(Context(Path(work), tuple(needed), editable, wheel=True))
        yield


def _set(context: Context) -> None:
    vars(current).update(vars(context))


def _tell(target: dict[str, str], sourced: SourcedRos | None) -> None:
    if sourced:
        print(f'ROS 2 {sourced.distro} is sourced: building with it, without any wheel of ROS 2')
    elif 'ros-rclpy' in target:
        print(f'building for ros-rclpy {target["ros-rclpy"]}, which is installed')
    else:
        print(f'no ROS 2 here: building for ros-rclpy {requirements.DEFAULT_RCLPY}')
