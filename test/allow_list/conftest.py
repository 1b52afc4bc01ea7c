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

"""A made-up installation and allow-list files, in folders that nobody else may write to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import textwrap

import pytest


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


class Prefix:
    """An ament prefix with packages of one's choice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            'AMENT_PREFIX_PATH': str(folder), 'PATH': str(folder / 'bin'), 'HOME': str(folder)}

    def file(self, path: str, text: str = '', mode: int = 0o644) -> Path:
        """Write a file of the prefix."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def program(self, path: str) -> Path:
        """Write an executable of the prefix."""
        return self.file(path, '#!/bin/sh\n', 0o755)

    def package(self, name: str) -> None:
        """Register a package in the index."""
        self.file(f'share/ament_index/resource_index/packages/{name}')


@pytest.fixture
def prefix(tmp_path: Path) -> Prefix:
    """Give a prefix with package `robot`: drive, look, all.launch.py."""
    made = Prefix(tmp_path / 'prefix')
    made.package('robot')
    made.program('lib/robot/drive')
    made.program('lib/robot/look')
    made.program('bin/ros2')
    made.file('share/robot/launch/all.launch.py')
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Give a function that writes an allow-list file and returns its path."""
    def writer(text: str, name: str = 'allow.yaml') -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return str(path)
    return writer
