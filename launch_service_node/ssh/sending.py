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

from functools import lru_cache
import importlib.util
import json
import re

from ..errors import InstanceError
from . import remote
from .command import Command
from .quoting import remote_command, shell_of
from .remote import frames

#: Its modules.
_MODULES = ('finding', 'folder', 'frames', 'guard', 'job', 'ladder', 'places', 'sourcing',
            'spawning', 'streams', 'tree', 'watchdog')

# What every file of them begins with; the lines stay, for tracebacks.
_LICENCE = re.compile(r'(?:#.*\n)*')

_TOO_OLD = 'python too old:'

_LOADER = """import sys
if sys.version_info < (3, 8): sys.exit('%s %d.%d' % (('{too_old}',) + sys.version_info[:2]))
import json, os
s = b''
while len(s) < {size}:
    d = os.read(0, {size} - len(s))
    if not d: sys.exit(1)
    s += d
sources = dict(json.loads(s), remote='')
class Sent:
    def find_spec(self, name, path=None, target=None):
        if name in sources:
            return type(os.__spec__)(name, self, is_package=name == 'remote')
    def create_module(self, spec):
        return None
    def exec_module(self, m):
        exec(compile(sources[m.__name__], m.__name__, 'exec'), m.__dict__)
sys.meta_path.insert(0, Sent())
from remote.watchdog import main
main(sys.argv[1])"""


def is_too_old(last_line: str) -> str | None:
    """Return the version of a Python that ended with this line because it is too old."""
    return last_line[len(_TOO_OLD):].strip() if last_line.startswith(_TOO_OLD) else None


@lru_cache(maxsize=1)
def pack_modules() -> bytes:
    """
    Return the modules in one piece.

    They are read once: a package that is exchanged meanwhile doesn't get mixed up.

    :raises InstanceError: they were installed without their source.
    """
    return json.dumps({f'remote.{name}': _source_of(f'{remote.__name__}.{name}')
                       for name in _MODULES}).encode()


def _source_of(module: str) -> str:
    # Asked of whoever loads it: that may be a zip.
    spec = importlib.util.find_spec(module)
    source = getattr(spec and spec.loader, 'get_source', lambda _: None)(module)
    if source is None:
        raise InstanceError(f'{module} is installed without its source, which has to be sent to '
                            'machines: install launch_service_node with its .py files')
    return _LICENCE.sub(lambda found: '\n' * found[0].count('\n'), source, count=1)


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
