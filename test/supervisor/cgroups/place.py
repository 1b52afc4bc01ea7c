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

"""A cgroup that belongs to one test, and what supervisors make of it."""

from __future__ import annotations

import json
from pathlib import Path

from harness import Lab
import pytest

from launch_service_node.supervisor.kernel.cgroups import Cgroup

#: More than anything here needs; it is there for the cgroup.
LIMITS = {'memory': '1 GiB'}

QUICK = {'sigterm_timeout': 0.2, 'sigkill_timeout': 0.2}

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'limits': LIMITS, 'stop': QUICK}


def instance_id(lab: Lab) -> str:
    return str(json.loads((lab.instance_dir() / 'instance.json').read_text())['instance_id'])


class Base:
    """The folder of a cgroup, of this test alone, that supervisors are started in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the cgroups in it."""
        return sorted(item.name for item in self.folder.iterdir() if item.is_dir())

    def of_processes(self) -> list[str]:
        """Return <process id>.<run> of each cgroup of a process."""
        return [name.split('.', 2)[2] for name in self.names() if not name.endswith('supervisor')]

    def pids(self) -> list[int]:
        """Return who is in it and below."""
        return Cgroup(str(self.folder)).pids()


#: A cgroup with controllers for its children takes no processes. A supervisor that comes
#: after one that was killed there is started by something in the cgroup that it has left.
ENTER = """
    for folder in "$0"/supervisor "$0"/launch_service.*.supervisor "$0"; do
        echo 0 2>/dev/null >"$folder/cgroup.procs" && exec "$@"
    done
    """


def members(base: Base, name: str) -> list[int]:
    return Cgroup(str(base.folder / name)).pids()


def has_controllers(base: Base) -> bool:
    found = (base.folder / 'cgroup.controllers').read_text().split()
    return bool({'memory', 'pids', 'cpu'} & set(found))


def offer_controllers(base: Base) -> None:
    """Have the controllers of the host in the cgroup of the test, or skip."""
    parent = base.folder.parent
    names = {'memory', 'pids', 'cpu'} & set((parent / 'cgroup.controllers').read_text().split())
    if names:
        (parent / 'cgroup.subtree_control').write_text(' '.join(f'+{name}' for name in names))
    if not has_controllers(base):
        pytest.skip('this host offers no controller in a cgroup v2 that was delegated')
