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

"""What setup.py tells, and what package.xml says of the same."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from interface_build import project
from interface_build.interfaces import interface_files, messages_used

PACKAGE = 'launch_service_node'


@pytest.fixture
def manifest(root):
    """Give package.xml."""
    return ElementTree.parse(root / 'package.xml').getroot()


def names(manifest, *tags):
    return {each.text for tag in tags for each in manifest.findall(tag)}


def test_the_version_is_read_without_importing_the_package(tmp_path):
    init = tmp_path / '__init__.py'
    init.write_text("raise SystemExit('imported')\n__version__ = '3.2.1'\n", encoding='utf-8')
    assert project.version(init) == '3.2.1'


def test_package_xml_has_the_same_version(manifest):
    assert manifest.findtext('version') == project.version()


def test_package_xml_says_what_kind_of_package_this_is(manifest):
    assert manifest.findtext('name') == PACKAGE
    assert manifest.findtext('member_of_group') == 'rosidl_interface_packages'
    assert manifest.findtext('export/build_type') == 'ament_python'


def test_package_xml_names_the_packages_whose_messages_are_used(manifest, root):
    used = {package for name in interface_files(root)
            for package, _ in messages_used((root / name).read_text(encoding='utf-8'))}
    assert used <= names(manifest, 'depend')


def test_package_xml_names_what_setup_py_names(manifest):
    keys = {'psutil': 'python3-psutil', 'PyYAML': 'python3-yaml', 'paramiko>=2.12':
            'python3-paramiko'}
    required = project.setup_arguments()['install_requires']
    assert set(required) == set(keys)
    assert set(keys.values()) <= names(manifest, 'exec_depend')


def test_no_wheel_of_ros_is_required_unless_pip_builds():
    required = project.setup_arguments()['install_requires']
    assert not [each for each in required if each.startswith('ros-')]


def test_every_package_with_an_init_is_installed(root):
    packages = project.setup_arguments()['packages']
    wanted = {'.'.join(path.parent.relative_to(root).parts)
              for path in (root / PACKAGE).glob('**/__init__.py')}
    assert set(packages) == wanted
    assert not [each for each in packages if each.split('.')[0] != PACKAGE]


def test_colcon_can_read_the_arguments_as_literals():
    import ast
    arguments = project.setup_arguments()
    for key in ('name', 'packages', 'data_files', 'entry_points', 'install_requires'):
        assert ast.literal_eval(repr(arguments[key])) == arguments[key]


def test_setup_py_runs_from_any_folder(root, tmp_path):
    done = subprocess.run(
        [sys.executable, str(root / 'setup.py'), '--version'], cwd=tmp_path,
        capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip().splitlines()[-1:] == [project.version()], done.stderr
