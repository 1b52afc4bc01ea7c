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

"""Which patterns are taken for an argument, and that the taken ones can't take long."""

from __future__ import annotations

import random
import re
import subprocess
import sys

import pytest

from launch_service_node.allow_list.patterns import pattern_problem, slot_problem


@pytest.mark.parametrize('pattern', [
    '', 'lab', 'map:=[a-z_]+', '[a-z]+(_[a-z]+)*', '/[a-z]+(/[a-z]+)*', r'-?[0-9]+(\.[0-9]+)?',
    r'--rate=\d+', '(lab|hall|hallway)', '(--fast|--slow)', '[a-z_]+_map', r'config:=.*\.yaml',
    '[0-9a-f]{8}-[0-9a-f]{4}', '(?i:on|off)', '(?i)abc', r'[-+]?\d+', '[a-z]{1,64}',
    '([a-z]+,)*[a-z]+', '([a-z]+)(,[a-z]+){0,9}', '[A-Za-z0-9 ,.!?]{1,80}', '(ab?)*', '(a|bc)*',
    r'/home/[^/]+/maps/[^/]*\.yaml', '[éü]+', '^abc$',
    '(?i)map:=[a-z]+(/[a-z]+)*', '(?i)(a+b)*', '(é+a)*',
])
def test_an_ordinary_pattern_is_taken(pattern: str) -> None:
    """What people write for names, numbers, paths and choices is fine."""
    assert slot_problem(pattern, False, False) == ''


@pytest.mark.parametrize('pattern', [
    '.*', r'\S+', '[^ ]+', '(.*)?', '[!-~]+', r'\W*x?', '(aa|.)', r'[^\s]+', '(?s).+', '.',
    '[+-9]+',
])
def test_a_pattern_that_takes_options_unsaid_is_refused(pattern: str) -> None:
    """A dash at the beginning has to be written down."""
    assert 'options' in slot_problem(pattern, False, False)


@pytest.mark.parametrize(('pattern', 'option'), [
    ('[-a-z]+', '--ros-args'), ('--?[a-z-]+', '--ros-args'), ('-[a-z]', '-r'),
    ('--(ros|foo)-args', '--ros-args'),
])
def test_a_pattern_that_takes_ros_options_without_naming_them_is_refused(
    pattern: str, option: str,
) -> None:
    """The message names an option that would get through."""
    assert repr(option) in slot_problem(pattern, False, False)


def test_a_pattern_may_name_an_option() -> None:
    """Whoever writes --ros-args means it."""
    assert slot_problem('--ros-args', False, False) == ''
    assert slot_problem(r'\-\-ros\-args', False, False) == ''


@pytest.mark.parametrize('pattern', [
    '[a-z_]+:=[a-z]+', '[a-z]+:=.*', r'\w+:=\d+', '[a-z:=]+', '[a-z_]+:=(lab|hall)',
    r'\w+:=[A-Z]{3}', '(map|[a-z]{3,}):=lab', '([a-z]*_?)?:=(?:7|8)', '[^ -]{5}.*=[QR]'])
def test_a_pattern_that_takes_every_launch_argument_is_refused(pattern: str) -> None:
    """It is fine for something that is no launch file."""
    assert 'launch argument' in slot_problem(pattern, True, False)
    assert slot_problem(pattern, False, False) == ''
    assert slot_problem('map:=[a-z]+', True, False) == ''
    assert slot_problem('(map|world):=[a-z]+', True, False) == ''


@pytest.mark.parametrize('pattern', [
    'l.*:=.*', 'l[a-z-]+:=.+', '(laser|launch)[a-z-]*:=(on|off)', '(map|l.*):=.*'])
def test_a_pattern_that_takes_the_prefix_of_each_command_is_refused(pattern: str) -> None:
    """It is an argument of every launch file, and runs what the caller likes."""
    assert "'launch-prefix'" in slot_problem(pattern, True, False)
    assert slot_problem(pattern, False, False) == ''


@pytest.mark.parametrize('pattern', [
    'launch-prefix:=gdb', 'lidar:=.*', '[a-z_]*_map:=.*', 'l[a-z_]*:=.*', '[a-z]{2}:=.*',
    '(map|world|l):=[a-z]+', '(launch|nav)_[a-z-]+:=.*', 'map(:=[a-z]+)?'])
