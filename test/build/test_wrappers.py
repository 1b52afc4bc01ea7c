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

"""The executables of lib/launch_service_node/, run for real with stand-ins for Python's."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

from interface_build.wrappers import EXECUTABLES, script, write_executables


@pytest.fixture
def wrapper(tmp_path):
    """Give a function that installs the executable `tool`; it runs toolpkg.tool."""
    def install(interpreter):
        folder = tmp_path / 'prefix' / 'lib' / 'toolpkg'
        return write_executables(folder, interpreter, {'tool': 'toolpkg.tool'})[0]
    package = tmp_path / 'modules' / 'toolpkg'
    package.mkdir(parents=True)
    (package / '__init__.py').touch()
    (package / 'tool.py').write_text(
        'import sys\ndef main():\n    print(sys.executable, sys.argv)\n    return 7\n',
        encoding='utf-8')
    return install


def run(path, tmp_path, *arguments, cwd=None, **environ):
    return subprocess.run(
        [str(path), *arguments], cwd=cwd, capture_output=True, text=True, timeout=60,
        env={**os.environ, 'PYTHONPATH': str(tmp_path / 'modules'), **environ}, check=False)


def stand_in(path):
    """Make a python3 that tells of itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho {path}\n', encoding='utf-8')
    path.chmod(0o755)
    return path


def test_arguments_and_exit_code_pass_through(wrapper, tmp_path):
    done = run(wrapper(sys.executable), tmp_path, '--ros-args', 'a b')
    assert done.returncode == 7, done.stderr
    assert "['tool', '--ros-args', 'a b']" in done.stdout


def test_the_python_of_its_own_prefix_comes_first(wrapper, tmp_path):
    path = wrapper(sys.executable)
    own = stand_in(tmp_path / 'prefix' / 'bin' / 'python3')
    assert Path(run(path, tmp_path).stdout.strip()).samefile(own)


def test_in_a_workspace_the_python_of_the_build_is_used(wrapper, tmp_path):
    stand_in(tmp_path / 'path' / 'python3')
    baked = stand_in(tmp_path / 'a folder' / 'python')
    path = f'{tmp_path / "path"}:{os.environ["PATH"]}'
    assert run(wrapper(str(baked)), tmp_path, PATH=path).stdout.strip() == str(baked)


@pytest.mark.parametrize('interpreter', [None, '/no/such/python'])
def test_else_python3_on_the_path_is_used(wrapper, tmp_path, interpreter):
    found = stand_in(tmp_path / 'path' / 'python3')
    path = f'{found.parent}:{os.environ["PATH"]}'
    assert run(wrapper(interpreter), tmp_path, PATH=path).stdout.strip() == str(found)


def test_the_current_folder_is_not_imported_from(wrapper, tmp_path):
    # It may be the source folder, whose package has no messages.
    (tmp_path / 'source' / 'toolpkg').mkdir(parents=True)
    (tmp_path / 'source' / 'toolpkg' / '__init__.py').write_text('1/0', encoding='utf-8')
    done = run(wrapper(sys.executable), tmp_path, cwd=tmp_path / 'source')
    assert done.returncode == 7, done.stderr


def test_a_link_to_it_works_as_in_a_workspace_installed_as_links(wrapper, tmp_path):
    link = tmp_path / 'install' / 'lib' / 'toolpkg' / 'tool'
    link.parent.mkdir(parents=True)
    link.symlink_to(wrapper(sys.executable))
    assert run(link, tmp_path).returncode == 7


def test_the_node_and_every_example_can_be_run(root):
    examples = {
        path.stem: f'launch_service_node.examples.{path.stem}'
        for path in (root / 'launch_service_node' / 'examples').glob('*.py')
        if '\ndef main(' in path.read_text(encoding='utf-8')}
    assert EXECUTABLES == {'launch_service_node': 'launch_service_node.node.main', **examples}


def test_it_is_plain_posix_shell(tmp_path):
    path = tmp_path / 'x'
    path.write_text(script('x', 'y.z', "/opt/it's here/python3"), encoding='utf-8')
    done = subprocess.run(['sh', '-n', str(path)], timeout=60, check=False)
    assert done.returncode == 0
