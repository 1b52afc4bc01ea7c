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

"""Packs the remote end of a life line, and the line that unpacks and starts it."""

from __future__ import annotations

import json
from pathlib import Path

from .command import Command
from .quoting import remote_command, shell_of
from .remote import frames

#: Its modules, each after those that it imports.
_MODULES = ('frames', 'tree', 'ladder', 'folder', 'guard', 'spawning', 'sourcing', 'streams',
            'finding', 'places', 'job', 'watchdog')

_TOO_OLD = 'python too old:'

_LOADER = """import sys
if sys.version_info < (3, 8): sys.exit('%s %d.%d' % (('{too_old}',) + sys.version_info[:2]))
import json, os, types
s = b''
while len(s) < {size}:
    d = os.read(0, {size} - len(s))
    if not d: sys.exit(1)
    s += d
def load(name, source):
    m = sys.modules[name] = types.ModuleType(name)
    m.__path__, m.__package__ = [], 'remote'
    exec(compile(source, name, 'exec'), m.__dict__)
    return m
load('remote', '')
for n, s in json.loads(s): m = load('remote.' + n, s)
m.main(sys.argv[1])"""


def is_too_old(last_line: str) -> str | None:
    """Return the version of a Python that ended with this line because it is too old."""
    return last_line[len(_TOO_OLD):].strip() if last_line.startswith(_TOO_OLD) else None


def pack_modules() -> bytes:
    """Return the modules in one piece."""
    folder = Path(frames.__file__).parent
    return json.dumps([
        (name, (folder / f'{name}.py').read_text(encoding='utf-8')) for name in _MODULES]).encode()


def line_for(python: str, size: int, word: str) -> str:
    """Return the line for sshd that reads `size` bytes of modules and becomes the watchdog."""
    loader = _LOADER.format(size=size, too_old=_TOO_OLD)
    return remote_command([python, '-ISE', '-c', loader, word])


def order_for(command: Command) -> bytes:
    """Return the frame that has the watchdog start a command."""
    return frames.pack(frames.START, json.dumps({
        'argv': command.argv, 'env': dict(command.env), 'cwd': command.cwd,
        'setup': command.setup, 'shell': shell_of(command.setup), 'pty': command.pty,
        'stdin': command.stdin, 'silence': command.silence, 'ladder': command.ladder(),
        'rest': 'leave' if command.leave_rest else 'stop',
        'places': {word: place.order() for word, place in command.places.items()}}).encode())
