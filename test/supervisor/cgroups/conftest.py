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

"""Fixtures of the tests of cgroups: one of their own, and a home that is left before it."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path

import harness
from harness import Lab, wait_until
import pytest

from launch_service_node.supervisor.kernel.cgroups import Cgroup
from launch_service_node.supervisor.kernel.delegation import find_place

from .place import Base, ENTER


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Base]:
    """Start supervisors in a cgroup of their own, which has to be empty in the end."""
    place = find_place()
    if not place.folder:
        pytest.skip(f'no cgroup can be made here: {place.trouble}')
    folder = Path(place.folder, f'test_cgroups_{os.getpid()}')
    folder.mkdir()
    command = harness.supervisor_command
    monkeypatch.setattr(harness, 'supervisor_command', lambda *args, **more: [
        '/bin/sh', '-c', ENTER, str(folder),
        *command(*args, **more)])
    base = Base(folder)
    yield base
    # The lab was closed before; what is in there now has got away from it.
    Cgroup(str(folder)).kill()
    wait_until(lambda: not base.pids())
    for path, _, _ in os.walk(folder, topdown=False):
        os.rmdir(path)


@pytest.fixture
def lab(base: Base, tmp_path: Path) -> Iterator[Lab]:
    """Give an isolated home that is closed before the cgroup is looked at."""
    lab = Lab(tmp_path)
    yield lab
    lab.close()
