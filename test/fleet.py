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
Hosts that one logs in to: network namespaces, each with an sshd, a host key and a home.

The first is the laptop, the others are robots. Whatever still runs on a host when the
fleet is closed is ended: who is in the namespace of a host is the host's, whatever
became of its parents and its environment.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from harness import PATIENCE, wait_until
from hosts import Host, Network
from hosts import why_not as why_no_hosts
from ssh_servers import Sshd
from ssh_servers import why_not as why_no_sshd

from launch_service_node.ssh.target import Target


def why_not() -> str:
    """Say in one line why there can be no fleet here; empty when there can."""
    return why_no_hosts() or why_no_sshd()


class Computer:
    """
    A host that one can log in to.

    :ivar home: what HOME is there, which it shares with nobody.
    :ivar setup: a script that makes ROS and this package known, as /opt/ros/…/setup.bash does.
    """

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.name = host.name
        self.address = host.address
        self.home = folder / host.name
        self.home.mkdir(parents=True)
        self.setup = self.home / 'setup.bash'
        self.setup.write_text(''.join(
            f"export {name}='{value}'\n" for name, value in self._ros().items()))
        self.sshd = Sshd(
            folder / f'sshd_{host.name}', address=host.address, Port=22,
            SetEnv=f'HOME={self.home} LAUNCH_SERVICE_STATE_DIR={self.home}/state')
        self.sshd.port = 22

    @property
    def environment(self) -> dict[str, str]:
        """Return what a program needs that is started there by `run` or `command`."""
        return {**self._ros(), 'HOME': str(self.home), 'LANG': 'C.UTF-8',
                'LAUNCH_SERVICE_STATE_DIR': f'{self.home}/state'}

    def _ros(self) -> dict[str, str]:
        own = {name: os.environ[name] for name in (
            'LD_LIBRARY_PATH', 'AMENT_PREFIX_PATH', 'PYTHONPATH', 'ROS_DISTRO', 'ROS_VERSION',
            'ROS_DOMAIN_ID', 'RMW_IMPLEMENTATION', '_ROS_WHEELS_BOOTSTRAP_COMPLETE')
               if name in os.environ}
        prefix = os.path.dirname(sys.executable)
        return {**own, **self.host.environment, 'PATH': f'{prefix}:{os.environ["PATH"]}'}

    def start(self) -> None:
        """Start its sshd."""
        before = self._listened
        self.sshd.start(self.host.command(*self.sshd.command()), wait=False)
        wait_until(lambda: self._listened > before)

    @property
    def _listened(self) -> int:
        # Its log begins with what the one before said, where it was stopped.
        return self.sshd.log().count('Server listening')

    def command(self, *words: str) -> list[str]:
        """Return the command that runs these words on it, in its own environment."""
        return self.host.command('env', '-i', *(
            f'{name}={value}' for name, value in self.environment.items()), *words)

    def run(self, *words: str, timeout: float = PATIENCE,
            **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program on it to its end, and return what it said."""
        return subprocess.run(self.command(*words), text=True, check=False, **{
            'capture_output': True, 'timeout': timeout, 'cwd': self.home, **options})

    def pids(self) -> list[int]:
        """Return who runs on it, its sshd included."""
        return self.host.pids()

    def running(self, *words: str) -> list[int]:
        """Return the pids of those on it whose command line has all these words."""
        found = []
        for pid in self.pids():
            try:
                line = Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')
            except OSError:
                continue
            if all(word.encode() in line for word in words):
                found.append(pid)
        return found

    def stop(self) -> None:
        """End its sshd and everything that runs on it."""
        self.sshd.stop()
        self.host.end_all()


class Fleet:
    """
    A laptop and three robots; `close` ends all of it.

    :ivar ssh_config: for all of them, with their names (`host2`) as aliases.
    """

    def __init__(self, folder: Path, robots: int = 3) -> None:
        self.ssh_config = folder / 'ssh_config'
        self.known_hosts = folder / 'known_hosts'
        self.network = Network(robots + 1)
        self.computers: list[Computer] = []
        try:
            for host in self.network.hosts:
                self.computers.append(Computer(host, folder))
            self.laptop, *self.robots = self.computers
            self.key = self.laptop.sshd.user_key
            for computer in self.computers:
                computer.sshd.authorized.write_text(Sshd.public(self.key) + '\n')
                computer.start()
        except BaseException:
            self.close()
            raise
        self.known_hosts.write_text(''.join(
            f'{one.address} {Sshd.public(one.sshd.host_key)}\n' for one in self.computers))
        self.write_config()

    def write_config(self, *lines: str) -> None:
        """Write the ssh_config, with further lines at its end."""
        self.ssh_config.write_text('\n'.join([
            *(f'Host {one.name}\n  HostName {one.address}' for one in self.computers),
            'Host *', f'  User {getpass.getuser()}', f'  IdentityFile {self.key}',
            f'  UserKnownHostsFile {self.known_hosts}', '  GlobalKnownHostsFile /dev/null',
            '  IdentityAgent none', *lines, '']))

    def target(self, computer: Computer, **changes: Any) -> Target:
        """Return how a client on the laptop reaches one of them."""
        return Target(**{'host': computer.name, 'config_file': str(self.ssh_config),
                         'connect_timeout': PATIENCE, **changes})

    def close(self) -> None:
        """End whatever runs on the hosts, and remove them."""
        try:
            for computer in self.computers:
                computer.stop()
        finally:
            self.network.close()
