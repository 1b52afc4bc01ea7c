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
The cgroups (version 2) of an instance: one for each run whose limits need one.

They are named launch_service.<instance id>.<process id>.<run>, and nothing by another
name is removed, killed or written to. A run without such limits gets none: to enter
one takes the kernel some 10 ms, and a fork takes less than one. Besides limits a cgroup
gives the surest list of a tree, and kills it in one go.

A cgroup with controllers for its children can't have processes, unless it is the root.
So the supervisor moves to a child of its own as soon as it starts, before it has any
children itself, and back when it ends. Who else is in a cgroup that was delegated (the
node, whatever has started it) is taken along; elsewhere others stay where they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
import errno
import os
import sys

from . import delegation
from .delegation import OWN, PREFIX
from .limits import read_counters
from .loop import Loop

#: Seconds between attempts to remove a cgroup whose last process is not quite gone.
_RETRY = 0.05
_RETRIES = 40

_USED = frozenset({'memory', 'pids', 'cpu'})


class Cgroup:
    """The cgroup of one run; everything about it may be gone, which is no error."""

    def __init__(self, path: str) -> None:
        self.path = path

    def pids(self) -> list[int]:
        """
        Return who is in it, or in cgroups that were made in it.

        :raises OSError: when there is no descriptor to look with.
        """
        found: set[int] = set()
        for folder, _, _ in os.walk(self.path, onerror=_ignore_gone):
            for word in _read(folder, 'cgroup.procs').split():
                found.add(int(word))
        return sorted(found - {0})  # 0 stands for one in another pid namespace

    def populated(self) -> bool:
        """
        Say whether anybody is in it, also when they come and go too quickly to be listed.

        :raises OSError: when there is no descriptor to look with.
        """
        return 'populated 1' in _read(self.path, 'cgroup.events')

    def kill(self) -> None:
        """Kill all that is in it, also what forks right now; kernels before 5.14 can't."""
        try:
            _write(self.path, 'cgroup.kill', '1')
        except OSError:
            pass  # whoever calls kills them one by one, too

    def counters(self) -> dict[str, int]:
        """Return how often which limit was met: `oom`, `oom_kill`, `pids_max`."""
        try:
            found = read_counters(_read(self.path, 'memory.events'), ('oom', 'oom_kill'))
            pids = read_counters(_read(self.path, 'pids.events'), ('max',))
        except OSError:
            return {}
        return {**found, 'pids_max': pids.get('max', 0)}


