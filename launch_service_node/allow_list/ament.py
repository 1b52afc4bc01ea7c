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

"""Where packages keep their executables and launch files: a small reader of the ament index."""

from __future__ import annotations

from collections.abc import Mapping
import os

from ..errors import ProcessError, ResultCode

MAX_FOLDERS = 5000  # of a package, looked at for a file
NO_ROS2 = 'needs `ros2 launch`, which is not on PATH'


def package_prefix(package: str, environment: Mapping[str, str]) -> str:
    """
    Return the prefix that a package is installed in: the first of AMENT_PREFIX_PATH.

    :raises ProcessError: EXECUTABLE_UNUSABLE, when there is none.
    """
    prefixes = [folder for folder in environment.get('AMENT_PREFIX_PATH', '').split(':') if folder]
    for prefix in prefixes:
        if os.path.isfile(os.path.join(_index(prefix), package)):
            return prefix
    raise _unusable(
        f'package {package!r} is not in AMENT_PREFIX_PATH'
        + _did_you_mean(package, [name for prefix in prefixes for name in _list(_index(prefix))])
        + '; source its workspace before the node starts')


def executable_path(package: str, executable: str, environment: Mapping[str, str]) -> str:
    """
    Return the path of an executable of a package, as `ros2 run` would find it.

    :raises ProcessError: EXECUTABLE_UNUSABLE, when there is none, or several.
    """
    folder = os.path.join(package_prefix(package, environment), 'lib', package)
    direct = os.path.join(folder, executable)
    if os.path.isfile(direct):
        return direct
    files = _files(folder)
    found = sorted({path for path in files
                    if os.path.basename(path) == executable and os.access(path, os.X_OK)})
    if not found:
        names = [os.path.basename(path) for path in files if os.access(path, os.X_OK)]
        raise _unusable(f'package {package!r} has no executable {executable!r} in {folder!r}'
                        + _did_you_mean(executable, names))
    return _only(found, f'package {package!r}')


def launch_file_path(package: str, file: str, environment: Mapping[str, str]) -> str:
    """
    Return the path of a launch file of a package, as `ros2 launch` would find it.

    :param file: its name, or its path within the package's share folder.
    :raises ProcessError: EXECUTABLE_UNUSABLE, when there is none, or several.
    """
    folder = os.path.join(package_prefix(package, environment), 'share', package)
    if '/' in file:
        path = os.path.join(folder, file)
        if os.path.isfile(path):
            return path
        raise _unusable(f'there is no launch file {path!r}')
    files = _files(folder)
    found = sorted({path for path in files if os.path.basename(path) == file})
    if not found:
        names = [os.path.basename(path) for path in files
                 if path.endswith(('.launch.py', '.launch.xml', '.launch.yaml', '.launch.yml'))]
        raise _unusable(f'package {package!r} has no launch file {file!r} in {folder!r}'
                        + _did_you_mean(file, names))
    return _only(found, f'package {package!r}')


def program_path(program: str, environment: Mapping[str, str]) -> str:
    """Return the absolute path of a program that PATH leads to; empty when there is none."""
    for folder in environment.get('PATH', '').split(':'):
        path = os.path.join(folder, program)
        if folder.startswith('/') and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ''


def _index(prefix: str) -> str:
    return os.path.join(prefix, 'share', 'ament_index', 'resource_index', 'packages')


def _list(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _files(folder: str) -> list[str]:
    found: list[str] = []
    for count, (path, _, names) in enumerate(os.walk(folder)):
        if count >= MAX_FOLDERS:
            break
        found += [os.path.join(path, name) for name in names]
    return found


def _only(found: list[str], whose: str) -> str:
    if len(found) > 1:
        raise _unusable(f'{whose} has several: {", ".join(found[:4])}; give its path')
    return found[0]


def _did_you_mean(word: str, words: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, words, 1)
    return f' (did you mean {close[0]!r}?)' if close else ''


def _unusable(message: str) -> ProcessError:
    return ProcessError(message, ResultCode.EXECUTABLE_UNUSABLE)
