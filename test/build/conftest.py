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

"""Puts the room of the build on the path, and makes small ament prefixes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import sys

import pytest

ROOT = Path(__file__).resolve().parents[2]
# At the end: first, it would hide the installed package, which has the messages.
sys.path.extend((str(ROOT), str(Path(__file__).parent)))

PYTHON = f'python{sys.version_info[0]}.{sys.version_info[1]}'


@pytest.fixture(scope='session')
def root() -> Path:
    """Give the source folder."""
    return ROOT


@pytest.fixture
def make_prefix(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that makes an ament prefix with packages, by name and version."""
    def make(name: str, *, wheels: tuple[str, ...] = (), python: str = PYTHON,
             **packages: str) -> Path:
        prefix = tmp_path / name
        modules = prefix / 'lib' / python / 'site-packages'
        modules.mkdir(parents=True)
        for package, version in packages.items():
            manifest = prefix / 'share' / package / 'package.xml'
            manifest.parent.mkdir(parents=True)
            manifest.write_text(
                f'<package format="3"><name>{package}</name>\n'
                f'<version>{version}</version></package>', encoding='utf-8')
            (modules / package).mkdir()
            (modules / package / '__init__.py').touch()
        for wheel in wheels:
            distribution, version = wheel.split('==')
            folder = modules / f'{distribution.replace("-", "_")}-{version}.dist-info'
            folder.mkdir()
            (folder / 'METADATA').write_text(
                f'Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n',
                encoding='utf-8')
        return prefix
    return make
