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

"""The clean environment of managed processes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import pytest

from launch_service_node.environment import base_environment, DEFAULT_PATH, WHEELS_MARK


@pytest.mark.parametrize('name', [
    'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'ROS_DOMAIN_ID', 'ROS_SECURITY_ENABLE',
    'RMW_IMPLEMENTATION', 'RCUTILS_COLORIZED_OUTPUT', 'FASTDDS_BUILTIN_TRANSPORTS',
    'CYCLONEDDS_URI', 'ZENOH_CONFIG_OVERRIDE', 'GZ_SIM_RESOURCE_PATH', 'XDG_RUNTIME_DIR',
])
def test_what_ros_needs_gets_through(name: str) -> None:
    """As it is."""
    assert base_environment({name: 'value'}, '/nowhere')[name] == 'value'


@pytest.mark.parametrize('name', [
    'LD_PRELOAD', 'PYTHONSTARTUP', 'PYTHONHOME', 'BASH_ENV', 'SSH_AUTH_SOCK', 'AWS_SECRET_KEY',
    'DISPLAY', 'LAUNCH_SERVICE_STATE_DIR', 'VIRTUAL_ENV', WHEELS_MARK, 'NOTIFY_SOCKET',
    'DBUS_SESSION_BUS_ADDRESS', 'ROSY', 'LC', 'OLDPWD',
])
def test_everything_else_does_not(name: str) -> None:
    """Secrets, agents, loader variables and what nobody has thought of."""
    assert name not in base_environment({name: '/value'}, '/nowhere')


def test_output_is_not_buffered_unless_asked_for() -> None:
    """A line is in the file when it was printed."""
    assert base_environment({}, '/nowhere')['PYTHONUNBUFFERED'] == '1'
    assert base_environment({'PYTHONUNBUFFERED': ''}, '/nowhere')['PYTHONUNBUFFERED'] == ''


def test_the_working_directory_is_not_searched() -> None:
    """Empty and relative elements of search paths mean just that."""
    for name in ('PATH', 'LD_LIBRARY_PATH', 'PYTHONPATH', 'AMENT_PREFIX_PATH'):
        result = base_environment({name: ':/a:.::b/c:/d:'}, '/nowhere')
        assert result[name] == '/a:/d'
        assert name == 'PATH' or name not in base_environment({name: ':.'}, '/nowhere')


def test_there_is_always_a_path() -> None:
    """Started by systemd or over SSH it may be missing."""
    assert base_environment({}, '/nowhere')['PATH'] == DEFAULT_PATH


def test_what_the_wheels_added_is_taken_away() -> None:
    """A Python that is started later has to add it for itself; the rest stays in order."""
    added = ['/venv/lib', '/venv/lib/python3.11/site-packages/ros_rcl.libs']
    environ = {WHEELS_MARK: '1',
               'LD_LIBRARY_PATH': ':'.join(['/b', added[0], '/venv/libx', added[1], '/a'])}
    result = base_environment(environ, '/venv')
    assert result['LD_LIBRARY_PATH'] == '/b:/venv/libx:/a'
    assert WHEELS_MARK not in result
    only = base_environment({WHEELS_MARK: '1', 'LD_LIBRARY_PATH': ':'.join(added)}, '/venv')
    assert 'LD_LIBRARY_PATH' not in only


def test_without_wheels_the_library_path_is_left_alone() -> None:
    """A workspace may be installed right there."""
    result = base_environment({'LD_LIBRARY_PATH': '/venv/lib'}, '/venv')
    assert result['LD_LIBRARY_PATH'] == '/venv/lib'


def test_a_prefix_with_an_ament_index_is_appended(tmp_path: Path) -> None:
    """The wheels don't set AMENT_PREFIX_PATH; an overlay comes before them."""
    prefix = str(tmp_path)
    assert 'AMENT_PREFIX_PATH' not in base_environment({}, prefix)
    (tmp_path / 'share/ament_index').mkdir(parents=True)
    assert base_environment({}, prefix)['AMENT_PREFIX_PATH'] == prefix
    overlay = {'AMENT_PREFIX_PATH': '/overlay'}
    assert base_environment(overlay, prefix)['AMENT_PREFIX_PATH'] == f'/overlay:{prefix}'
    both = {'AMENT_PREFIX_PATH': f'{prefix}:/overlay'}
    assert base_environment(both, prefix)['AMENT_PREFIX_PATH'] == f'{prefix}:/overlay'


def test_the_programs_of_a_venv_are_found(tmp_path: Path) -> None:
    """Also when it wasn't activated."""
    (tmp_path / 'bin').mkdir()
    programs = str(tmp_path / 'bin')
    assert base_environment({'PATH': '/usr/bin'}, str(tmp_path))['PATH'] == f'{programs}:/usr/bin'
    once = {'PATH': f'/usr/bin:{programs}'}
    assert base_environment(once, str(tmp_path))['PATH'] == once['PATH']


@given(st.dictionaries(st.text(min_size=1) | st.sampled_from(['PATH', 'HOME', 'LD_PRELOAD']),
                       st.text()))
def test_doing_it_twice_is_doing_it_once(environ: dict[str, str]) -> None:
    """And the original is not touched."""
    before = dict(environ)
    once = base_environment(environ, '/nowhere')
    assert environ == before
    assert base_environment(once, '/nowhere') == once
