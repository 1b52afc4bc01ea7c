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

"""Entries with something wrong are left out, and the line that is wrong is named."""

from __future__ import annotations

import pytest

from launch_service_node.allow_list.reading import read_allow_list, report

from .lists import complaints, Write

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


def test_a_list_within_an_entry_has_bounds(write: Write) -> None:
    """Both lists and mappings."""
    items = ', '.join(['a'] * 300)
    names = ', '.join(f'A{n}: b' for n in range(300))
    found = complaints(write, 'allowable_processes: [{id: x, cmd: /bin/sh, fixed_arguments: '
                              f'[{items}], environment: {{{names}}}}}]')
    assert ['at most 256' in message for _, message in found] == [True, True]
