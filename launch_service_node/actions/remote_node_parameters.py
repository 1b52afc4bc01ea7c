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

"""Parameters of a node as a file or a rule that ROS reads back exactly."""

from __future__ import annotations

from collections.abc import Mapping
import math
import os
from pathlib import Path
import re
from typing import Any

import yaml

from ..errors import InvalidRequest
from ..ssh.files import check_size, MOST_BYTES, SentFile


class _Exact(yaml.SafeDumper):
    """
    Quotes all text, and writes arrays as lists.

    What YAML takes for text without quotes, ROS may take for a number: `1e5`, `08`.
    """

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: ROS knows none."""
        return True


_Exact.add_representer(str, lambda dumper, text: dumper.represent_scalar(
    'tag:yaml.org,2002:str', text, style='"'))
_Exact.add_representer(tuple, yaml.SafeDumper.represent_list)


def file_of(node: str, parameters: Mapping[str, Any]) -> bytes:
    """
    Return a parameter file.

    :param node: its full name, or a pattern.
    """
    return _dump({node: {'ros__parameters': dict(parameters)}}, default_flow_style=False)


def rule_of(name: str, value: Any) -> str:
    """Return what stands behind `-p`."""
    text = _dump(value, default_flow_style=True).decode().strip()
    return f'{name}:={text.removesuffix("...").strip()}'


def read_file(path: Path) -> bytes:
    """
    Return the content of a parameter file on this computer.

    :raises InvalidRequest: it can't be read, or is too large to be sent.
    """
    try:
        with open(path, 'rb') as file:
            check_size(str(path), os.fstat(file.fileno()).st_size)
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidRequest(
            f"the parameter file {path} can't be read on this computer: {error.strerror}; for one "
            "that lies on the machine, give ros_arguments=['--params-file', its path there]"
        ) from error


def sent_file(number: int, name: str, data: bytes) -> SentFile:
    """
    Return a file to be sent along, with a name that people know it by.

    :param number: makes the name differ from that of the node's others.
    :raises InvalidRequest: it is too large.
    """
    return SentFile(f'{number}_{re.sub("[^A-Za-z0-9._-]", "_", name)[-100:]}', data)


def _dump(value: Any, **style: Any) -> bytes:
    data: bytes = yaml.dump(value, Dumper=_Exact, sort_keys=False, width=math.inf,
                            encoding='ascii', **style)
    return data
