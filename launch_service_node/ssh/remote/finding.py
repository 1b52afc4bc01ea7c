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
Where things are on a machine: packages, their executables, their files.

Of a package, the first prefix in AMENT_PREFIX_PATH that has it counts, as everywhere in
ROS: an executable that an overlay took away is not found in what lies below.
"""

from __future__ import annotations

import os

from .spawning import decode, encode

TYPE_CHECKING = False  # typing takes longer to load than all the rest
if TYPE_CHECKING:
    from typing import Any


class NotThere(Exception):
    """
    What was asked for is not on the machine.

    :ivar facts: for the other side, which words them: kind, name, and what was found.
    """

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts = facts


def find(what: dict[str, Any], env: dict[bytes, bytes]) -> bytes:
    """
    Return the path of what was asked for.

    :param what: the kind (`prefix`, `share`, `executable`), the package, the path in it.
    :param env: what the set-up scripts left.
    :raises NotThere: it isn't.
    """
    package, name = encode(what['package']), encode(what['path'])
    prefix = _prefix(package, env)
    if what['kind'] == 'prefix':
        return prefix
    if what['kind'] == 'executable':
        return _executable(prefix, package, name)
    path = os.path.join(prefix, b'share', package, name).rstrip(b'/')
    if not os.path.exists(path):
        raise NotThere(kind='share', name=decode(name or package), package=decode(package),
                       path=decode(path))
    return path


def _prefix(package: bytes, env: dict[bytes, bytes]) -> bytes:
    listed = env.get(b'AMENT_PREFIX_PATH', b'').split(b':')
    searched = list(dict.fromkeys(one for one in listed if one))
    for place in (b'share/ament_index/resource_index/packages', b'lib'):
        for prefix in searched:
            if os.path.exists(os.path.join(prefix, place, package)):
                return prefix
    raise NotThere(kind='package', name=decode(package), package=decode(package),
                   searched=[decode(one) for one in searched],
                   scripts=[] if searched else _scripts())


def _executable(prefix: bytes, package: bytes, name: bytes) -> bytes:
    folder = os.path.join(prefix, b'lib', package)
    path = os.path.join(folder, name)
    facts = {'name': decode(name), 'package': decode(package), 'path': decode(path),
             'prefix': decode(prefix)}
    if not os.path.isfile(path):
        names = _executables(folder)
        raise NotThere(kind='executable', nearest=_nearest(decode(name), names),
                       executables=names, **facts)
    if not os.access(path, os.X_OK):
        raise NotThere(kind='permission', **facts)
    return path


def _executables(folder: bytes) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    paths = {name: os.path.join(folder, name) for name in names}
    return sorted(decode(name) for name, path in paths.items()
                  if os.path.isfile(path) and os.access(path, os.X_OK))


def _nearest(name: str, names: list[str]) -> list[str]:
    import difflib  # takes time, and is needed only here
    return difflib.get_close_matches(name, names)


def _scripts() -> list[str]:
    # What could have been sourced.
    try:
        distros = sorted(os.listdir('/opt/ros'))
    except OSError:
        return []
    scripts = [f'/opt/ros/{distro}/setup.bash' for distro in distros]
    return [one for one in scripts if os.path.isfile(one)]
