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

"""Writes what was sent: whole or not at all, and for its owner only; on the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import hashlib
import os
import shutil

from ..errors import InvalidRequest, ProcessError
from ..instance import folder_of_namespace
from .order import ENCLAVE


def config_dir(namespace: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder for what was sent to an instance; it need not exist."""
    xdg = environ.get('XDG_CONFIG_HOME')
    home = environ.get('HOME') or os.path.expanduser('~')
    base = xdg if xdg and os.path.isabs(xdg) else os.path.join(home, '.config')
    return os.path.join(base, 'launch_service', folder_of_namespace(namespace))


class Files:
    """
    The allow-lists of an instance: put in place together, and put back if all fails.

    :param wanted: texts by name.
    :ivar paths: where they are, in order.
    :raises InvalidRequest: a name that is more than a name.
    """

    def __init__(self, folder: str, wanted: Mapping[str, bytes]) -> None:
        self._folder = folder
        self._wanted = dict(wanted)
        self._before: dict[str, bytes | None] = {}
        _check_names(wanted)
        self.paths = [os.path.join(folder, name) for name in wanted]

    def stale(self) -> list[str]:
        """Return the paths that hold another text, or nothing."""
        return [os.path.join(self._folder, name) for name, text in self._wanted.items()
                if self._read(name) != text]

    def put(self) -> None:
        """
        Write those that differ.

        :raises ProcessError: the folder or a file can't be written; then nothing has changed.
        """
        try:
            if self._wanted:
                _make_folder(self._folder)
            for name, text in self._wanted.items():
                before = self._read(name)
                if before != text:
                    _write(os.path.join(self._folder, name), text)
                    self._before[name] = before
        except OSError as error:
            self.put_back()
            raise ProcessError(f'cannot write {error.filename or self._folder}: '
                               f'{error.strerror}') from error

    def put_back(self) -> None:
        """Undo what `put` did, as far as the disk lets it."""
        for name, text in self._before.items():
            path = os.path.join(self._folder, name)
            try:
                if text is None:
                    os.unlink(path)
                else:
                    _write(path, text)
            except OSError:
                pass  # what is wrong already is told
        self._before.clear()

    def _read(self, name: str) -> bytes | None:
        try:
            with open(os.path.join(self._folder, name), 'rb') as file:
                return file.read()
        except OSError:
            return None


class Keystore:
    """
    One security enclave, in a key store of its own whose name tells its content.

    :param wanted: texts by name; none: there is no enclave.
    :ivar path: of the key store, empty without an enclave.
    :raises InvalidRequest: a name that is more than a name.
    """

    def __init__(self, folder: str, wanted: Mapping[str, bytes]) -> None:
        self._folder = folder
        self._wanted = wanted
        _check_names(wanted)
        digest = hashlib.sha256()
        for name in sorted(wanted):
            for part in (name.encode(), wanted[name]):
                digest.update(b'%d:%b' % (len(part), part))
        self.path = os.path.join(folder, f'keystore-{digest.hexdigest()[:16]}') if wanted else ''

    def put(self) -> None:
        """
        Write it, folders 0700 and files 0600, and rename it into place, unless it is there.

        :raises ProcessError: it can't be written; then nothing is left of it.
        """
        if not self.path or os.path.isdir(self.path):
            return
        new = f'{self.path}.new'
        try:
            _make_folder(self._folder)
            shutil.rmtree(new, ignore_errors=True)  # of one that was killed in here
            enclave = os.path.join(new, 'enclaves', ENCLAVE.strip('/'))
            for folder in (new, os.path.dirname(enclave), enclave):
                os.mkdir(folder, 0o700)
            for name, text in self._wanted.items():
                _write(os.path.join(enclave, name), text)
            os.rename(new, self.path)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            if not os.path.isdir(self.path):
                raise ProcessError(f'cannot write the key store {self.path}: '
                                   f'{error.strerror}') from error

    def remove(self) -> None:
        """Remove it."""
        if self.path:
            shutil.rmtree(self.path, ignore_errors=True)

    def remove_others(self) -> None:
        """Remove the ones that were used before this one."""
        if not self.path:
            return
        for name in os.listdir(self._folder):
            if name.startswith('keystore-') and name != os.path.basename(self.path):
                shutil.rmtree(os.path.join(self._folder, name), ignore_errors=True)


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name in ('', '.', '..') or '/' in name or '\0' in name:
            raise InvalidRequest(f'{name!r} is no name of a file')


def _make_folder(path: str) -> None:
    # Not by makedirs, whose folders on the way are as open as the umask has them: what
    # others may write to, the allow-list's reader refuses.
    if not os.path.isdir(path):
        _make_folder(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass


def _write(path: str, text: bytes) -> None:
    new = f'{path}.new'  # who holds the instance's lock is the only one to write here
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(fd, 'wb') as file:
        file.write(text)
        file.flush()
        os.fsync(fd)
    os.replace(new, path)
