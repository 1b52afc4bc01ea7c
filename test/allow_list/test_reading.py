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

"""Allow-lists from files: what is taken, and what is refused with its file and line."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest

from launch_service_node.allow_list.model import (
    ArgumentSlot,
    Entry,
    LimitSettings,
    ReadySettings,
    RestartSettings,
    StopSettings,
)
from launch_service_node.allow_list.nodes import MAX_NODES
from launch_service_node.allow_list.reading import (
    AllowList,
    MAX_ENTRIES,
    MAX_FILE,
    MAX_FILES,
    read_allow_list,
    report,
)

from .conftest import Prefix

Write = Callable[..., str]


def one_entry(write: Write, keys: str, prefix: Prefix | None = None) -> Entry:
    """Read a list of one entry, which has no problems."""
    lines = ''.join(f'    {line}\n' for line in keys.splitlines())
    path = write(f'allowable_processes:\n  - id: x\n{lines}')
    read = read_allow_list(path, prefix.environment if prefix else {})
    assert report(read) == []
    return read.entries['x']


def complaints(write: Write, text: str, prefix: Prefix | None = None) -> list[tuple[int, str]]:
    """Read a list and return line and message of each problem; nothing has two lines."""
    path = write(text)
    read = read_allow_list(path, prefix.environment if prefix else {})
    assert all(problem.file == path for problem in read.problems)
    assert all('\n' not in line for line in report(read))
    return [(problem.line, problem.message) for problem in read.problems]


# -- what is taken -----------------------------------------------------------------------


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


# -- one thing wrong in an entry ---------------------------------------------------------

SLOT = 'arguments: [{name: a, pattern: %s}]'


@pytest.mark.parametrize(('key', 'said'), [
    ('retsart: never', "unknown key 'retsart'; did you mean 'restart'?"),
    ('zzz: 1', "unknown key 'zzz'"),
    ('stop: {sigtermtimeout: 1}', "stop: unknown key 'sigtermtimeout'; did you mean 'sigterm"),
    ('stop: {sigterm_timeout: soon}', "stop.sigterm_timeout: 'soon' is no duration"),
    ('stop: 5', 'stop: a scalar where keys with values are expected'),
    ('description: [a]', 'description: a sequence where a text is expected'),
    ('description:', 'description: it has no value'),
    ('description: ~', 'description: it has no value'),
    ('description: "a\\nb"', 'description: it has to be one line'),
    ('fixed_arguments: a', 'fixed_arguments: a scalar where a list is expected'),
    ('fixed_arguments: [a, [b]]', 'fixed_arguments[2]: a sequence where a text is expected'),
    ('fixed_arguments: ["a\\0b"]', 'fixed_arguments[1]: it holds a NUL'),
    ('fixed_arguments: [$(nmae)]', "fixed_arguments[1]: unknown placeholder '$(nmae)'"),
    ('fixed_arguments: [$(name]', 'fixed_arguments[1]: unknown placeholder'),
    ('arguments: {name: a}', 'arguments: a mapping where a list is expected'),
    ('arguments: [{name: a}]', "arguments[1]: it needs 'pattern'"),
    ('arguments: [{pattern: a}]', "arguments[1]: it needs 'name'"),
    ('arguments: [{name: a-b, pattern: a}]', 'arguments[1].name: '),
    ('arguments: [{name: a, pattern: a}, {name: a, pattern: b}]', "'a' is given twice"),
    ('arguments: [{name: a, pattern: a, required: 1}]', "'1' is neither true nor false"),
    ('arguments: [{name: a, pattern: a, required: "true"}]', 'is neither true nor false'),
    (SLOT % "'['", 'unterminated character set at position 0'),
    (SLOT % "'.*'", 'it takes options'),
    (SLOT % "'[-a-z]+'", "it takes the option '--ros-args'"),
    (SLOT % "'(a+)+'", 'it could take very long'),
    (f"fixed_arguments: [--ros-args, -r, x:=y]\n    {SLOT % 'a'}",
     "end fixed_arguments with '--'"),
    ('cwd: data', "cwd: 'data' has to be an absolute path"),
    ('cwd: /data/../etc', 'without ..'),
    ('cwd: ~/data', 'has to be an absolute path'),
    ('cwd: /data\n    cwd_from_caller: true', 'give one of them'),
    ('environment: [A]', 'environment: a sequence where keys with values are expected'),
    ('environment: {A-B: 1}', "environment: 'A-B' is no name of an environment variable"),
    ('environment: {A: }', 'environment.A: it has no value'),
    ('environment: {A: 1, A: 2}', "environment: key 'A' is given twice, first in line"),
    ('environment_from_caller: [LD_PRELOAD]', 'environment_from_caller[1]: no caller may set'),
    ('environment_from_caller: [PYTHONPATH]', 'what an interpreter runs'),
    ('environment_from_caller: ["*"]', 'is no name of an environment variable'),
    ('environment_from_caller: [A]\n    pass_environment: [A]', 'give one of them'),
    ('restart: sometimes', "restart: 'sometimes' is none of never, on-failure, always"),
    ('restart: on_failure', "did you mean 'on-failure'?"),
    ('restart: {delay: 1 s}', "restart: it needs 'policy'"),
    ('restart: {policy: always, limit: often}', "restart.limit: 'often' is no limit"),
    ('restart: {policy: always, delay: 5 s, max_delay: 1 s}', 'max_delay is less than delay'),
    ('limits: {memory: lots}', "limits.memory: 'lots' is no size"),
    ('limits: {memory: 0}', "limits.memory: '0' has to be more than 0"),
    ('limits: {open_files: 1}', "limits.open_files: '1' is no whole number from 8"),
    ('limits: {nice: 20}', 'from -20 to 19'),
    ('limits: {cpu: 0 %}', 'has to be more than 0'),
    ("ready: {output: '('}", 'ready.output: bad pattern: missing ), unterminated subpattern'),
    (r"ready: {output: '\u00e9'}", 'ready.output: bad pattern for bytes'),
    ('ready: {node: a-b}', "ready.node: '$(namespace)/a-b' is no name of a ROS node"),
    ('ready: {node: /}', 'is no name of a ROS node'),
    ('ready: {after: 30 s}', 'ready: after (30 s) has to be less than timeout (30 s)'),
    ('ready: {timeout: 0}', 'has to be more than 0'),
    ('autostart: maybe', "autostart: 'maybe' is neither true nor false"),
    ('autostart: true\n    arguments: [{name: a, pattern: a, required: true}]',
     'autostart can give no arguments, but a is required'),
    ('labels: [a]', 'labels: a sequence'),
    ('cmd: /bin/ls', "key 'cmd' is given twice, first in line 3"),
    ('package: a', "it needs exactly one of 'package' with 'executable', 'launch_file', 'cmd'"),
    ('launch_file: {package: a, file: b}', 'it needs exactly one of'),
])
def test_an_entry_with_something_wrong_is_left_out(write: Write, key: str, said: str) -> None:
    """The line is that of the key, the other entries stay."""
    path = write(f'allowable_processes:\n  - id: bad\n    cmd: /bin/sh\n    {key}\n'
                 '  - id: good\n    cmd: /bin/sh\n')
    read = read_allow_list(path, {})
    assert list(read.entries) == ['good']
    problem = read.problems[0]
    assert said in problem.message
    assert problem.entry == 'bad'
    # A problem of several keys together is that of the entry.
    together = ('give one of them', 'autostart can', 'exactly one')
    assert problem.line == (2 if any(words in said for words in together) else
                            4 + key.count('\n') if 'fixed_arguments with' in said else 4)
    assert report(read)[0].startswith(f"{path}:{problem.line}: entry 'bad': ")


@pytest.mark.parametrize(('entry', 'said'), [
    ('{cmd: /bin/sh}', "it needs 'id'"),
    ('{id: a-b, cmd: /bin/sh}', "id: 'a-b' may hold only letters, digits and _"),
    ('{id: 1a, cmd: /bin/sh}', "id: '1a' may hold only"),
    ('{id: "", cmd: /bin/sh}', "id: '' may hold only"),
    ('{id: [x], cmd: /bin/sh}', 'id: a sequence'),
    ('{id: ' + 'a' * 201 + ', cmd: /bin/sh}', 'may hold only'),
    ('{id: x}', 'it needs exactly one of'),
    ('{id: x, package: robot}', "it needs 'executable'"),
    ('{id: x, executable: drive}', "it needs 'package'"),
    ('{id: x, package: a/b, executable: c}', "package: 'a/b' is no name"),
    ('{id: x, package: .., executable: c}', "package: '..' is no name"),
    ('{id: x, package: a, executable: ../c}', "executable: '../c' is no name"),
    ('{id: x, launch_file: {file: a}}', "launch_file: it needs 'package'"),
    ('{id: x, launch_file: {package: a, file: ../b}}', 'has to stay within its package'),
    ('{id: x, launch_file: {package: a, file: /b}}', 'has to stay within its package'),
    ('{id: x, launch_file: a}', 'launch_file: a scalar where keys'),
    ('{id: x, launch_file: {package: a, file: b}, '
     'arguments: [{name: c, pattern: "[a-z]+:=[a-z]+"}]}', 'it takes every launch argument'),
    ('{id: x, cmd: ls}', "'ls' has to begin with an absolute path"),
    ('{id: x, cmd: ls -l}', 'so: [/…/ls, …]'),
    ('{id: x, cmd: /a/../b}', 'without ..'),
    ('{id: x, cmd: []}', 'an absolute path, or a list that begins with one'),
    ('{id: x, cmd: {a: b}}', 'an absolute path, or a list that begins with one'),
    ('{id: x, cmd: [/a, $(x)]}', 'cmd[1]: unknown placeholder'),
    ('x', 'a scalar where keys with values are expected'),
    ('[x]', 'a sequence where keys with values are expected'),
    ('', 'a scalar where keys with values are expected'),
])
def test_an_entry_that_says_nothing_clear_is_left_out(
    write: Write, entry: str, said: str,
) -> None:
    """Its line is named, also without an id."""
    path = write(f'allowable_processes:\n  - {entry}\n  - {{id: good, cmd: /bin/sh}}\n')
    read = read_allow_list(path, {})
    assert list(read.entries) == ['good']
    assert any(said in problem.message for problem in read.problems), report(read)
    assert {problem.line for problem in read.problems} == {2}


def test_everything_is_said_at_once(write: Write) -> None:
    """By line."""
    found = complaints(write, """\
        allowable_processes:
          - id: a
            cmd: ls
            autostart: maybe
            stop: {sigterm_timeout: x, sigkill_timeout: y}
          - id: b
            cmd: /bin/sh
            colour: red
        other: 1
        """)
    assert [line for line, _ in found] == [3, 4, 5, 5, 8, 9]


# -- what is missing, or not safe --------------------------------------------------------


@pytest.mark.parametrize(('entry', 'said'), [
    ('{id: x, package: none, executable: a}', "package 'none' is not in AMENT_PREFIX_PATH"),
    ('{id: x, package: robot, executable: dirve}', "did you mean 'drive'?"),
    ('{id: x, launch_file: {package: robot, file: none}}', "has no launch file 'none'"),
    ('{id: x, cmd: /does/not/exist}', 'No such file or directory'),
    ('{id: x, cmd: /bin}', 'is not a file'),
    ('{id: x, cmd: /bin/sh, user: no_such_user}', "no user 'no_such_user'"),
])
def test_what_cannot_be_started_is_listed_with_the_reason(
    write: Write, prefix: Prefix, entry: str, said: str,
) -> None:
    """It is a problem, and the entry stays for ListExecutables."""
    path = write(f'allowable_processes:\n  - {entry}\n')
    read = read_allow_list(path, prefix.environment)
    assert said in read.entries['x'].error
    assert read.entries['x'].command
    assert [(problem.line, problem.message) for problem in read.problems] == [
        (2, read.entries['x'].error)]


def test_a_launch_file_needs_ros2(write: Write, prefix: Prefix) -> None:
    """It says so, once."""
    (prefix.folder / 'bin/ros2').unlink()
    path = write('allowable_processes: [{id: x, launch_file: '
                 '{package: robot, file: all.launch.py}}]')
    read = read_allow_list(path, prefix.environment)
    assert read.entries['x'].error == 'needs `ros2 launch`, which is not on PATH'
    assert len(read.problems) == 1


@pytest.mark.parametrize('unsafe', ['lib/robot/drive', 'lib/robot', 'lib', '.'])
def test_an_executable_that_others_may_replace_is_listed_with_the_reason(
    write: Write, prefix: Prefix, unsafe: str,
) -> None:
    """The entry beside it keeps working."""
    path = write('allowable_processes: [{id: x, package: robot, executable: drive}, '
                 '{id: y, cmd: /bin/sh}]')
    (prefix.folder / unsafe).chmod(0o777)
    read = read_allow_list(path, prefix.environment)
    assert 'not safe to run: everyone may write to' in read.entries['x'].error
    assert read.entries['y'].error == ''
    assert len(read.problems) == 1


def test_a_launch_file_that_others_may_replace_is_listed_with_the_reason(
    write: Write, prefix: Prefix,
) -> None:
    """What is run is `ros2`, but what it runs is the file."""
    (prefix.folder / 'share/robot/launch/all.launch.py').chmod(0o666)
    path = write('allowable_processes: [{id: x, launch_file: '
                 '{package: robot, file: all.launch.py}}]')
    read = read_allow_list(path, prefix.environment)
    assert 'all.launch.py; chmod go-w' not in read.entries['x'].error[:20]
    assert 'not safe to run' in read.entries['x'].error


# -- files -------------------------------------------------------------------------------


@pytest.mark.parametrize(('text', 'line', 'said'), [
    ('', 0, 'it is empty'),
    ('# nothing\n', 0, 'it is empty'),
    ('a: [', 1, 'not YAML'),
    ('a: 1\nb: [1, 2\nc: 3\n', 3, 'not YAML'),
    ('a: "x\n', 1, 'not YAML'),
    ('a:\n\t- b\n', 2, 'not YAML'),
    ('a: \x01', 1, 'not YAML'),
    ('x\n', 1, "it has to begin with 'allowable_processes':"),
    ('- x\n', 1, "it has to begin with 'allowable_processes':"),
    ('allowed: []\n', 1, "unknown key 'allowed'"),
    ('\nallowable_process: []\n', 2, "did you mean 'allowable_processes'?"),
    ('allowable_processes: {a: b}\n', 1, 'a list of entries is expected'),
    ('allowable_processes:\n  a\n', 2, 'a list of entries is expected'),
    ('allowable_processes: []\nallowable_processes: []\n', 2, 'given twice'),
    ('allowable_processes: []\n---\na: b\n', 2, 'a second document'),
    ('allowable_processes:\n  - &a {id: x}\n  - *a\n', 2, 'anchors (&) and aliases (*)'),
    ('allowable_processes:\n  - *a\n', 2, 'anchors (&) and aliases (*)'),
    ('allowable_processes:\n  - !!python/object:os.system {}\n', 2, 'tags are not taken'),
    ('allowable_processes:\n  - {id: !secret x}\n', 2, 'tags are not taken'),
    ('allowable_processes:\n  - {[a]: b}\n', 2, 'a key has to be a word'),
    ('allowable_processes: ' + '[' * 2000 + '\n', 1, 'nested deeper than'),
    ('allowable_processes: ' + '{a: ' * 2000 + '\n', 1, 'nested deeper than'),
])
def test_a_file_that_is_no_allow_list_says_where(
    write: Write, text: str, line: int, said: str,
) -> None:
    """Nothing is taken from it."""
    path = write('')
    Path(path).write_text(text)
    read = read_allow_list(path, {})
    assert read.entries == {}
    assert (read.problems[0].line, said in read.problems[0].message) == (line, True), report(read)


def test_a_file_that_is_not_utf_8_says_where(write: Write) -> None:
    """The line of the first such byte."""
    path = write('')
    Path(path).write_bytes(b'allowable_processes:\n# caf\xe9\n')
    assert report(read_allow_list(path, {})) == [f'{path}:2: not UTF-8']


def test_a_file_has_bounds(write: Write) -> None:
    """Bytes, values, entries."""
    large = 'allowable_processes: [] #' + 'x' * MAX_FILE
    assert complaints(write, large) == [(0, f'not read: it has more than {MAX_FILE} bytes')]
    many = 'allowable_processes: [' + 'a,' * MAX_NODES + ']'
    assert 'more than' in complaints(write, many)[0][1]
    entries = ''.join(f'  - {{id: e{n}, cmd: /bin/sh}}\n' for n in range(MAX_ENTRIES + 5))
    read = read_allow_list(write(f'allowable_processes:\n{entries}'), {})
    assert len(read.entries) == MAX_ENTRIES
    assert [(p.line, p.message) for p in read.problems] == [
        (MAX_ENTRIES + 2, f'more than {MAX_ENTRIES} entries')]


def test_a_list_within_an_entry_has_bounds(write: Write) -> None:
    """Both lists and mappings."""
    items = ', '.join(['a'] * 300)
    names = ', '.join(f'A{n}: b' for n in range(300))
    found = complaints(write, 'allowable_processes: [{id: x, cmd: /bin/sh, fixed_arguments: '
                              f'[{items}], environment: {{{names}}}}}]')
    assert ['at most 256' in message for _, message in found] == [True, True]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The others are read."""
    good = tmp_path / 'good.yaml'
    good.write_text('allowable_processes: [{id: x, cmd: /bin/sh}]')
    read = read_allow_list([str(tmp_path / 'none.yaml'), str(good)], {})
    assert list(read.entries) == ['x']
    assert report(read) == [f"{tmp_path}/none.yaml: not read: '{tmp_path}/none.yaml' can't be "
                            'looked at: No such file or directory']


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """Reading it would never end."""
    os.mkfifo(tmp_path / 'pipe.yaml')
    assert 'no plain file' in report(read_allow_list(str(tmp_path / 'pipe.yaml'), {}))[0]


