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

"""A package of nodes that show what they are told, and a robot that has it; needs `launch_ros`."""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

from launch.actions import SetLaunchConfiguration
from launch_ros.actions import Node
from launching import Launcher, machine_on, Told
from ssh_servers import Sshd
import yaml

from launch_service_node.actions import RemoteNode

_SHOW = f"""#!{sys.executable} -ISE
import json, os, sys
files = [open(sys.argv[at + 1]).read() for at, one in enumerate(sys.argv)
         if one == '--params-file']
json.dump([sys.argv, files, dict(os.environ)], sys.stdout)
"""

# Says where its files are, then waits.
_STAY = f"""#!{sys.executable} -ISE
import signal, sys
print(*(sys.argv[at + 1] for at, one in enumerate(sys.argv) if one == '--params-file'))
print('ready', flush=True)
signal.pause()
"""


def install(prefix: Path) -> None:
    """Make an ament prefix with the package `arm`, and a set-up script of it."""
    (prefix / 'share/ament_index/resource_index/packages').mkdir(parents=True)
    (prefix / 'share/ament_index/resource_index/packages/arm').touch()
    lib = prefix / 'lib/arm'
    lib.mkdir(parents=True)
    for name, program in (('show', _SHOW), ('stay', _STAY)):
        (lib / name).write_text(program)
        (lib / name).chmod(0o755)
    (prefix / 'setup.bash').write_text(
        f'export AMENT_PREFIX_PATH={prefix} ROS_DOMAIN_ID=99 RMW_IMPLEMENTATION=rmw_theirs\n')


class Shown:
    """What a node was told, and its environment."""

    def __init__(self, told: Told) -> None:
        argv, self.files, self.env = json.loads(told.stdout)
        self.executable, *self.argv = argv
        at = [number for number, word in enumerate(self.argv) if word == '--params-file']
        self.paths = [Path(self.argv[number + 1]) for number in at]
        #: Without the paths of files, which differ.
        self.words = ['*' if number - 1 in at else word for number, word in enumerate(self.argv)]
        self.parameters = [yaml.unsafe_load(one) for one in self.files]


class Robot:
    """Runs nodes on a server."""

    def __init__(self, sshd: Sshd, launcher: Launcher, prefix: Path) -> None:
        self.sshd, self.launcher, self.prefix = sshd, launcher, prefix
        self.machine = machine_on(sshd, setup=[str(prefix / 'setup.bash')])

    def node(self, **arguments: Any) -> RemoteNode:
        return RemoteNode(**{'machine': self.machine, 'package': 'arm', 'executable': 'show',
                             **arguments})

    def show(self, *before: Any, **arguments: Any) -> Shown:
        """Return what a node is told that runs behind these actions."""
        return self._shown(self.node(**arguments), *before)

    def show_here(self, *before: Any, **arguments: Any) -> Shown:
        """Return what Node tells it."""
        return self._shown(Node(**{'package': 'arm', 'executable': 'show', **arguments}), *before)

    def _shown(self, node: Any, *before: Any) -> Shown:
        told = Told(node)
        assert self.launcher.run(*told.hear(), *before, node) == 0, self.launcher.log()
        assert told.codes == [0], self.launcher.log()
        return Shown(told)


def sides() -> list[Any]:
    return [SetLaunchConfiguration('side', 'left')]
