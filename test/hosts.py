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
Several real hosts on one machine: network namespaces on a bridge of their own.

Each host has an address, a host name and a loopback of its own; the bridge lies in a
namespace too, so nothing of it touches the machine's network. /dev/shm is shared by
all, so DDS has to be told to keep to UDP: `environment` does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import Any

from harness import wait_until

from launch_service_node.supervisor.kernel.identity import open_handle

SUBNET = '10.123.45'

_TIMEOUT = 30.0


def why_not() -> str:
    """Say in one line why there can be no hosts here; empty when there can."""
    if os.geteuid() != 0:
        return 'hosts in network namespaces need root'
    for program in ('ip', 'unshare', 'hostname'):
        if shutil.which(program) is None:
            return f'hosts in network namespaces need `{program}` (iproute2, util-linux, hostname)'
    return ''


class Host:
    """One host: run programs on it, cut its cable."""

    def __init__(self, network: str, number: int) -> None:
        self.name = f'host{number}'
        self.address = f'{SUBNET}.{number}'
        self.namespace = f'{network}h{number}'
        self._network = network
        self._port = f'p{number}'

    #: For programs that use DDS on it.
    environment = {'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',
                   'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}

    def command(self, *words: str) -> list[str]:
        """Return the command that runs these words on the host."""
        return ['ip', 'netns', 'exec', self.namespace, 'unshare', '--uts', 'sh', '-c',
                f'hostname {self.name}; exec "$@"', 'sh', *words]

    def run(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program on the host to its end, and return what it said."""
        return subprocess.run(self.command(*words), text=True, check=False, **{
            'capture_output': True, 'timeout': _TIMEOUT, **options})

    def pids(self) -> list[int]:
        """Return who runs on it: who is in its namespace, whatever became of their parents."""
        said = subprocess.run(['ip', 'netns', 'pids', self.namespace], text=True,
                              capture_output=True, timeout=_TIMEOUT, check=False)
        return [int(word) for word in said.stdout.split()]

    def end_all(self) -> None:
        """End whatever runs on it."""
        def is_empty() -> bool:
            pids = self.pids()
            for pid in pids:
                handle = open_handle(pid)
                if handle is not None:
                    if pid in self.pids():  # still the one that was found
                        handle.send(signal.SIGKILL)
                    handle.close()
            return not pids
        wait_until(is_empty)

    def cut(self) -> None:
        """Pull its cable."""
        _ip('-n', self._network, 'link', 'set', self._port, 'down')

    def mend(self) -> None:
        """Plug its cable in again."""
        _ip('-n', self._network, 'link', 'set', self._port, 'up')


class Network:
    """
    A number of hosts on one bridge; `close` removes all of it.

    :param count: hosts, at most 200.
    """

    def __init__(self, count: int) -> None:
        self._name = f'lsn{os.getpid()}'
        self._namespaces: list[str] = []
        self.hosts: list[Host] = []
        try:
            self._add_namespace(self._name)
            _ip('-n', self._name, 'link', 'add', 'bridge', 'type', 'bridge', 'forward_delay', '0')
            _ip('-n', self._name, 'link', 'set', 'bridge', 'up')
            for number in range(1, count + 1):
                self.hosts.append(self._add_host(number))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End whatever runs on the hosts, and remove them and their network."""
        try:
            for host in self.hosts:
                host.end_all()
        finally:
            self._remove()

    def _remove(self) -> None:
        for namespace in reversed(self._namespaces):
            subprocess.run(['ip', 'netns', 'delete', namespace], check=False, timeout=_TIMEOUT)
        self._namespaces = []

    def _add_namespace(self, name: str) -> None:
        _ip('netns', 'add', name)
        self._namespaces.append(name)

    def _add_host(self, number: int) -> Host:
        host = Host(self._name, number)
        inside = host.namespace
        self._add_namespace(inside)
        _ip('-n', self._name, 'link', 'add', f'p{number}', 'type', 'veth',
            'peer', 'name', 'eth0', 'netns', inside)
        _ip('-n', self._name, 'link', 'set', f'p{number}', 'master', 'bridge', 'up')
        _ip('-n', inside, 'address', 'add', f'{host.address}/24', 'dev', 'eth0')
        _ip('-n', inside, 'link', 'set', 'lo', 'up')
        _ip('-n', inside, 'link', 'set', 'eth0', 'up')
        # Discovery is multicast, which needs a route to go by.
        _ip('-n', inside, 'route', 'add', 'default', 'dev', 'eth0')
        return host


def _ip(*words: str) -> None:
    done = subprocess.run(['ip', *words], capture_output=True, text=True, timeout=_TIMEOUT,
                          check=False)
    if done.returncode:
        raise RuntimeError(f'ip {" ".join(words)}: {done.stderr.strip()}')
