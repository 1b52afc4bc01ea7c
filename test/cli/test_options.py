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

"""Command lines are understood in any order, and misunderstood in one line."""

import argparse
import json
from typing import Any

import pytest

from launch_service_node.cli.main import main, make_parser


def parse(*words: str) -> argparse.Namespace:
    """Return a parsed command line."""
    parsed = make_parser().parse_args(words)
    assert isinstance(parsed, argparse.Namespace)
    return parsed


@pytest.mark.parametrize('words', [
    ('--local', 'list', '/robot1'), ('list', '--local', '/robot1'), ('list', '/robot1', '--local'),
])
def test_common_options_stand_before_the_verb_and_after_it(words: tuple[str, ...]) -> None:
    args = parse(*words)
    assert args.local and args.words == ['/robot1'] and not args.json


def test_an_option_before_the_verb_is_not_undone_by_the_verb() -> None:
    args = parse('--timeout', '3', '--json', 'list')
    assert args.timeout == 3.0 and args.json and not args.local


def test_words_and_options_mix() -> None:
    args = parse('start', '/robot1', '--name', 'x', 'lidar', '--env', 'A=1', 'map:=lab',
                 '--env', 'B=', '--wait-ready', 'speed:=2')
    assert args.words == ['/robot1', 'lidar', 'map:=lab', 'speed:=2']
    assert args.env == [('A', '1'), ('B', '')] and args.name == 'x' and args.wait_ready


def test_everything_after_two_dashes_is_words() -> None:
    args = parse('start', 'lidar', '--name', 'x', '--', '--verbose', '-n', '--', '--name')
    assert args.words == ['lidar', '--verbose', '-n', '--', '--name'] and args.name == 'x'


def test_no_words_are_an_empty_list() -> None:
    assert parse('list').words == []


@pytest.mark.parametrize(('words', 'says'), [
    (['lst'], "did you mean 'list'?"),
    (['zzzzzz'], 'there is up, down'),
    (['start', 'lidar', '--foo'], 'that begin with a dash go after --'),
    (['list', '--timeout', '0'], '--timeout'),
    (['list', '--timeout', 'nan'], '--timeout'),
    (['list', '--timeout', 'inf'], '--timeout'),
    (['list', '--timeout', '2147484'], '--timeout'),  # as milliseconds no int of C
    (['stop', '--id', '0'], '--id'),
    (['stop', 'x', '--sigterm-timeout', '-1'], '--sigterm-timeout'),
    (['start', 'x', '--env', 'A'], 'NAME=VALUE'),
    (['up', '--param', 'rate=3'], 'NAME:=VALUE'),
    (['logs', 'x', '-n', '-3'], '--lines'),
    (['start'], 'say what to start'),
    (['stop'], 'which process'),
    (['signal', 'HUP'], 'which process'),
    (['logs', 'a', 'b'], 'one process'),
    (['logs', 'a', '--id', '3'], 'one process'),
    (['list', 'a', 'b'], 'one glob'),
    (['down', 'robot1'], '/robot1'),
    (['list', '/robot-1'], 'robot-1'),
    (['check'], 'which files'),
    (['completion', 'tcsh'], 'bash, zsh, fish'),
])
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
        words: list[str], says: str, capsys: Any) -> None:
    try:
        code = main(['--local', *words])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 99
    out, err = capsys.readouterr()
    assert code == 2 and out == ''
    assert err.startswith('launch-service: ') and err.count('\n') == 1
    assert says in err


@pytest.mark.parametrize('words', [['list', '--json', '--nope'], ['--json', 'lst'],
                                   ['list', 'a', 'b', '--json']])
def test_with_json_a_usage_error_is_json_as_well(words: list[str], capsys: Any) -> None:
    try:
        main(words)
    except SystemExit as end:
        assert end.code == 2
    document = json.loads(capsys.readouterr().out)
    assert document['ok'] is False and document['code_name'] == 'INVALID_REQUEST'


def test_no_verb_prints_the_help_on_stderr(capsys: Any) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == '' and 'VERB' in err


def test_every_verb_has_help_with_its_words(capsys: Any) -> None:
    from launch_service_node.cli.main import verb_module, VERBS
    for verb in VERBS:
        with pytest.raises(SystemExit) as end:
            main([verb, '--help'])
        assert end.value.code == 0
        out = capsys.readouterr().out
        words = ' '.join(out.split())
        assert ' '.join(verb_module(verb).WORDS.split()) in words
        assert ' '.join((verb_module(verb).__doc__ or '').split()) in words


def test_the_version_is_that_of_the_package(capsys: Any) -> None:
    from launch_service_node import __version__
    with pytest.raises(SystemExit):
        main(['--version'])
    assert capsys.readouterr().out == f'launch-service {__version__}\n'
