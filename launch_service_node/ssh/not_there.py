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

"""What a machine has not got that a command needs, in one line; decisions about what it said."""

from __future__ import annotations

from typing import Any

from ..errors import RemoteFailed
from .target import Resolved

#: Kinds of what `explain` words.
KINDS = ('package', 'executable', 'permission', 'share', 'file')

_MOST_PREFIXES = 3
_MOST_NAMES = 5


def explain(where: Resolved, told: dict[str, Any], **facts: Any) -> RemoteFailed:
    """
    Return the error for something that isn't on the machine, in one line.

    :param told: what the machine says: a kind out of KINDS, and more.
    """
    facts.update((key, value) for key, value in told.items() if key != 'kind')
    return RemoteFailed(_line(where.name, told['kind'], told), **facts)


def _line(host: str, kind: str, told: dict[str, Any]) -> str:
    name = told['name']
    if kind == 'package':
        return _no_package(host, name, told['searched'], told['scripts'])
    if kind == 'executable':
        return (f'the package {told["package"]} on {host} (in {told["prefix"]}) has no executable '
                f'{name}: {_instead(told["nearest"], told["executables"])}')
    if kind == 'permission':
        return f'{told["path"]} on {host} may not be executed: chmod +x it there'
    if kind == 'share':
        return f'{host} has no {told["path"]}: check the path, and whether it is installed there'
    return (f'{host} can\'t store {name} (in {told["path"]}): {told["text"]}; free some space '
            'there, or name a folder in TMPDIR')


def _instead(nearest: list[str], names: list[str]) -> str:
    if nearest:
        return f'did you mean {" or ".join(nearest)}?'
    if names:
        return f'it has {_some(names, _MOST_NAMES)}'
    return 'it has none at all; is it built there?'


def _some(names: list[str], most: int) -> str:
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return ', '.join(names[:most]) + more


def _no_package(host: str, package: str, searched: list[str], scripts: list[str]) -> str:
    if not searched:
        script = scripts[0] if scripts else '/opt/ros/<distro>/setup.bash'
        return (f"{host} can't look for the package {package}: no ROS is set up for this command "
                f"there; name the set-up script, as in setup=['{script}']")
    return (f'{host} has no package {package} in {_some(searched, _MOST_PREFIXES)}: install it '
            'there, or name the set-up script of the workspace that has it, as in '
            "setup=['ws/install/setup.bash']")
