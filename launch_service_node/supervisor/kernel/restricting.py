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

"""What a child does to itself between fork and exec: cgroup, limits, niceness, user."""

from __future__ import annotations

from collections.abc import Iterator
import errno
import os
import resource
import select
from typing import TYPE_CHECKING

from .tree import RLIMIT_LOCKS

if TYPE_CHECKING:
    from .spawn import Account, Plan

_NAMES = {
    resource.RLIMIT_NOFILE: 'open files', resource.RLIMIT_DATA: 'memory',
    resource.RLIMIT_NPROC: 'processes', RLIMIT_LOCKS: 'RLIMIT_LOCKS',
}

#: The kernel takes one change of an autogroup in a tenth of a second from a user.
_AUTOGROUP_TRIES = 6
_AUTOGROUP_WAIT = 0.05


def restrict(plan: Plan) -> Iterator[str]:
    """
    Do one step after the other; yields what the next one is, for messages.

    :raises OSError, ValueError: when a step fails.
    """
    if plan.cgroup:
        yield f'enter cgroup {plan.cgroup}'
        fd = os.open(f'{plan.cgroup}/cgroup.procs', os.O_WRONLY | os.O_CLOEXEC)
        os.write(fd, b'0')
        os.close(fd)
    if plan.nice is not None:
        yield f'set nice {plan.nice} (less than before takes an instance of root)'
        os.setpriority(os.PRIO_PROCESS, 0, plan.nice)
        _set_autogroup(plan.nice)
    if plan.more_processes is not None:
        yield 'count the processes of its user'
        limit = plan.more_processes + _tasks_of_others(plan.account)
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
    for which, soft, hard in plan.rlimits:
        yield (f'limit {_NAMES.get(which, which)} to {hard} '
               f'(the hard limit is {resource.getrlimit(which)[1]})')
        resource.setrlimit(which, (soft, hard))
    if plan.account is not None:
        yield f'become user {plan.account.uid}'
        os.setgroups(plan.account.groups)
        os.setgid(plan.account.gid)
        os.setuid(plan.account.uid)


def _set_autogroup(nice: int) -> None:
    """Where the kernel shares the processor out by session, niceness counts there."""
    for _ in range(_AUTOGROUP_TRIES):
        try:
            with open('/proc/self/autogroup', 'wb', buffering=0) as file:
                file.write(b'%d' % nice)
            return
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return  # it doesn't: no such file
        select.select([], [], [], _AUTOGROUP_WAIT)


def _tasks_of_others(account: Account | None) -> int:
    """Return how many processes and threads the user has already, this one not counted."""
    uid = b'%d' % (os.getuid() if account is None else account.uid)
    count = 0
    for name in os.listdir('/proc'):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f'/proc/{name}/status', 'rb') as file:
                fields = dict(line.split(b':', 1) for line in file if b':' in line)
        except OSError:
            continue
        if fields[b'Uid'].split()[0] == uid:
            count += int(fields[b'Threads'])
    return count
