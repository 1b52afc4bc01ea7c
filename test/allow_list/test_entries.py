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

"""Entries of an allow-list: each value arrives where it belongs."""

from __future__ import annotations

import pytest

from launch_service_node.allow_list.model import (
    ArgumentSlot,
    Entry,
    LimitSettings,
    ReadySettings,
    RestartSettings,
    StopSettings,
)
from launch_service_node.allow_list.reading import AllowList, read_allow_list, report

from .conftest import Prefix
from .lists import one_entry, Write


def test_the_example_of_the_documentation_is_valid(write: Write, prefix: Prefix) -> None:
    """Every value is where it belongs."""
    prefix.package('sick_scan_xd')
    prefix.program('lib/sick_scan_xd/sick_generic_caller')
    prefix.package('my_robot')
    prefix.file('share/my_robot/launch/navigation.launch.py')
    path = write("""\
        # robot1.yaml
        allowable_processes:
          - id: lidar
            package: sick_scan_xd
            executable: sick_generic_caller
            restart: {policy: on-failure, delay: 1 s, limit: 5 in 60 s}
          - id: navigation
            launch_file: {package: my_robot, file: navigation.launch.py}
            arguments: [{name: map, pattern: 'map:=[a-z_]+'}]
            stop: {sigterm_timeout: 10 s}
        """)
    read = read_allow_list(path, prefix.environment)
    assert report(read) == []
    assert read.files == (path,)
    lidar, navigation = read.entries.values()
    driver = str(prefix.folder / 'lib/sick_scan_xd/sick_generic_caller')
    assert lidar == Entry(
        'lidar', command='sick_scan_xd sick_generic_caller', argv=(driver,),
        checked_paths=(driver,), restart=RestartSettings('on-failure', 1.0, 60.0, 5, 60.0, 10.0),
        source=f'{path}:3')
    ros2 = str(prefix.folder / 'bin/ros2')
    file = str(prefix.folder / 'share/my_robot/launch/navigation.launch.py')
    assert navigation == Entry(
        'navigation', kind='launch_file', command='my_robot navigation.launch.py',
        argv=(ros2, 'launch', file), checked_paths=(ros2, file),
        slots=(ArgumentSlot('map', 'map:=[a-z_]+'),), stop=StopSettings(10.0, 5.0),
        source=f'{path}:7')


def test_every_key_arrives(write: Write) -> None:
    """In its unit."""
    entry = one_entry(write, """\
description: it does this
cmd: [/bin/sh, -c]
fixed_arguments: [1.0, no, "$(name)", '']
arguments:
  - {name: a, pattern: 'a+', required: true, repeated: yes}
cwd: /data/$(name)
environment: {A: 1.0, B: "$(namespace)", LD_LIBRARY_PATH: /opt/lib, C: ''}
environment_from_caller: [ROS_DOMAIN_ID]
pass_environment: [DISPLAY, LD_PRELOAD]
restart: {policy: always, delay: 500 ms, max_delay: 2 min, limit: 3 in 1 h, stable_after: 5}
stop: {sigterm_timeout: 0, sigkill_timeout: 1.5 s}
limits: {memory: 512 MiB, open_files: 64, processes: 10, cpu: 150 %, nice: -5}
ready: {after: 2 s, output: 'ready: \\d+', node: driver, notify: true, timeout: 1 min}
autostart: false
labels: {group: base, level: 2}
""")
    assert entry == Entry(
        'x', description='it does this', kind='cmd', command='/bin/sh -c',
        argv=('/bin/sh', '-c', '1.0', 'no', '$(name)', ''), checked_paths=('/bin/sh',),
        slots=(ArgumentSlot('a', 'a+', True, True),), cwd='/data/$(name)',
        environment={'A': '1.0', 'B': '$(namespace)', 'LD_LIBRARY_PATH': '/opt/lib', 'C': ''},
        environment_from_caller=('ROS_DOMAIN_ID',), pass_environment=('DISPLAY', 'LD_PRELOAD'),
        restart=RestartSettings('always', 0.5, 120.0, 3, 3600.0, 5.0),
        stop=StopSettings(0.0, 1.5), limits=LimitSettings(512 * 2 ** 20, 64, 10, 150.0, -5),
        ready=ReadySettings(2.0, r'ready: \d+', '$(namespace)/driver', True, 60.0),
        labels={'group': 'base', 'level': '2'}, source=entry.source)


@pytest.mark.parametrize(('key', 'attribute', 'value'), [
    ('cmd: /bin/sh', 'argv', ('/bin/sh',)),
    ('cmd: /bin/sh\ncwd_from_caller: true', 'cwd_from_caller', True),
    ('cmd: /bin/sh\nautostart: on', 'autostart', True),
    ('cmd: /bin/sh\nrestart: on-failure', 'restart', RestartSettings('on-failure')),
    ('cmd: /bin/sh\nrestart: {policy: always, limit: unlimited}', 'restart',
     RestartSettings('always', limit=0)),
    ('cmd: /bin/sh\nrestart: {policy: always, delay: 5 min}', 'restart',
     RestartSettings('always', delay=300.0, max_delay=300.0)),
    ('cmd: /bin/sh\nready: {node: /a/b}', 'ready', ReadySettings(node='/a/b')),
    ('cmd: /bin/sh\nready: {node: $(name)}', 'ready', ReadySettings(node='$(namespace)/$(name)')),
])
def test_there_are_short_forms(write: Write, key: str, attribute: str, value: object) -> None:
    """What is left out has its default."""
    assert getattr(one_entry(write, key), attribute) == value


@pytest.mark.parametrize('text', ['allowable_processes:', 'allowable_processes: []\n',
                                  '\ufeffallowable_processes: []'])
def test_a_list_may_be_empty(write: Write, text: str) -> None:
    """Then nothing is allowed, and nothing is wrong."""
    read = read_allow_list(write(text), {})
    assert (read.entries, read.problems) == ({}, ())


def test_without_a_path_nothing_is_allowed() -> None:
    """And nothing is wrong."""
    assert read_allow_list([], {}) == AllowList()


def test_the_entrys_own_environment_is_looked_up_in(write: Write, prefix: Prefix) -> None:
    """An entry can come from a workspace that the instance hasn't sourced."""
    entry = one_entry(write, f"""\
package: robot
executable: drive
environment: {{AMENT_PREFIX_PATH: {prefix.folder}}}
""")
    assert entry.argv == (str(prefix.folder / 'lib/robot/drive'),)
