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

from ..allow_list.model import Entry
from ..environment import MARK
from ..errors import ProcessError, ResultCode
from .kernel.cgroups import Cgroups
from .kernel.limits import controllers, enforce, Enforcement
from .kernel.spawn import Account, Plan
from .kernel.tree import limit_of_mark, RLIMIT_LOCKS
from .records.record import Record


def make_plan(record: Record, base: dict[str, str], namespace: str, mark: str,
              output_path: str, notify_socket: str, open_files: tuple[int, int],
              cgroups: Cgroups) -> Plan:
    """
    Return the plan of a run, whose cgroup is made if it needs one.

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
    uid = os.geteuid() if account is None else account.uid
    cgroup, enforcement = _enforce(record, cgroups, uid == 0)
    rlimits = list(enforcement.rlimits)
    if record.entry.limits.open_files is None:
        rlimits.insert(0, (resource.RLIMIT_NOFILE, *open_files))
    hard = resource.getrlimit(RLIMIT_LOCKS)[1]
    if hard == resource.RLIM_INFINITY:
        rlimits.insert(0, (RLIMIT_LOCKS, limit_of_mark(mark), hard))
    return Plan(tuple(record.argv), environment, record.cwd or home, output_path,
                tuple(rlimits), record.entry.limits.nice, account,
                enforcement.more_processes, cgroup, enforcement.said)


def _enforce(record: Record, cgroups: Cgroups, is_root: bool) -> tuple[str, Enforcement]:
    """Return the cgroup of a run, made for it ('': none), and what else is to be done."""
    limits = record.entry.limits
    wanted = controllers(limits)
    missing = cgroups.enable(wanted)
    enforcement = enforce(limits, missing, is_root)
    if not wanted or not cgroups.usable:
        return '', enforcement
    try:
        cgroup = cgroups.make(record.process_id, record.run, enforcement.files)
    except OSError as error:
        missing = dict.fromkeys(wanted, f'it can not be made: {error.strerror}')
        return '', enforce(limits, missing, is_root)
    return cgroup.path, enforcement


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
