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

"""The clean environment that managed processes start with."""

from __future__ import annotations

from collections.abc import Mapping
import os

# Names that are taken over from the environment of the instance; `*` ends a prefix.
TAKEN_OVER = (
    'PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'LC_*', 'TZ', 'TMPDIR',
    'XDG_RUNTIME_DIR',
    'AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH', 'COLCON_PREFIX_PATH', 'LD_LIBRARY_PATH',
    'PYTHONPATH', 'PYTHONUNBUFFERED',
    'ROS_*', 'RMW_*', 'RCUTILS_*', 'RCL_*',
    'FASTDDS_*', 'FASTRTPS_*', 'CYCLONEDDS_*', 'ZENOH_*', 'NDDS*', 'RTI_*',
    'GZ_*', 'IGN_*',
)
DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
WHEELS_MARK = '_ROS_WHEELS_BOOTSTRAP_COMPLETE'

#: Says whose tree a process belongs to: <instance id>:<process id>.
MARK = 'LAUNCH_SERVICE_PROCESS'

# What a supervisor tells one process about that process.
_OF_ONE_PROCESS = (MARK, 'LAUNCH_SERVICE_NAME', 'LAUNCH_SERVICE_NAMESPACE', 'NOTIFY_SOCKET')

_SEARCH_PATHS = (
    'PATH', 'AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH', 'COLCON_PREFIX_PATH', 'LD_LIBRARY_PATH',
    'PYTHONPATH',
)


def base_environment(environ: Mapping[str, str], python_prefix: str) -> dict[str, str]:
    """
    Return the environment that managed processes get before their entry adds to it.

    Only names of TAKEN_OVER get through. Elements of search paths that are empty or
    relative (the working directory would be searched) are dropped. What the ROS wheels
    did to start the instance's own Python is undone, so that a Python that is started
    later does it for itself; where the wheels left `python_prefix` out of
    AMENT_PREFIX_PATH it is appended, and its `bin` comes first in PATH if it is missing.
    PYTHONUNBUFFERED is 1 unless it is set, so that output arrives when it is written.

    :param environ: the environment of the instance.
    :param python_prefix: `sys.prefix` of the instance.
    """
    names = frozenset(name for name in TAKEN_OVER if not name.endswith('*'))
    prefixes = tuple(name[:-1] for name in TAKEN_OVER if name.endswith('*'))
    result = {key: value for key, value in environ.items()
              if key in names or key.startswith(prefixes)}
    paths = {key: _absolute(result.pop(key, '')) for key in _SEARCH_PATHS}

    if environ.get(WHEELS_MARK):
        paths['LD_LIBRARY_PATH'] = [
            folder for folder in paths['LD_LIBRARY_PATH']
            if not _added_by_wheels(folder, python_prefix)]
    index = os.path.join(python_prefix, 'share', 'ament_index')
    if python_prefix not in paths['AMENT_PREFIX_PATH'] and os.path.isdir(index):
        paths['AMENT_PREFIX_PATH'].append(python_prefix)
    paths['PATH'] = paths['PATH'] or DEFAULT_PATH.split(':')
    programs = os.path.join(python_prefix, 'bin')
    if programs not in paths['PATH'] and os.path.isdir(programs):
        paths['PATH'].insert(0, programs)

    result.update((key, ':'.join(folders)) for key, folders in paths.items() if folders)
    result.setdefault('PYTHONUNBUFFERED', '1')
    return result


def supervisor_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """
    Return the environment that a supervisor gets: without what is for its starter alone.

    :param environ: of whoever starts it, which may be a process of an instance itself.
    """
    return {key: value for key, value in environ.items() if key not in _OF_ONE_PROCESS}


def _absolute(search_path: str) -> list[str]:
    return [folder for folder in search_path.split(':') if folder.startswith('/')]


def _added_by_wheels(folder: str, python_prefix: str) -> bool:
    if folder == os.path.join(python_prefix, 'lib'):
        return True
    name = os.path.basename(folder)
    return (name.startswith('ros_') and name.endswith('.libs')
            and os.path.basename(os.path.dirname(folder)) == 'site-packages')
