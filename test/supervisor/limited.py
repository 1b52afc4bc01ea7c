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

"""Programs under limits: their entries, their output, and what the host has to offer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness import Lab
import pytest

from launch_service_node.supervisor.kernel.delegation import find_place

QUICK = {'sigterm_timeout': 0, 'sigkill_timeout': 0}


def available(controller: str) -> bool:
    """Say whether this host gives a test that controller of cgroup v2."""
    folder = find_place().folder
    return bool(folder) and controller in Path(folder, 'cgroup.controllers').read_text().split()


def needs(controller: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not available(controller), reason=(
        f'this host offers no {controller} controller in a cgroup v2 that was delegated'))


def lacks(controller: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(available(controller), reason=(
        f'the {controller} controller is there, so nothing has to stand in for it'))


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='takes root')


def written(lab: Lab, process_id: int = 1) -> str:
    return (lab.instance_dir() / 'output' / str(process_id)).read_text()


def entry(lab: Lab, body: str, **more: Any) -> dict[str, Any]:
    return {'id': 'it', 'cmd': [lab.script('it', body)], 'stop': QUICK, **more}


def open_files_of(pid: int) -> str:
    line = next(line for line in Path(f'/proc/{pid}/limits').read_text().splitlines()
                if line.startswith('Max open files'))
    return line.split()[4]
