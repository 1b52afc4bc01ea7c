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
Where in the tree of cgroups (version 2) this process may make some of its own.

The cgroup that it runs in must have been handed over to it: on a host with systemd by
Delegate=yes, which systemd notes on the folder; without systemd being able to write
there is enough. In a cgroup that was not delegated systemd would take limits away again.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

PREFIX = 'launch_service.'

#: Of the cgroup that the supervisor itself moves to.
OWN = 'supervisor'

_SYSTEMD = '/run/systemd/system'
_ESCAPED = re.compile(r'\\([0-7]{3})')


class Place(NamedTuple):
    """
    Where cgroups may be made.

    :ivar folder: in which; '': nowhere.
    :ivar own: the folder of the cgroup that this process is in.
    :ivar trouble: one line on why nowhere.
    :ivar delegated: whether all in it was handed over, other processes included.
    """

    folder: str
    own: str
    trouble: str
    delegated: bool = False


def find_place() -> Place:
    """Find it; reads a few small files."""
    try:
        with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape') as file:
            mounts = file.read()
        with open('/proc/self/cgroup', encoding='utf-8', errors='surrogateescape') as file:
            path, own = own_cgroup(mounts, file.read())
    except OSError as error:
        return Place('', '', f'/proc/self can not be read: {error.strerror}')
    if not own:
        return Place('', '', 'no cgroup2 file system is mounted' if not path else
                     f'cgroup {path} is not in what is mounted here')
    name = os.path.basename(own)
    # Either this package or DelegateSubgroup= of systemd has put it one below.
    below = name == OWN or (name.startswith(PREFIX) and name.endswith(f'.{OWN}'))
    above = os.path.dirname(own)
    if below and not why_not(above, path):
        return Place(above, own, '', is_delegated(above))
    trouble = why_not(own, path)
    return Place('' if trouble else own, own, trouble, is_delegated(own))


def own_cgroup(mounts: str, membership: str) -> tuple[str, str]:
    """
    Return the path of a process's cgroup and the folder that shows it; '' for what isn't there.

    :param mounts: its /proc/<pid>/mountinfo.
    :param membership: its /proc/<pid>/cgroup.
    """
    path = next((line[3:] for line in membership.splitlines() if line.startswith('0::')), '')
    mounted = False
    for line in mounts.splitlines():
        left, _, right = line.partition(' - ')
        if right.split(' ', 1)[0] != 'cgroup2':
            continue
        mounted = True
        root, point = (_ESCAPED.sub(lambda code: chr(int(code[1], 8)), field)
                       for field in left.split(' ')[3:5])
        root = root.rstrip('/')
        if (path == root or path.startswith(f'{root}/')) and '..' not in path.split('/'):
            return path, os.path.normpath(f'{point}/{path[len(root):]}')
    return (path or '/') if mounted else '', ''


def why_not(folder: str, path: str) -> str:
    """Say why no cgroups may be made in that of a folder; '': they may."""
    if os.path.isdir(_SYSTEMD) and not is_delegated(folder):
        return (f'cgroup {path} is not delegated; run the instance in a systemd unit with '
                'Delegate=yes')
    for name in ('', 'cgroup.procs', 'cgroup.subtree_control'):
        if not os.access(os.path.join(folder, name), os.W_OK):
            return f'cgroup {path} may not be written to'
    return ''


def is_root(folder: str) -> bool:
    """Say whether it is the one cgroup that may have processes and controllers at once."""
    return not os.path.exists(os.path.join(folder, 'cgroup.type'))


def is_delegated(folder: str) -> bool:
    """Say whether systemd, or who acted likewise, has handed a cgroup over to this user."""
    for name in ('user.delegate', 'trusted.delegate'):
        try:
            if os.getxattr(folder, name) == b'1':
                return True
        except OSError:
            continue
    # Before version 251 only root can read the note. But what belongs to a user, in a
    # cgroup that does not, was given to that user.
    try:
        owner, above = os.stat(folder).st_uid, os.stat(os.path.dirname(folder)).st_uid
    except OSError:
        return False
    return owner == os.geteuid() != above
