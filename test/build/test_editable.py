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

"""Imports of an editable installation."""

import subprocess
import sys

import pytest

from interface_build import editable


@pytest.fixture
def installed(tmp_path):
    """Give site-packages of an editable installation of `pkg`."""
    source = tmp_path / 'source' / 'pkg'
    (source / 'room').mkdir(parents=True)
    (source / '__init__.py').write_text("__version__ = '1'\n", encoding='utf-8')
    (source / 'room' / '__init__.py').touch()
    site = tmp_path / 'site'
    editable.write_finder('pkg', source, site)
    messages = site / editable.generated_folder('pkg') / 'msg'
    messages.mkdir(parents=True)
    (messages / '__init__.py').touch()
    return site


def python(site, code, cwd):
    start = f'import site; site.addsitedir({str(site)!r})\n'
    return subprocess.run(
        [sys.executable, '-c', start + code], cwd=cwd, capture_output=True, text=True,
        timeout=60, check=False)


def test_modules_come_from_the_source_folder_and_messages_from_the_installation(installed):
    done = python(installed, 'import pkg.room, pkg.msg; print(pkg.room.__file__)\n'
                             'print(pkg.msg.__file__)', installed)
    assert done.returncode == 0, done.stderr
    room, messages = done.stdout.splitlines()
    assert room.startswith(str(installed.parent / 'source'))
    assert messages.startswith(str(installed))


def test_messages_are_found_in_the_source_folder_too(installed):
    done = python(installed, 'import pkg.msg', installed.parent / 'source')
    assert done.returncode == 0, done.stderr


def test_a_new_module_is_found_at_once(installed):
    (installed.parent / 'source' / 'pkg' / 'new.py').touch()
    assert python(installed, 'import pkg.new', installed).returncode == 0


def test_other_imports_are_left_alone(installed):
    done = python(installed, 'import pkg_that_is_not_there', installed)
    assert 'ModuleNotFoundError' in done.stderr
