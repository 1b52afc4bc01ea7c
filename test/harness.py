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
What tests of real processes stand on: an isolated home, real supervisors, no leftovers.

A Lab has a state folder of its own. Whatever runs for it carries that folder, or the
mark of one of its instances, in its environment: so it is found again, and ended by
pid and start time, whatever a test did or failed to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import select
import signal
import subprocess
import sys
import textwrap
import time
from typing import Any, TypeVar

from launch_service_node.instance import instance_dir, known_instances
from launch_service_node.protocol import SupervisorClient
from launch_service_node.starting import supervisor_command
from launch_service_node.supervisor.kernel.identity import open_handle, read_stat

#: Seconds that a test waits for what has to happen; never how long it takes.
PATIENCE = float(os.environ.get('LAUNCH_SERVICE_TEST_PATIENCE', '30'))

T = TypeVar('T')

#: Program whose main thread alone ends: a zombie to look at, whose other thread works on. It
#: writes its pid into the file that is its first argument. What it leaves of its environment
#: can't be read: a test that starts one ends it by itself.
HEADLESS = """
    import ctypes, os, platform, sys, threading, time
    threading.Thread(target=time.sleep, args=(1000,)).start()
    open(sys.argv[1], 'a').write(f'{os.getpid()}\\n.')
    exit_of_a_thread = {'x86_64': 60}.get(platform.machine(), 93)
    ctypes.CDLL(None).syscall(exit_of_a_thread, 0)
    """


def wait_until(what: Callable[[], T], timeout: float = PATIENCE, step: float = 0.01) -> T:
    """Return what a condition gives as soon as it is true; fail when it never is."""
    deadline = time.monotonic() + timeout
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f'not so after {timeout:g} s: {what}')
        select.select([], [], [], step)


def alive(pid: int) -> bool:
    """Say whether a process exists and is no zombie."""
    stat = read_stat(pid)
    return stat is not None and stat.alive


def freeze(pid: int) -> None:
    """
    Stop a process with SIGSTOP, and return when all of its threads have stopped.

    The signal takes effect when one thread gets to run, and until then others go on.
    """
    os.kill(pid, signal.SIGSTOP)

    def stopped() -> bool:
        try:
            stats = [Path(f'/proc/{pid}/task/{thread}/stat').read_text()
                     for thread in os.listdir(f'/proc/{pid}/task')]
        except (FileNotFoundError, ProcessLookupError):
            return False  # a thread has just ended
        return {stat.rpartition(')')[2].split()[0] for stat in stats} == {'T'}
    wait_until(stopped)


class Running:
    """A supervisor that runs in the foreground, and a connection to it."""

    def __init__(self, lab: Lab, namespace: str, popen: subprocess.Popen[bytes]) -> None:
        self.lab = lab
        self.namespace = namespace
        self.popen = popen
        self.client = self.connect()

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask, and return the answer, also one that is not ok."""
        return self.client.ask(op, PATIENCE, **fields)

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask, and return the answer, which has to be ok."""
        answer = self.ask(op, **fields)
        assert answer['ok'], answer
        return answer

    def start(self, cmd: str, **fields: Any) -> dict[str, Any]:
        """Start a process, and return it."""
        return self.call('start', cmd=cmd, **fields)['process']

    def process(self, name: str) -> dict[str, Any]:
        """Return a process that is listed."""
        found = self.call('list', name=name)['processes']
        assert found, f'{name} is not listed'
        return found[0]

    def wait_state(self, name: str, *states: int) -> dict[str, Any]:
        """Return a process as soon as it is in one of these states."""
        def reached() -> dict[str, Any] | None:
            process = self.process(name)
            return process if process['process_status'] in states else None
        return wait_until(reached)

    def kill(self) -> None:
        """End the supervisor without any warning; its processes live on."""
        self.client.close()
        self.popen.kill()
        self.popen.wait(PATIENCE)

    def shut_down(self) -> None:
        """Stop everything; the supervisor has to end with 0."""
        self.call('shutdown')
        assert self.popen.wait(PATIENCE) == 0
        self.client.close()

    def connect(self) -> SupervisorClient:
        """Return one more connection, which the caller closes."""
        return SupervisorClient(self.namespace, str(self.lab.home), PATIENCE)