def test_a_file_that_others_may_write_is_left_out_as_a_whole(write: Write) -> None:
    """With the command that mends it."""
    path = write('allowable_processes: [{id: x, cmd: /bin/sh}]')
    os.chmod(path, 0o666)
    read = read_allow_list(path, {})
    assert read.entries == {}
    assert report(read) == [f"{path}: not read: everyone may write to '{path}'; chmod go-w {path}"]


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give files away')
def test_a_file_of_someone_else_is_left_out(write: Write) -> None:
    """Whoever owns it may write to it."""
    path = write('allowable_processes: [{id: x, cmd: /bin/sh}]')
    os.chown(path, 65534, 65534)
    assert 'belongs to nobody' in report(read_allow_list(path, {}))[0]


def test_a_folder_stands_for_its_yaml_files_in_order(write: Write, tmp_path: Path) -> None:
    """Backups, hidden files and folders are left alone."""
    text = 'allowable_processes: [{id: %s, cmd: /bin/sh}]'
    for name in ('b.yaml', 'a.yml', '.hidden.yaml', 'c.yaml~', 'README', 'd.yaml.bak'):
        write(text % f'from_{name[:2].strip(".")[0]}', f'list.d/{name}')
    (tmp_path / 'list.d/e.yaml').mkdir()
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert report(read) == []
    assert list(read.entries) == ['from_a', 'from_b']
    assert read.files == (f'{tmp_path}/list.d/a.yml', f'{tmp_path}/list.d/b.yaml')