def test_a_pattern_that_names_its_launch_arguments_is_taken(pattern: str) -> None:
    """Its name, or a part of it that no other has."""
    assert slot_problem(pattern, True, False) == ''


def test_an_argument_within_ros_args_is_refused_unless_it_is_an_option() -> None:
    """`--` would be missing."""
    assert "'--'" in slot_problem('[a-z]+', False, True)
    assert slot_problem('-x', False, True) == ''


@pytest.mark.parametrize(('pattern', 'position'), [
    ('[', 0), ('a(', 1), ('a**', 2), ('(?P<1>)', 4)])
def test_a_bad_pattern_says_where(pattern: str, position: int) -> None:
    """The position is that of Python's compiler."""
    assert f'at position {position}' in pattern_problem(pattern)


@pytest.mark.parametrize('pattern', [r'(x)\1', '(?!a)b', '(?<=a)b', '(?P<x>a)(?(x)b|c)'])
def test_back_references_and_look_around_are_refused(pattern: str) -> None:
    """Nobody can say how long they take."""
    assert 'back-references' in pattern_problem(pattern)


@pytest.mark.parametrize('pattern', [
    '(a+)+', '(a|a)*', '(aa?)*', '(a*-a*)*', r'(\w+\s*)*x', '(x+x+)+y', '(a?)*', '((a?)?b)*',
    '(?:(?:(?:b){0,3})?ab)*?', '([a-z]+)*', '([a-z]+,?)*', 'x.*y.*z', '.*x.*y.*', '(?i)(a+A)+',
    'a' + '?a' * 20, '(a{1,30}){1,30}', '(?:a|ab|abc)+b', 'x' * 1001,
    '([^é]+ü)*', '(?i)(k+\u212a)*',
    '(?si:(a+A+)+)b', '(?mi:(a+A)+)',
])
def test_a_pattern_that_could_take_long_is_refused(pattern: str) -> None:
    """Exponential, polynomial, or just large."""
    assert pattern_problem(pattern)


def test_deep_nesting_is_settled() -> None:
    """Neither a stack overflow nor a doubling of the work with each level."""
    pattern = 'a'
    for char in 'bcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ':
        pattern = f'(?:{pattern}{char})*'
    assert pattern_problem(pattern) == slot_problem(pattern, True, False) == ''
    assert pattern_problem('(' * 499 + ')' * 499) in ('', 'bad pattern: too deep or too large')


_TRY = """
import re, sys
for line in sys.stdin:
    match = re.compile(line[:-1]).fullmatch
    for text in ('a' * 500, 'ab' * 250, 'abc' * 160, 'b' * 500, '-' * 500):
        match(text + '!')
print('done')
"""


def _random_pattern(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if depth <= 0 or kind < 0.35:
        return rng.choice(['a', 'b', 'c', '[ab]', '[bc]', '.', '[^a]', '-', r'\w', 'ab'])
    if kind < 0.6:
        return _random_pattern(rng, depth - 1) + _random_pattern(rng, depth - 1)
    if kind < 0.75:
        return f'(?:{_random_pattern(rng, depth - 1)}|{_random_pattern(rng, depth - 1)})'
    times = rng.choice(['*', '+', '?', '{0,3}', '{2,30}', '*?', '+?'])
    return f'(?:{_random_pattern(rng, depth - 1)}){times}'


def test_no_pattern_that_is_taken_explodes() -> None:
    """Thousands of random patterns that are taken, on texts that almost match."""
    rng = random.Random(1)
    made = {_random_pattern(rng, 5) for _ in range(4000)}
    taken = [pattern for pattern in sorted(made) if not pattern_problem(pattern)]
    assert 500 < len(taken) < len(made)
    # In a process of its own: a match that never ends can't be interrupted otherwise.
    done = subprocess.run(
        [sys.executable, '-c', _TRY], input='\n'.join(taken) + '\n', text=True,
        capture_output=True, timeout=120, check=False)
    assert done.stdout == 'done\n', done.stderr


def test_the_refused_ones_do_explode() -> None:
    """So that the test above can fail."""
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, '-c', _TRY], input='(?:a+)+\n', text=True,
                       capture_output=True, timeout=2, check=False)
    assert re.fullmatch('(?:a+)+', 'aaa')
