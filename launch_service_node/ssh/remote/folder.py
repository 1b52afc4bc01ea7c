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
A folder for files that were sent along, which goes when the command has ended.

Its owner holds a lock on it. So who was killed without a chance to remove it leaves
something that the next one can tell from what is in use, also across containers that
share a /tmp, and removes.
"""

from __future__ import annotations

import errno
import fcntl
import os

PREFIX = b'launch_service_node.'

_ATTEMPTS = 10


class Folder:
    """
    A folder that only this user can look into; made when the first file comes.

    :ivar path: empty while there is none.
    """

    def __init__(self) -> None:
        self.path = b''
        self._lock_fd = -1

    def write(self, files: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """
        Write files, and return their paths.

        :raises OSError: none of the places for such things takes them.
        """
        paths = {}
        bases = _bases()
        for base in bases:
            try:
                self._make(base)
                for name, data in files.items():
                    paths[name] = os.path.join(self.path, name)
                    _write(paths[name], data)
                break
            except OSError:
                self.remove()
                if base == bases[-1]:
                    raise
        return paths

    def remove(self) -> None:
        """Remove it with all that is in it."""
        if self._lock_fd >= 0:
            _remove(self.path)
            os.close(self._lock_fd)
            self.path, self._lock_fd = b'', -1

    def _make(self, base: bytes) -> None:
        _sweep(base)
        for _ in range(_ATTEMPTS):
            path = os.path.join(base, PREFIX + os.urandom(8).hex().encode())
            os.mkdir(path, 0o700)
            fd = _lock(path)  # but somebody's sweep may have been quicker
            if fd >= 0:
                self.path, self._lock_fd = path, fd
                return
            _remove(path)
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), path)


def _bases() -> list[bytes]:
    bases = [os.environb.get(b'TMPDIR') or b'/tmp']
    own = os.environb.get(b'XDG_RUNTIME_DIR', b'')
    try:
        if os.path.isabs(own) and os.stat(own).st_uid == os.geteuid():
            bases.insert(0, own)
    except OSError:
        pass  # it is named, and not there
    return bases


def _remove(path: bytes) -> None:
    try:
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)
    except OSError:
        pass  # the next one tries again


def sweep() -> None:
    """Remove the folders of this user whose owners are dead."""
    for base in _bases():
        _sweep(base)


def _sweep(base: bytes) -> None:
    try:
        names = os.listdir(base)
    except OSError:
        return
    for name in names:
        if name.startswith(PREFIX):
            path = os.path.join(base, name)
            fd = _lock(path)
            if fd >= 0:
                _remove(path)
                os.close(fd)


def _lock(path: bytes) -> int:
    """Return a descriptor that holds the lock of a folder of ours; -1: it can't be had."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return -1
    try:
        stat = os.fstat(fd)
        if stat.st_uid == os.geteuid():
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink:  # not removed meanwhile
                return fd
    except OSError:
        pass  # it is in use
    os.close(fd)
    return -1


def _write(path: bytes, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(fd, 'wb') as file:
        file.write(data)
