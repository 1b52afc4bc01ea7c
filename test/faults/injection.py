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
Faults for tests, each a few lines: what a supervisor meets on a bad day.

The supervisor is never built to fail. A test runs the real one in another command:
`patched` runs some lines of Python before its main function does, and what they put
in place of a function fails, waits, or ends the whole supervisor; most are one line, such
as `fail('os:fork', errno.EAGAIN)`. `limited` and
`as_user` run it with fewer resources and as another user. Journals are forged, and
children are abusive, with what is further below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import json
import os
from pathlib import Path
import subprocess
import sys
import textwrap
from typing import Any

from harness import Lab, PATIENCE
import pytest

import launch_service_node
from launch_service_node.supervisor.records.journal import from_line, to_line

Wrap = Callable[[list[str]], list[str]]

#: Lines that every patch may use.
_PRELUDE = '''
import errno, os, signal, sys, time
def replace(name, wrap):
    """Put wrap(what is there) in the place of launch_service_node.<module>:<attributes>."""
    import importlib
    module, attributes = name.split(':')
    owner = os if module == 'os' else importlib.import_module('launch_service_node.' + module)
    *path, last = attributes.split('.')
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, wrap(getattr(owner, last)))
def armed():
    return not ARM or os.path.exists(ARM)
def fail(name, number):
    """Let something raise the OSError of a number, whenever the file that arms it is there."""
    def wrap(real):
        def call(*arguments, **more):
            if armed():
                raise OSError(number, os.strerror(number))
            return real(*arguments, **more)
        return call
    replace(name, wrap)
def die():
    if armed():
        os.kill(os.getpid(), signal.SIGKILL)
def die_before(name, unless=lambda *arguments: False):
    def wrap(real):
        def call(*arguments, **more):
            if not unless(*arguments):
                die()
            return real(*arguments, **more)
        return call
    replace(name, wrap)
def die_after(name):
    def wrap(real):
        def call(*arguments, **more):
            result = real(*arguments, **more)
            if result is not False:
                die()
            return result
        return call
    replace(name, wrap)
'''


def patched(code: str, arm: str = '') -> Wrap:
    """
    Run these lines in the supervisor before it starts; see the prelude for what is at hand.

    :param arm: a file: what asks `armed()`, as `die()` does, does nothing before it is there.
    """
    lines = f'ARM = {arm!r}\n{_PRELUDE}{textwrap.dedent(code)}'

    def wrap(command: list[str]) -> list[str]:
        at = len(command) - command[::-1].index('-c')  # of Python, whatever runs that
        first, second, rest = command[at].split('; ', 2)
        run = f'exec({lines!r}, {{"__name__": "faults"}})'
        return [*command[:at], '; '.join((first, second, run, rest)), *command[at + 1:]]
    return wrap


def limited(**limits: int) -> Wrap:
    """Run the supervisor with resource limits; `nofile=64` is RLIMIT_NOFILE, hard and soft."""
    code = 'import os, resource, sys; ' + ''.join(
        f'resource.setrlimit(resource.RLIMIT_{name.upper()}, ({value}, {value})); '
        for name, value in limits.items()) + 'os.execv(sys.argv[1], sys.argv[1:])'
    return lambda command: [command[0], '-ISc', code, *command]


def as_user(uid: int) -> Wrap:
    """Run the supervisor as another user; only root can."""
    code = (f'import os, sys; os.setgroups([]); os.setgid({uid}); os.setuid({uid}); '
            'os.execv(sys.argv[1], sys.argv[1:])')
    return lambda command: [command[0], '-ISc', code, *command]


#: Where a supervisor may fall while it starts a process, in the order of events.
KILL_POINTS = {
    'before the fork': "die_before('supervisor.run:spawn')",
    'after the fork, before the journal': "die_after('supervisor.run:spawn')",
    'in the middle of the journal entry': """
        def wrap(append):
            def tear(journal, entry):
                if 'p' in entry and armed():
                    from launch_service_node.supervisor.records.journal import to_line
                    os.write(journal._fd, to_line(entry)[:-20])
                    die()
                return append(journal, entry)
            return tear
        replace('supervisor.records.journal:Journal.append', wrap)
        """,
    'after the journal, before go': "die_before('supervisor.kernel.spawn:Spawned.go')",
    'after go': "die_after('supervisor.kernel.spawn:Spawned.go')",
    'after exec': "die_after('supervisor.run:Run.settle_exec')",
    'before the answer': """
        die_before('supervisor.server:Connection.answer',
                   unless=lambda connection, request: request.get('op') != 'start')
        """,
}


def edit_journal(lab: Lab, change: Callable[[dict[str, Any]], object],
                 namespace: str = '/robot1') -> None:
    """Forge every process of the journal by a function of its record, with good checksums."""
    path = lab.instance_dir(namespace) / 'journal'
    lines = []
    for line in path.read_bytes().splitlines():
        entry = from_line(line)
        if entry and 'p' in entry:
            change(entry['p'])
        lines.append(to_line(entry or {}))
    path.write_bytes(b''.join(lines))


