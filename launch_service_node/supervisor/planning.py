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

"""From a record to what the child has to do: environment, limits, user."""

from __future__ import annotations

import os
import resource

from ..allow_list.model import Entry, LimitSettings
from ..errors import ProcessError, ResultCode
from .record import Record
from .spawn import Account, Plan
from .tree import limit_of_mark, MARK, RLIMIT_LOCKS


def make_plan(record: Record, base: dict[str, str], namespace: str, mark: str,
              output_path: str, notify_socket: str, open_files: tuple[int, int]) -> Plan:
    """
    Return the plan of a run.

    :param base: the clean environment of all processes.
    :param notify_socket: address for sd_notify(3); empty: none.
    :param open_files: (soft, hard) limit for processes whose entry sets none.
    :raises ProcessError: EXECUTABLE_UNUSABLE, when the user is missing or not ours to become.
    """
    environment = {
        **base, **record.environment,
        MARK: mark,
        'LAUNCH_SERVICE_NAMESPACE': namespace,
        'LAUNCH_SERVICE_NAME': record.name,
    }
    if notify_socket:
        environment['NOTIFY_SOCKET'] = notify_socket
    account, home = _account(record.entry, environment)
    limits = record.entry.limits
    return Plan(tuple(record.argv), environment, record.cwd or home, output_path,
                _rlimits(limits, open_files, mark), limits.nice or 0, account)


def limits_in_force(limits: LimitSettings) -> list[str]:
    """Say which limits are in force, and how, one an item."""
    said = []
    if limits.memory is not None:
        said.append(f'memory {limits.memory} bytes a process (RLIMIT_DATA)')
    if limits.open_files is not None:
        said.append(f'open files {limits.open_files} (RLIMIT_NOFILE)')
    if limits.processes is not None:
        said.append(f'processes {limits.processes} of the user (RLIMIT_NPROC)')
    if limits.nice is not None:
        said.append(f'nice {limits.nice}')
    if limits.cpu is not None:
        said.append(f'cpu {limits.cpu:g} % is not enforced')
    return said


def _rlimits(limits: LimitSettings, open_files: tuple[int, int],
             mark: str) -> tuple[tuple[int, int, int], ...]:
    files = open_files if limits.open_files is None else (limits.open_files,) * 2
    found = [(resource.RLIMIT_NOFILE, *files)]
    hard = resource.getrlimit(RLIMIT_LOCKS)[1]
    if hard == resource.RLIM_INFINITY:
        found.append((RLIMIT_LOCKS, limit_of_mark(mark), hard))
    if limits.memory is not None:
        # Not RLIMIT_AS: middlewares reserve far more address space than they use.
        found.append((resource.RLIMIT_DATA, limits.memory, limits.memory))
    if limits.processes is not None:
        found.append((resource.RLIMIT_NPROC, limits.processes, limits.processes))
    return tuple(found)


def _account(entry: Entry, environment: dict[str, str]) -> tuple[Account | None, str]:
    """Return the account to become, None: the present one, and its home folder."""
    home = environment.get('HOME', '/')
    if entry.user is None:
        return None, home if os.path.isdir(home) else '/'
    import pwd
    try:
        user = pwd.getpwnam(entry.user)
    except KeyError:
        raise ProcessError(f'user {entry.user!r} of executable {entry.id!r} does not exist here',
                           ResultCode.EXECUTABLE_UNUSABLE) from None
    home = user.pw_dir if os.path.isdir(user.pw_dir) else '/'
    if user.pw_uid == os.geteuid():
        return None, home
    if os.geteuid() != 0:
        raise ProcessError(
            f'executable {entry.id!r} is to run as {entry.user!r}, which takes an instance that '
            'runs as root', ResultCode.EXECUTABLE_UNUSABLE)
    environment.update(HOME=home, USER=user.pw_name, LOGNAME=user.pw_name)
    groups = tuple(os.getgrouplist(user.pw_name, user.pw_gid))
    return Account(user.pw_uid, user.pw_gid, groups), home
