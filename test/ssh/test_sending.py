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

"""What is sent along with each command is found however this package was installed."""

from __future__ import annotations

import compileall
import json
from pathlib import Path
import shutil
import subprocess
import sys

import pytest
from ssh_servers import PATIENCE

import launch_service_node
from launch_service_node.ssh.sending import pack_modules

_PACK = """
import sys
sys.path.insert(0, sys.argv[1])
from launch_service_node.errors import InstanceError
from launch_service_node.ssh import sending
assert sending.__file__.startswith(sys.argv[1]), sending.__file__
try:
    sys.stdout.buffer.write(sending.pack_modules())
except InstanceError as error:
    print('InstanceError', error)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a folder with a copy of this package's pure part."""
    source = Path(launch_service_node.__file__).parent
    folder = tmp_path / 'copy'
    for part in ('ssh', 'supervisor'):
        shutil.copytree(source / part, folder / 'launch_service_node' / part,
                        ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('__init__.py', 'errors.py', 'environment.py'):
        shutil.copy(source / name, folder / 'launch_service_node')
    return folder


def packed_from(place: Path, tmp_path: Path) -> bytes:
    done = subprocess.run([sys.executable, '-IS', '-c', _PACK, str(place)], capture_output=True,
                          timeout=PATIENCE, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_it_is_found_in_a_folder_and_in_a_zip(copy: Path, tmp_path: Path) -> None:
    assert packed_from(copy, tmp_path) == pack_modules()
    archive = shutil.make_archive(str(tmp_path / 'package'), 'zip', copy)
    assert packed_from(Path(archive), tmp_path) == pack_modules()


def test_without_its_source_it_says_so(copy: Path, tmp_path: Path) -> None:
    assert compileall.compile_dir(copy, legacy=True, quiet=1)
    for path in copy.rglob('*.py'):
        path.unlink()
    said = packed_from(copy, tmp_path).decode()
    assert said.startswith('InstanceError launch_service_node.ssh.remote.')
    assert 'install launch_service_node with its .py files' in said


def test_everything_that_belongs_to_it_is_sent() -> None:
    folder = Path(launch_service_node.__file__).parent / 'ssh' / 'remote'
    sent = json.loads(pack_modules())
    assert {f'remote.{path.stem}' for path in folder.glob('*.py')} - {'remote.__init__'} \
        == set(sent)
    for name, source in sent.items():
        own = (folder / f'{name.partition(".")[2]}.py').read_text()
        assert 'Licensed' not in source
        assert source.splitlines()[20:] == own.splitlines()[20:]