def journal_entries(lab: Lab, namespace: str = '/robot1') -> list[dict[str, Any]]:
    """Return the good entries of a journal, in their order."""
    data = (lab.instance_dir(namespace) / 'journal').read_bytes()
    return [entry for line in data.splitlines() if (entry := from_line(line)) is not None]


def audit_lines(lab: Lab, namespace: str = '/robot1') -> list[dict[str, Any]]:
    """Return the lines of an audit log, the older file first."""
    path = lab.instance_dir(namespace) / 'audit.log'
    text = ''.join(one.read_text() for one in (Path(f'{path}.1'), path) if one.exists())
    return [json.loads(line) for line in text.splitlines()]


def descriptors(pid: int) -> list[str]:
    """Return what the descriptors of a process stand for, sorted."""
    found = []
    for name in os.listdir(f'/proc/{pid}/fd'):
        try:
            found.append(os.readlink(f'/proc/{pid}/fd/{name}'))
        except FileNotFoundError:
            continue
    return sorted(found)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f'/proc/{pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def zombies(parent: int) -> list[int]:
    """Return the children of a process that have ended and were not reaped."""
    from launch_service_node.supervisor.kernel.identity import read_stat
    from launch_service_node.supervisor.kernel.tree import children
    stats = ((pid, read_stat(pid)) for pid in children(parent))
    return [pid for pid, stat in stats if stat is not None and stat.state in 'ZX']


#: A supervisor whose children wait before exec until a file is there, like a program on a
#: network disk that is slow to load. The file is named in the variable GATE of its entry.
SLOW_EXEC = """
    def wrap(execve):
        def slow(path, argv, environment):
            gate = environment.get('GATE')
            while gate and not os.path.exists(gate):
                time.sleep(0.01)
            execve(path, argv, environment)
        return slow
    os.execve = wrap(os.execve)
    """

#: The same, but before the child has done anything at all for its program.
SLOW_START = """
    def wrap(restrict):
        def slow(plan):
            gate = plan.environment.get('GATE')
            while gate and not os.path.exists(gate):
                time.sleep(0.01)
            yield from restrict(plan)
        return slow
    replace('supervisor.kernel.spawn:restrict', wrap)
    """

#: A supervisor whose signals never reach what is called stubborn, as if the kernel held it.
UNENDING = """
    import launch_service_node.supervisor.ladder as ladder
    ladder.LAST_WAIT = 0.2
    def wrap(send):
        def to_others(stopper, members, number):
            with open(f'/proc/{stopper._leader.pid}/environ', 'rb') as file:
                if b'LAUNCH_SERVICE_NAME=stubborn' not in file.read():
                    send(stopper, members, number)
        return to_others
    replace('supervisor.stopping:Stopper._send', wrap)
    """

#: Every further generation in a session of its own, its parent gone at once.
HYDRA = """
    import os, signal, sys, time
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.fork():
        time.sleep(1000)
    while True:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(0.002)
    """


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """Put a file system of so many bytes in the place of a folder; skip where that may not be."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', f'size={size},mode=700', 'small_disk', str(folder)],
        check=False, capture_output=True, text=True, timeout=PATIENCE)
    if mounted.returncode:
        pytest.skip(f'a small file system can not be mounted here: {mounted.stderr.strip()}')
    try:
        yield
    finally:
        subprocess.run(['umount', '--lazy', str(folder)], check=True, timeout=PATIENCE)


def fill(path: Path) -> None:
    """Write a file until its disk is full."""
    with open(path, 'wb', buffering=0) as file:
        for block in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(block))


#: A supervisor whose journal meets a full disk whenever the file that arms it is there.
FULL_JOURNAL = """
    class FullOs:
        def __getattr__(self, name):
            return getattr(os, name)
        def write(self, fd, data):
            if armed():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return os.write(fd, data)
        def fsync(self, fd):
            if armed():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    replace('supervisor.records.journal:os', lambda _: FullOs())
    """

#: Attaches as the instance's node, and ends when it loses its supervisor.
_NODE = """
    import sys
    sys.path.insert(0, sys.argv[1])
    from launch_service_node.protocol import SupervisorClient
    client = SupervisorClient('/robot1', sys.argv[2])
    client.call('attach', node_name='/robot1/launch_service', settings={})
    while True:
        client.next_event(3600)
    """


def node_stand_in(lab: Lab) -> list[str]:
    """Return the command of what a supervisor may look after in the place of a ROS node."""
    package = Path(launch_service_node.__path__[0])
    return [sys.executable, '-IS', lab.write('stand_in.py', _NODE), str(package.parent),
            str(lab.home)]


#: A supervisor that may only read its journal, whenever the file that arms it is there.
READ_ONLY_JOURNAL = """
    class ReadOnlyOs:
        def __getattr__(self, name):
            return getattr(os, name)
        def open(self, path, flags, mode=0o777):
            if armed() and flags & os.O_RDWR:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
            return os.open(path, flags, mode)
    replace('supervisor.records.journal:os', lambda _: ReadOnlyOs())
    """
