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
The supervisor's own entry: lock, detach, say READY, run.

It is run with `python -I -S` and this package's folder in its arguments, so that
nothing of the caller's Python set-up runs in it; `launch_service_node.starting`
knows how. Its options are one JSON object (argparse alone would be a tenth of the
memory that it may have). Exit codes: 0 it was shut down, 4 it can't start, 5 another one runs.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import json
import os
import resource
import signal
import sys
from typing import Any

from ..environment import MARK, supervisor_environment
from ..errors import InstanceError, LaunchServiceError
from ..instance import instance_dir, make_private_dir
from .kernel.tree import RLIMIT_LOCKS
from .log import Log

CANNOT_START = 4
RUNS_ALREADY = 5

#: What passes. To go on without it could mean to take what runs for gone.
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})

_LOG_LIMIT = 4 * 1024 * 1024


def main(arguments: list[str]) -> int:
    """
    Run a supervisor and return its exit code.

    :param arguments: one JSON object with `namespace`, and if wanted `home` (the folder of
        all instances), `python_prefix`, `module_paths` (where PyYAML is), `detach`,
        `ready_fd` (a descriptor that is told READY, BUSY or ERROR and the reason), and
        `started_by` (the mark of the process that has started it; empty: it has none).
    """
    _shed_mark()
    options = {'home': None, 'python_prefix': sys.prefix, 'module_paths': [], 'detach': False,
               'ready_fd': -1, 'started_by': '', **json.loads(arguments[0])}
    ready_fd = options['ready_fd']
    folder = instance_dir(options['namespace'], options['home'])
    try:
        ready_fd = options['ready_fd'] = _above_the_standard_ones(ready_fd)
        make_private_dir(folder)
        lock = _lock(folder)
    except (InstanceError, OSError) as error:
        _say(ready_fd, f'ERROR {_why(error, folder)}')
        return CANNOT_START
    if lock is None:
        _say(ready_fd, 'BUSY')
        return RUNS_ALREADY
    # What is blocked in the starting shell stays so through exec; what is ignored there,
    # the handlers here and the reset before each exec undo.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        if options['detach']:
            _detach(folder)
    except OSError as error:
        _say(ready_fd, f'ERROR cannot leave the caller: {error}')
        return CANNOT_START
    sys.stderr = Log(2)  # type: ignore[assignment]  # it has all that is used of one
    return _serve(options, folder)


def _serve(options: dict[str, Any], folder: str) -> int:
    from .supervisor import Supervisor
    try:
        supervisor = Supervisor(options['namespace'], folder, options['python_prefix'],
                                options['module_paths'], options['started_by'])
        supervisor.open()
    except (LaunchServiceError, OSError) as error:
        message = _why(error, folder)
        print(message, file=sys.stderr)
        _say(options['ready_fd'], f'ERROR {message}')
        return CANNOT_START
    # Everything that lives for ever is out of the collector's sight, so that it
    # touches (and, after a fork, copies) none of it.
    gc.collect()
    gc.freeze()
    _say(options['ready_fd'], f'READY {os.getpid()}')
    supervisor.run()
    supervisor.close()
    return 0


def _why(error: Exception, folder: str) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno in _SHORTAGES:
        return (f'the supervisor of {folder} can not begin: {error.strerror}; what runs there '
                'goes on, and is found when the host has enough of that, or its limit is raised')
    return f'cannot use the state folder {folder}: {error}'


def _shed_mark() -> None:
    """Leave the tree of whoever has started us, whose end must not be ours."""
    hard = resource.getrlimit(RLIMIT_LOCKS)[1]
    resource.setrlimit(RLIMIT_LOCKS, (hard, hard))
    if MARK in os.environ:
        # /proc goes on showing the environment of the last exec, so there has to be another.
        os.execve(sys.executable, sys.orig_argv, supervisor_environment(os.environ))


def _above_the_standard_ones(ready_fd: int) -> int:
    """
    See to it that the descriptors 0 to 2 are there; return `ready_fd`, or a copy beyond them.

    Whoever has started us may have closed them. The lock would get such a number, and be lost
    when the log takes its place; or the log would be written to a client.
    """
    if 0 <= ready_fd <= 2:
        ready_fd = fcntl.fcntl(ready_fd, fcntl.F_DUPFD_CLOEXEC, 3)
    fd = 0
    while fd <= 2:
        fd = os.open('/dev/null', os.O_RDWR)
    os.close(fd)
    return ready_fd


def _lock(folder: str) -> int | None:
    """Take the lock of an instance; None when another supervisor has it."""
    fd = os.open(os.path.join(folder, 'lock'), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _detach(folder: str) -> None:
    """Leave the caller's session, terminal and descriptors; its wait for us ends here."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)  # not a session leader: no terminal can become ours
    os.chdir('/')
    os.umask(0o022)
    log_path = os.path.join(folder, 'supervisor.log')
    if os.path.exists(log_path) and os.path.getsize(log_path) > _LOG_LIMIT:
        os.replace(log_path, f'{log_path}.1')
    log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    null = os.open('/dev/null', os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)


def _say(ready_fd: int, line: str) -> None:
    if ready_fd >= 0:
        try:
            os.write(ready_fd, line.encode() + b'\n')
        except BrokenPipeError:
            pass  # whoever started us is gone; we stay
        os.close(ready_fd)
    elif not line.startswith('READY'):
        print(line, file=sys.stderr)
