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

"""Object files, compiled anew only when what they are made of has changed."""

from __future__ import annotations

from collections.abc import Sequence
import functools
import hashlib
import json
from pathlib import Path
import re


@functools.cache
def file_hash(path: str, _state: tuple[int, int]) -> str:
    """Return the hash of a file; its second argument only keeps the cache right."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def content_hash(paths: Sequence[Path]) -> str | None:
    """Return one hash for names and contents of files; None when one does not exist."""
    total = hashlib.sha256()
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            return None
        total.update(f'{path}\0'.encode())
        total.update(file_hash(str(path), (state.st_mtime_ns, state.st_size)).encode())
    return total.hexdigest()


def stamp_of(command: Sequence[str], inputs: Sequence[Path]) -> str | None:
    """Return what a stamp says when a command has run on inputs as they are now."""
    hashed = content_hash(inputs)
    return hashed and json.dumps([list(command), [str(path) for path in inputs], hashed])


def is_current(stamp: Path, command: Sequence[str], outputs: Sequence[Path]) -> bool:
    """Return whether outputs exist that this command made of inputs that are still the same."""
    try:
        text = stamp.read_text(encoding='utf-8')
        _, inputs, _ = json.loads(text)
    except (OSError, ValueError):
        return False
    return (all(path.exists() for path in outputs)
            and text == stamp_of(command, [Path(name) for name in inputs]))


def write_stamp(stamp: Path, command: Sequence[str], inputs: Sequence[Path]) -> None:
    """Note that a command has run on these inputs."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(stamp_of(command, inputs) or '', encoding='utf-8')


def headers_in(depfile: str) -> list[Path]:
    """Return the files that a dependency file of the compiler lists, the source first."""
    joined = depfile.replace('\\\n', ' ').partition(': ')[2]
    names = re.split(r'(?<!\\)\s+', joined.strip())
    return [Path(name.replace('\\ ', ' ')) for name in names if name]
