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

"""ROS domains that nobody else's tests on this machine have at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os

#: These keep clear of ephemeral ports.
_DOMAINS = 100

#: One for the whole machine, as domains are: not the TMPDIR that some runs have alone.
_FOLDER = '/tmp'


@contextmanager
def own_domain() -> Iterator[int]:
    """
    Have a domain alone, and in the environment; scripts/own_domain.sh asks in the same way.

    :raises RuntimeError: when a hundred runs of tests have them all.
    """
    before = os.environ.get('ROS_DOMAIN_ID')
    for step in range(_DOMAINS):
        domain = 1 + (os.getpid() + step) % _DOMAINS
        lock = _locked(os.path.join(_FOLDER, f'ros_domain_{domain}.lock'))
        if lock is None:
            continue
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        try:
            yield domain
        finally:
            if before is None:
                del os.environ['ROS_DOMAIN_ID']
            else:
                os.environ['ROS_DOMAIN_ID'] = before
            os.close(lock)
        return
    raise RuntimeError('every ROS domain is taken')


def _locked(path: str) -> int | None:
    """Return a descriptor of a file that is ours alone, also one that another user made."""
    try:
        try:
            lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            lock = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except PermissionError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
