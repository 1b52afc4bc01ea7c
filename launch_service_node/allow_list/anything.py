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

"""An entry for anything at all: what `allow_any` takes. For development, never for a robot."""

from __future__ import annotations

from collections.abc import Mapping
import re

from ..errors import InvalidRequest, ProcessError, ResultCode
from . import ament
from .checking import check_executable
from .model import ArgumentSlot, CMD, Entry, EXECUTABLE, LAUNCH_FILE
from .resolve import ANY_NAME, shown

SOURCE = 'allow_any'

_LAUNCH_FILE = ('.launch.py', '.launch.xml', '.launch.yaml', '.launch.yml')
_ANYTHING = ArgumentSlot('any', '-?.*|:=', repeated=True)
_WORDS = re.compile(r'([^/\s]+)/([^/\s]+)')


def entry_for_any(cmd: str, base_env: Mapping[str, str]) -> Entry:
    """
    Return an entry that runs an absolute path, 'package/executable' or 'package/launch file'.

    It takes any arguments, any working directory, and any variable that no caller is
    forbidden to set. Who could replace the executable is not asked. No shell is involved.

    :param base_env: from `base_environment`; packages and `ros2` are looked up in it.
    :raises InvalidRequest: when it is none of the three.
    :raises ProcessError: EXECUTABLE_UNUSABLE, when there is no such thing.
    """
    parts = _WORDS.fullmatch(cmd)
    if cmd.startswith('/') and not re.search('[\x00\r\n]', cmd):
        kind, command = CMD, cmd
        argv: tuple[str, ...] = (cmd,)
    elif parts and parts[2].endswith(_LAUNCH_FILE):
        path = ament.launch_file_path(parts[1], parts[2], base_env)
        ros2 = ament.program_path('ros2', base_env)
        if not ros2:
            raise ProcessError(ament.NO_ROS2, ResultCode.EXECUTABLE_UNUSABLE)
        kind, command, argv = LAUNCH_FILE, ' '.join(parts.groups()), (ros2, 'launch', path)
    elif parts:
        path = ament.executable_path(parts[1], parts[2], base_env)
        kind, command, argv = EXECUTABLE, ' '.join(parts.groups()), (path,)
    else:
        raise InvalidRequest(
            f'{shown(cmd)} is neither on the allow-list nor an absolute path, '
            "'package/executable' or 'package/launch file'")
    entry = Entry(
        id=_id(cmd), kind=kind, command=command, argv=argv, slots=(_ANYTHING,),
        cwd_from_caller=True, environment_from_caller=(ANY_NAME,), source=SOURCE)
    if problem := check_executable(entry):
        raise ProcessError(problem, ResultCode.EXECUTABLE_UNUSABLE)
    return entry


def _id(cmd: str) -> str:
    word = re.sub('[^A-Za-z0-9_]', '_', cmd.rpartition('/')[2].partition('.')[0])[:100]
    return word if word[:1].isalpha() else f'any_{word}'