class Lab:
    """An isolated home for instances."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / 'state'
        self.environment = {
            **{key: value for key, value in os.environ.items()
               if key in ('PATH', 'LD_LIBRARY_PATH', 'AMENT_PREFIX_PATH', 'PYTHONPATH',
                          'ROS_DISTRO', 'RMW_IMPLEMENTATION', '_ROS_WHEELS_BOOTSTRAP_COMPLETE',
                          'ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE',
                          'FASTDDS_BUILTIN_TRANSPORTS')},
            'HOME': str(folder), 'LANG': 'C.UTF-8',
            'LAUNCH_SERVICE_STATE_DIR': str(self.home),
        }
        self._running: list[Running] = []

    def write(self, name: str, text: str, mode: int = 0o644) -> str:
        """Write a file, and return its path."""
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        return str(path)

    def script(self, name: str, body: str) -> str:
        """Write a Python program that can be executed, and return its path."""
        return self.write(name, f'#!{os.path.realpath(sys.executable)} -IS\n'
                          + textwrap.dedent(body), 0o755)

    def allow_list(self, *entries: dict[str, Any], name: str = 'allow.yaml') -> str:
        """Write an allow-list (JSON is YAML), and return its path."""
        return self.write(name, json.dumps({'allowable_processes': entries}, indent=1))

    def supervisor(self, *entries: dict[str, Any], namespace: str = '/robot1',
                   wrap: Callable[[list[str]], list[str]] | None = None,
                   **settings: Any) -> Running:
        """
        Run a supervisor in the foreground, with these entries as its allow-list.

        :param wrap: makes another command of the supervisor's own: test/faults has some.
        """
        # What a supervisor that fell had just forked holds its lock until it notices.
        popen, said = wait_until(lambda: self._begin(namespace, wrap))
        assert said.startswith('READY'), said + self.log()
        running = Running(self, namespace, popen)
        self._running.append(running)
        if entries:
            settings['allow_list'] = [self.allow_list(*entries)]
        if settings:
            # As a node would: but it leaves again, so that a real one may come.
            with running.connect() as client:
                answer = client.ask('attach', PATIENCE, node_name='/test', settings=settings)
                assert answer['ok'], answer
        return running

    def _begin(self, namespace: str, wrap: Callable[[list[str]], list[str]] | None
               ) -> tuple[subprocess.Popen[bytes], str] | None:
        """Start a supervisor, and return what it says; None when one that fell is in the way."""
        read_fd, write_fd = os.pipe()
        command = supervisor_command(namespace, str(self.home), ready_fd=write_fd)
        with open(self.folder / 'supervisor.log', 'ab') as log:
            popen = subprocess.Popen(
                wrap(command) if wrap is not None else command,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(write_fd,),
                env=self.environment, start_new_session=True)
        os.close(write_fd)
        try:
            assert select.select([read_fd], [], [], PATIENCE)[0], 'the supervisor says nothing'
            said = os.read(read_fd, 4096).decode()
        finally:
            os.close(read_fd)
        if said.startswith('BUSY') and all(one.popen.poll() is not None for one in self._running):
            popen.wait(PATIENCE)
            return None
        return popen, said

    def log(self) -> str:
        """Return what the supervisors have complained about."""
        found = [self.folder / 'supervisor.log', *self.home.glob('*/supervisor.log')]
        return ''.join(path.read_text() for path in found if path.exists())

    def instance_dir(self, namespace: str = '/robot1') -> Path:
        """Return the state folder of an instance."""
        return Path(instance_dir(namespace, str(self.home)))

    def leftovers(self) -> list[int]:
        """Return the pids of everything that still runs for this lab."""
        marks = [f'LAUNCH_SERVICE_STATE_DIR={self.home}\0'.encode()]
        for namespace in known_instances(str(self.home)):
            try:
                data = json.loads((self.instance_dir(namespace) / 'instance.json').read_text())
                marks.append(f'LAUNCH_SERVICE_PROCESS={data["instance_id"]}:'.encode())
            except (OSError, ValueError):
                continue
        return sorted(pid for pid, environment in _environments()
                      if any(mark in environment for mark in marks) and pid != os.getpid())

    def close(self) -> list[int]:
        """End whatever still runs, and return the pids that had to be killed for that."""
        for running in self._running:
            running.client.close()
            if running.popen.poll() is None:
                running.popen.send_signal(signal.SIGTERM)
                running.popen.send_signal(signal.SIGTERM)
        for running in self._running:
            try:
                running.popen.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                running.popen.kill()
                running.popen.wait(PATIENCE)
        killed = []
        deadline = time.monotonic() + PATIENCE
        while (left := self.leftovers()) and time.monotonic() < deadline:
            for pid in left:
                handle = open_handle(pid)
                if handle is not None:
                    if pid in self.leftovers():  # still the one that was found
                        handle.send(signal.SIGKILL)
                        killed.append(pid)
                    handle.close()
            select.select([], [], [], 0.02)
        return killed


def _environments() -> Iterator[tuple[int, bytes]]:
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open(f'/proc/{name}/environ', 'rb') as file:
                yield int(name), file.read() + b'\0'
        except OSError:
            continue
