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

"""Whether an entry can be started now: cheap enough to be asked right before each exec."""

from __future__ import annotations

import os
import re
import shlex
import stat
from typing import NamedTuple

from .model import Entry
from .trust import Trust


class FileId(NamedTuple):
    """What a path leads to: another file, or another content, has another one."""

    path: str
    device: int
    inode: int
    size: int
    changed_ns: int


def file_id(path: str) -> FileId:
    """
    Return what a path leads to now.

    :raises OSError: when it can't be looked at.
    """
    status = os.stat(path)
    return FileId(path, status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns)


def file_ids(entry: Entry) -> tuple[FileId, ...]:
    """
    Return what the files that `check_executable` looks at are now.

    To be asked for before the check, and compared right before exec: a link that was turned
    in between leads to a file that nobody has checked.
    """
    return tuple(map(_file_id_or_none, dict.fromkeys((*entry.argv[:1], *entry.checked_paths))))


def _file_id_or_none(path: str) -> FileId:
    try:
        return file_id(path)
    except OSError:
        return FileId(path, 0, 0, 0, 0)  # should it come before the check, it is not this one


def check_executable(entry: Entry, trust: Trust | None = None) -> str:
    """
    Return in one line why the entry can't be started now; empty when it can.

    It looks at the files as they are now, so that what was missing when the allow-list was
    read (`entry.error`) may have come, and what was there may be gone or no longer safe.

    :param trust: to ask about several entries of the same user; default: a new one.
    """
    uids = [os.geteuid()]
    if entry.user is not None:
        uid = _uid(entry.user)
        if uid is None:
            return f'there is no user {entry.user!r} on this host'
        if uid != os.geteuid() and os.geteuid() != 0:
            return f'only an instance of root can run it as user {entry.user!r}'
        uids.append(uid)
    if not entry.argv or not entry.argv[0].startswith('/'):
        return entry.error or 'it has no executable'
    path = entry.argv[0]
    try:
        status = os.stat(path)
    except OSError as error:
        return f'executable {path!r}: {error.strerror}' + _as_words(path)
    if not stat.S_ISREG(status.st_mode):
        return f'executable {path!r} is not a file'
    if not os.access(path, os.X_OK):
        return f'executable {path!r} may not be executed; chmod +x it'
    trust = trust or Trust(uids)
    for checked in entry.checked_paths:
        if reason := trust.why_not(checked):
            return f'not safe to run: {reason}'
    if path in entry.checked_paths and (interpreter := _interpreter(path)):
        if not os.path.isfile(interpreter):
            return f'the interpreter {interpreter!r} of {path!r} does not exist' + _mend(path)
        if reason := trust.why_not(interpreter):
            return f'not safe to run: {reason}'
    return ''


def _uid(user: str) -> int | None:
    import pwd

    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def env_program(path: str) -> str:
    """Return the program that a script has `env` find in PATH; empty: none, or not known."""
    words = _words(path)
    if len(words) < 2 or os.path.basename(words[0]) != 'env':
        return ''
    word = next((word for word in words[1:] if word != '-S'), '')
    # A path is not looked up; a variable, a quotation mark and an option are for `env` to read.
    return '' if word.startswith('-') or re.search(r'[/=$"\'\\]', word) else word


def without_env_program(path: str) -> str:
    """Return in one line why a script can't be run whose program is not in PATH."""
    return f'executable {path!r} needs {env_program(path)!r}, which is not on PATH' + _mend(path)


def _interpreter(path: str) -> str:
    """Return the interpreter that a script names with its path; empty: none."""
    words = _words(path)
    return words[0] if words and words[0].startswith('/') else ''


def _words(path: str) -> list[str]:
    """Return the words behind `#!`, split as Linux does, so that a carriage return is kept."""
    if not os.path.isfile(path):
        return []  # to open a FIFO or a device may take for ever, or do something
    try:
        with open(path, 'rb') as file:
            begin = file.read(256)
    except OSError:
        return []  # a binary may be executable without being readable
    line = begin[2:].split(b'\n', 1)[0] if begin.startswith(b'#!') else b''
    return [os.fsdecode(word) for word in re.split(b'[ \t]+', line) if word]


def _as_words(path: str) -> str:
    first, *others = path.split(' ')
    if not others or not os.path.isfile(first):
        return ''
    return f'; a program with arguments is a list: [{first}, …]'


def _mend(path: str) -> str:
    if not any(word.endswith('\r') for word in _words(path)):
        return ''
    return f"; its lines end as those of Windows: sed -i 's/\\r$//' {shlex.quote(path)}"