class Cgroups:
    """Makes and removes the cgroups of an instance."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._prefix = ''
        self._base = ''
        self._trouble = 'not looked at yet'
        self._moved_to = ''
        self._delegated = False
        self._enabled: set[str] = set()
        self._left: dict[str, int] = {}
        self._waiting = False

    @property
    def usable(self) -> bool:
        """Whether cgroups can be made, with or without controllers."""
        return bool(self._base)

    def open(self, instance_id: str, known: Iterable[str], in_use: Collection[str]) -> None:
        """
        Find the place for cgroups, and remove what an earlier supervisor left empty.

        :param known: paths of cgroups that the instance has had in this boot.
        :param in_use: those among them that still belong to a process.
        """
        if not instance_id.isalnum():
            self._trouble = f'the instance id {instance_id!r} is no name'
            return
        self._prefix = f'{PREFIX}{instance_id}.'
        place = delegation.find_place()
        if self._is_ours(place.own) and os.path.basename(place.own) != self._prefix + OWN:
            self._leave_run(place.own)
            place = delegation.find_place()
        self._base, self._trouble = place.folder, place.trouble
        self._delegated = place.delegated
        if self._base:
            self._move(place.own)
        for folder in {self._base, *map(os.path.dirname, known)} - {''}:
            self._sweep(folder, in_use)

    def of(self, path: str) -> Cgroup | None:
        """Return the cgroup of a path that was journaled; None: it is not ours, or none."""
        if not self._is_ours(path):
            return None
        return Cgroup(path)

    def enable(self, wanted: Iterable[str]) -> dict[str, str]:
        """Have controllers in cgroups made from now on; return those that can't be, and why."""
        return {name: why for name in wanted if (why := self._enable(name))}

    def make(self, process_id: int, run: int, files: Iterable[tuple[str, str]]) -> Cgroup:
        """
        Make the cgroup of a run.

        :param files: see `Enforcement`.
        :raises OSError: when the kernel does not take it; then there is none.
        """
        path = os.path.join(self._base, f'{self._prefix}{process_id}.{run}')
        _remove(path)  # of a start that a supervisor did not live to record
        os.mkdir(path, 0o755)
        try:
            for name, text in files:
                if not name.endswith('?'):
                    _write(path, name, text)
                elif os.path.exists(os.path.join(path, name[:-1])):
                    _write(path, name[:-1], text)
        except OSError:
            os.rmdir(path)
            raise
        return Cgroup(path)

    def remove(self, cgroup: Cgroup) -> None:
        """Remove one when its last process is gone; one that is not empty stays."""
        if self._is_ours(cgroup.path) and not _remove(cgroup.path):
            self._left[cgroup.path] = 0
            self._try_later()

    def close(self) -> None:
        """Remove what is empty, and leave the place as the supervisor has found it."""
        for path in self._left:
            _remove(path)
        if self._moved_to or self._enabled:
            self._give_back()

    # -- the supervisor's own place ---------------------------------------------------

    def _move(self, own: str) -> None:
        mine = os.path.join(self._base, self._prefix + OWN)
        if own == mine:
            self._moved_to = mine  # it was started by what an earlier one has left
        if own == mine or os.path.basename(own) == OWN or delegation.is_root(self._base):
            return
        if not _USED & set(_read(self._base, 'cgroup.controllers').split()):
            return
        try:
            os.makedirs(mine, exist_ok=True)
            _write(mine, 'cgroup.procs', '0')
        except OSError as error:
            _remove(mine)
            print(f'cannot move to cgroup {mine}: {error.strerror}; without that no controllers '
                  'can be had', file=sys.stderr)
            return
        self._moved_to = mine
        self._take_along()

    def _leave_run(self, own: str) -> None:
        """Leave the cgroup of the run that has started this supervisor, and ends without it."""
        above = os.path.dirname(own)
        target = above if delegation.is_root(above) else os.path.join(above, self._prefix + OWN)
        try:
            os.makedirs(target, exist_ok=True)
            _write(target, 'cgroup.procs', '0')
        except OSError as error:
            print(f'cannot leave cgroup {own}: {error.strerror}; who is killed together with all '
                  'in it takes this supervisor along', file=sys.stderr)

    def _take_along(self) -> None:
        if self._delegated and self._moved_to:
            _move_all(self._base, self._moved_to)

    def _give_back(self) -> None:
        try:
            if any(item.is_dir() and item.path != self._moved_to
                   for item in os.scandir(self._base)):
                return  # somebody else may make use of the controllers
            on = _read(self._base, 'cgroup.subtree_control').split()
            for name in on if self._moved_to else self._enabled:
                _write(self._base, 'cgroup.subtree_control', f'-{name}')
            if self._moved_to:
                _move_all(self._moved_to, self._base)
                os.rmdir(self._moved_to)
        except OSError:
            pass  # an empty cgroup is left, which systemd removes together with the unit

    def _enable(self, name: str) -> str:
        if not self._base:
            return self._trouble
        if name in _read(self._base, 'cgroup.subtree_control').split():
            return ''
        if name not in _read(self._base, 'cgroup.controllers').split():
            return f'there is no {name} controller in {self._base}'
        try:
            self._take_along()
            _write(self._base, 'cgroup.subtree_control', f'+{name}')
        except OSError as error:
            if error.errno == errno.EBUSY:
                pids = ', '.join(_read(self._base, 'cgroup.procs').split()[:5])
                return f'other processes (pid {pids}) run in {self._base} too'
            return f'the {name} controller can not be had in {self._base}: {error.strerror}'
        self._enabled.add(name)
        return ''

    # -- removing ---------------------------------------------------------------------

    def _is_ours(self, path: str) -> bool:
        return bool(self._prefix) and os.path.basename(path).startswith(self._prefix)

    def _sweep(self, folder: str, in_use: Collection[str]) -> None:
        try:
            paths = [os.path.join(folder, name) for name in os.listdir(folder)]
        except OSError:
            return
        for path in paths:
            if self._is_ours(path) and path not in in_use and path != self._moved_to:
                self.remove(Cgroup(path))

    def _try_later(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._loop.after(_RETRY, self._try_again)

    def _try_again(self) -> None:
        self._waiting = False
        self._left = {path: tries + 1 for path, tries in self._left.items() if not _remove(path)}
        if any(tries < _RETRIES for tries in self._left.values()):
            self._try_later()


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding='ascii') as file:
            return file.read()
    except OSError as error:
        _ignore_gone(error)
        return ''


def _ignore_gone(error: OSError) -> None:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise error


def _write(folder: str, name: str, text: str) -> None:
    fd = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _move_all(source: str, target: str) -> None:
    for pid in _read(source, 'cgroup.procs').split():
        try:
            _write(target, 'cgroup.procs', pid)
        except OSError:
            continue  # gone, or the kernel keeps it there: what that prevents says so


def _remove(path: str) -> bool:
    """Remove a cgroup with all in it; False when a process is in it."""
    try:
        if Cgroup(path).populated():
            return False
        for folder, _, _ in os.walk(path, topdown=False):
            os.rmdir(folder)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True
