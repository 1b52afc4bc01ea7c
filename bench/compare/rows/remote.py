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

"""Commands on a machine whose connection is open, over a real sshd on the loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import getpass
import queue
import subprocess

from ssh_servers import Sshd, why_not

from launch_service_node.ssh.command import Command
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.running import run

from ..bench import Bench, interleaved, timed
from ..figures import Line, Missing, Result, Series
from ..ours import PATIENCE


@contextmanager
def machine(bench: Bench) -> Iterator[Sshd]:
    """Give a machine to log in to."""
    folder = bench.new_folder('sshd')
    # An empty home: what somebody's .bashrc takes is not what is measured.
    sshd = Sshd(folder, LogLevel='ERROR', SetEnv=f'HOME={folder}')
    sshd.start()
    try:
        yield sshd
    finally:
        sshd.stop()


class OpenSSH:
    """The program `ssh`, as somebody types it."""

    def __init__(self, sshd: Sshd) -> None:
        self._words = ['ssh', '-F', str(sshd.ssh_config), '-i', str(sshd.user_key)]
        self._master = ['-o', f'ControlPath={sshd.folder}/master']

    def exec(self, *options: str) -> float:
        """Return the seconds that a command takes with a connection of its own."""
        return timed(lambda: subprocess.run(
            [*self._words, *options, 'robot', 'true'], check=True, capture_output=True,
            timeout=PATIENCE))

    def over_master(self) -> float:
        """Return the seconds that a command takes over the master's connection."""
        return self.exec(*self._master)

    @contextmanager
    def master(self) -> Iterator[None]:
        """Keep a connection open."""
        with subprocess.Popen([*self._words, *self._master, '-o', 'ControlMaster=yes', '-N', '-n',
                               'robot'], stderr=subprocess.DEVNULL,
                              start_new_session=True) as popen:
            try:
                self._await_master()
                yield
            finally:
                popen.terminate()

    def _await_master(self) -> None:
        for _ in range(200):
            said = subprocess.run([*self._words, *self._master, '-O', 'check', 'robot'],
                                  capture_output=True, check=False, timeout=PATIENCE)
            if said.returncode == 0:
                return
        raise TimeoutError('ssh makes no ControlMaster')


@contextmanager
def echo(pool: Pool, sshd: Sshd) -> Iterator[Callable[[], float]]:
    """Give what sends a line to a process on the machine and waits for its answer."""
    heard: queue.Queue[bytes] = queue.Queue()
    with RemoteProcess(Command(argv=('cat',), stdin=True), heard.put) as process:
        process.start(pool.open_session(sshd.target()))

        def once() -> None:
            process.write(b'0123456789\n')
            heard.get(timeout=PATIENCE)
        yield lambda: timed(once)


def remote(bench: Bench) -> Iterator[Result]:
    """Command a process on a machine whose link is open, or start a new one there."""
    reason = why_not()
    if reason:
        yield Missing('remote', reason)
        return
    with machine(bench) as sshd, Pool() as pool:
        target, openssh = sshd.target(), OpenSSH(sshd)

        def new_process() -> float:
            return timed(lambda: run(pool.open_session(target), Command(argv=('true',)),
                                     PATIENCE))

        def cold() -> float:
            with Pool() as other:
                return timed(lambda: run(other.open_session(target), Command(argv=('true',)),
                                         PATIENCE))
        with openssh.master(), echo(pool, sshd) as our_line, bench.peer(
                'asyncssh_exec', str(sshd.port), getpass.getuser(), str(sshd.user_key),
                str(sshd.known_hosts)) as asyncssh:
            asyncssh.ask('open')
            lines = interleaved(bench.times(40), our_line, openssh.over_master,
                                lambda: asyncssh.time('echo', line='0123456789'))
            processes = interleaved(bench.times(20), new_process,
                                    lambda: asyncssh.time('run', line='true'), cold,
                                    openssh.exec)
    over_master = Series.milliseconds('ControlMaster exec', lines[1])
    line = Series.milliseconds('ours', lines[0])
    yield Line('remote', 'a line to a remote process, and its answer', line, over_master, 0.1)
    yield Line('remote', 'a line to a remote process, and its answer', line,
               Series.milliseconds('asyncssh', lines[2]), note='without a watchdog')
    new = Series.milliseconds('ours', processes[0])
    note = 'ours starts a watchdog, so that nothing outlives the link'
    yield Line('remote', 'a new remote process, connection open', new, over_master, note=note)
    yield Line('remote', 'a new remote process, connection open', new,
               Series.milliseconds('asyncssh', processes[1]), note=note)
    yield Line('remote', 'a new remote process, cold', Series.milliseconds('ours', processes[2]),
               Series.milliseconds('OpenSSH', processes[3]), note=note)
