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
Whether someone else could change a file, or put another one in its place.

A file is safe when it, each folder above it, and the folder of each symbolic link on the
way belong to root or to a trusted user and can't be written by others. Ubuntu's umask
makes files writable by the group that has its owner as the only member: that is safe. A
sticky folder such as /tmp is safe to hold one's own file.
"""

from __future__ import annotations

from collections.abc import Iterable
import os
import shlex
import stat

MAX_LINKS = 40


class Trust:
    """
    Answers for one set of trusted users; what it has looked at it doesn't look at again.

    :param uids: users who may own files, besides root; default: who runs this.
    """

    def __init__(self, uids: Iterable[int] | None = None) -> None:
        self._uids = frozenset((0, *((os.geteuid(),) if uids is None else uids)))
        self._folders: dict[str, str] = {}
        self._private: dict[tuple[int, int], bool] = {}

    def why_not(self, path: str) -> str:
        """
        Return in one line who could change the file, and the command that mends it.

        Empty when nobody could. A path that doesn't exist, or can't be looked at, is no
        safe one.

        :param path: absolute.
        """
        current, pending, links = '/', path.split('/'), 0
        if reason := self._folder('/'):
            return reason
        while pending:
            part = pending.pop(0)
            if part in ('', '.'):
                continue
            if part == '..':
                current = os.path.dirname(current)
                continue
            candidate = os.path.join(current, part)
            try:
                status = os.lstat(candidate)
                target = os.readlink(candidate) if stat.S_ISLNK(status.st_mode) else ''
            except OSError as error:
                return f"{candidate!r} can't be looked at: {error.strerror}"
            if target:
                links += 1
                if links > MAX_LINKS:
                    return f'{path!r} goes through more than {MAX_LINKS} symbolic links'
                if reason := self._owner(candidate, status):
                    return reason
                pending = target.split('/') + pending
                current = '/' if target.startswith('/') else current
                continue
            is_folder = stat.S_ISDIR(status.st_mode)
            reason = self._folder(candidate) if is_folder else self._one(candidate, status)
            if reason:
                return reason
            current = candidate
        return ''

    def _folder(self, path: str) -> str:
        if path not in self._folders:
            try:
                self._folders[path] = self._one(path, os.stat(path))
            except OSError as error:
                self._folders[path] = f"{path!r} can't be looked at: {error.strerror}"
        return self._folders[path]

    def _one(self, path: str, status: os.stat_result) -> str:
        if reason := self._owner(path, status):
            return reason
        if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
            return ''  # only the owner of a file can remove it or put another in its place
        if status.st_mode & stat.S_IWOTH:
            return f'everyone may write to {path!r}; chmod go-w {shlex.quote(path)}'
        if status.st_mode & stat.S_IWGRP and not self._is_private_group(path, status):
            return (f'group {_group_name(status.st_gid)} may write to {path!r}; '
                    f'chmod go-w {shlex.quote(path)}')
        return ''

    def _owner(self, path: str, status: os.stat_result) -> str:
        if status.st_uid in self._uids:
            return ''
        trusted = ' or '.join(_user_name(uid) for uid in sorted(self._uids))
        return (f'{path!r} belongs to {_user_name(status.st_uid)}, not to {trusted}; '
                f'chown -h {_user_name(max(self._uids))} {shlex.quote(path)}')

    def _is_private_group(self, path: str, status: os.stat_result) -> bool:
        try:
            # With an access control list the group's bits mean every user named in it.
            if 'system.posix_acl_access' in os.listxattr(path):
                return False
        except OSError:
            pass  # the file system has no such lists
        key = (status.st_uid, status.st_gid)
        if key not in self._private:
            self._private[key] = _only_member(*key)
        return self._private[key]


def _only_member(uid: int, gid: int) -> bool:
    """Return whether it is the primary group of the user, and of nobody else."""
    import grp
    import pwd

    try:
        owner = pwd.getpwuid(uid)
        members = grp.getgrgid(gid).gr_mem
    except KeyError:
        return False
    return (owner.pw_gid == gid
            and all(member == owner.pw_name for member in members)
            and all(other.pw_uid == uid for other in pwd.getpwall() if other.pw_gid == gid))


def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