def test_a_folder_that_others_may_write_is_left_out(write: Write, tmp_path: Path) -> None:
    """They could add a file; a sticky one lets them do so too, but not as its owner."""
    write('allowable_processes: [{id: x, cmd: /bin/sh}]', 'list.d/a.yaml')
    (tmp_path / 'list.d').chmod(0o777)
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert read.entries == {}
    assert [p.file for p in read.problems] == [f'{tmp_path}/list.d']


def test_an_id_is_taken_once_across_files(write: Write, tmp_path: Path) -> None:
    """The first stays; the message says where it is."""
    first = write('allowable_processes:\n  - {id: x, cmd: /bin/sh}\n', 'list.d/a.yaml')
    second = write('allowable_processes:\n\n  - {id: x, cmd: /bin/ls}\n', 'list.d/b.yaml')
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert read.entries['x'].argv == ('/bin/sh',)
    assert report(read) == [f"{second}:3: entry 'x': the id is taken: {first}:2 has it"]


def test_too_many_files_are_too_many(write: Write, tmp_path: Path) -> None:
    """Those beyond are not read."""
    for number in range(MAX_FILES + 1):
        write('allowable_processes: []', f'list.d/{number:04}.yaml')
    read = read_allow_list(str(tmp_path / 'list.d'), {})
    assert len(read.files) == MAX_FILES
    assert report(read) == [f'{tmp_path}/list.d/{MAX_FILES:04}.yaml: {MAX_FILES + 1} files; at '
                            f'most {MAX_FILES} are read']


# -- anything at all ---------------------------------------------------------------------

_WORDS = st.sampled_from([
    'allowable_processes', 'id', 'cmd', 'x', '/bin/sh', 'package', 'restart', 'limit', '{', '}',
    '[', ']', ':', ': ', '- ', '\n', '\n  ', '\n    ', ',', '"', "'", '&a', '*a', '!!x', '5 in',
    '~', '$(name)', '|', '>', '#', '%', '?', '---', '<<', '\t', '\0', 'é', '\ud7ff'])


@settings(max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_WORDS, max_size=40).map(''.join) | st.text(max_size=80))
def test_any_text_gives_entries_and_problems_and_no_error(tmp_path: Path, text: str) -> None:
    """A problem is one line, and what has none names an executable."""
    path = tmp_path / 'any.yaml'
    path.write_bytes(text.encode('utf-8', 'surrogatepass'))
    read = read_allow_list(str(path), {})
    assert all('\n' not in line for line in report(read)), report(read)
    assert all(entry.error or entry.argv[0].startswith('/') for entry in read.entries.values())
    assert AllowList.from_json(read.to_json()) == read
