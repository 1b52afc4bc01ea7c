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

"""The .msg and .srv files of a package, and the packages whose messages they use."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
import re

from .environment import Prefixes
from .errors import NoGenerators

KINDS = ('msg', 'srv')
_FIELD = re.compile(r'^([a-z][a-z0-9_]*)/([A-Z][A-Za-z0-9]*)(?:\[|\s)')


def interface_files(source: Path) -> list[str]:
    """Return the paths of the interfaces, relative to the source folder (`msg/Heartbeat.msg`)."""
    return [f'{kind}/{path.name}' for kind in KINDS
            for path in sorted((source / kind).glob(f'*.{kind}'))]


def messages_used(text: str) -> set[tuple[str, str]]:
    """Return package and name of the messages of other packages that a definition uses."""
    found = (_FIELD.match(line) for line in text.splitlines())
    return {(match[1], match[2]) for match in found if match}


def dependencies(source: Path, files: Iterable[str], prefixes: Prefixes) -> list[str]:
    """
    Return the packages whose messages the interfaces use, directly or within a message.

    :raises NoGenerators: when one of them is not installed.
    """
    packages: set[str] = set()
    seen: set[tuple[str, str]] = set()
    texts = []
    for name in files:
        texts.append((source / name).read_text(encoding='utf-8'))
        if name.endswith('.srv'):  # the event message of each service uses it
            texts.append('service_msgs/ServiceEventInfo info')
    while texts:
        for package, message in messages_used(texts.pop()) - seen:
            seen.add((package, message))
            packages.add(package)
            definition = prefixes.of(package) / 'share' / package / 'msg' / f'{message}.msg'
            if not definition.is_file():
                raise NoGenerators(
                    f'{package}/{message} is used here, but {definition} does not exist')
            texts.append(definition.read_text(encoding='utf-8'))
    return sorted(packages)
