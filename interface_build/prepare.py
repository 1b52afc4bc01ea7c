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

"""Is everything here that the build needs, and is it of one ROS 2? Answered before any work."""

from __future__ import annotations

from collections.abc import Mapping
import importlib.util
from pathlib import Path
import sys

from .environment import ament_prefixes, build_prefixes, find_sourced_ros, Prefixes
from .errors import NoGenerators, UnsupportedDistro
from .requirements import check_same_distro


def find_prefixes(environ: Mapping[str, str]) -> Prefixes:
    """
    Return where to look packages up.

    In a sourced ROS 2 its Python folders are added to `sys.path`: an isolated build of
    pip has hidden them.

    :raises NoGenerators, UnsupportedDistro, MixedDistros: each says what to do.
    """
    sourced = find_sourced_ros(environ)
    if sourced:
        sys.path.extend(str(folder) for folder in sourced.python_folders
                        if str(folder) not in sys.path)
    found = importlib.util.find_spec('rosidl_generator_c')
    if found is None or found.origin is None:
        raise NoGenerators(
            'the generators of ROS 2 interfaces (rosidl_generator_c and its kin) are not here: '
            'source a ROS 2, or install with pip without --no-build-isolation')
    prefixes = build_prefixes(found.origin, environ)
    if not prefixes.holds('rosidl_generator_type_description'):
        raise UnsupportedDistro(
            f'the ROS 2 in {prefixes.of("rosidl_generator_c")} is older than Iron and has no type '
            'hashes: this package needs Iron or newer')
    runtime = Prefixes((Path(sys.prefix), *ament_prefixes(environ)))
    if runtime.holds('rosidl_runtime_c'):
        check_same_distro(
            prefixes.version('rosidl_generator_c'), runtime.version('rosidl_runtime_c'),
            str(runtime.of('rosidl_runtime_c')))
    return prefixes
