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

"""Output of remote processes: lines, logs, what is kept, what is never shown."""

from __future__ import annotations

import codecs
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.remote_shell import shell  # noqa: E402
from launching import Launcher, Told  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions.execute_remote_output import Lines, MOST_LINE  # noqa: E402


def both(launcher: Launcher, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    """Return the processes' lines in the log file and on the screen, sorted."""
    logged = [line.split(' ', 1)[1] for line in launcher.log().splitlines() if '] said ' in line]
    shown = [line for line in capsys.readouterr().out.splitlines() if '] said ' in line]
    return sorted(logged), sorted(shown)


@pytest.mark.parametrize(('output', 'in_log', 'on_screen'), [
    ('log', 'oe', 'e'), ('screen', '', 'oe'), ('both', 'oe', 'oe'), ('own_log', '', ''),
    ('full', 'oe', 'oe'), ({'stdout': 'log', 'stderr': {'screen'}}, 'o', 'e'),
    ({'both': {'screen', 'own_log'}}, '', 'oe')],
    ids=['log', 'screen', 'both', 'own_log', 'full', 'each', 'both of two'])
def test_output_goes_where_it_goes_for_executeprocess(
        launcher: Launcher, robot: Sshd, capsys: pytest.CaptureFixture[str], output: Any,
        in_log: str, on_screen: str) -> None:
    action = shell(robot, 'echo said o; echo said e >&2', output=output)
    launcher.run(action)
    name = action.process_details['name']
    expected = [sorted(f'[robot/{name}] said {one}' for one in where)
                for where in (in_log, on_screen)]
    assert list(both(launcher, capsys)) == expected
    if output in ('own_log', 'full'):
        assert 'said o' in launcher.own_log(f'{name}-stdout.log')
        assert 'said e' in launcher.own_log(f'{name}-stderr.log')
        assert launcher.own_log(f'{name}.log').count('said') == 2


def test_the_environment_overrides_the_output_as_for_executeprocess(
        launcher: Launcher, robot: Sshd, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('OVERRIDE_LAUNCH_PROCESS_OUTPUT', 'screen')
    launcher.run(shell(robot, 'echo said o', output='log'))
    logged, shown = both(launcher, capsys)
    assert logged == [] and len(shown) == 1


def test_output_format(launcher: Launcher, robot: Sshd, capsys: pytest.CaptureFixture[str]
                       ) -> None:
    launcher.run(shell(robot, 'echo one; printf two', output='screen',
                       output_format='{this.machine_name}|{this.name}| {line} |'))
    shown = [line for line in capsys.readouterr().out.splitlines() if line.endswith(' |')]
    assert [line.split('|')[0::2] for line in shown] == [['robot', ' one '], ['robot', ' two ']]


def test_a_line_without_an_end_is_written_before_the_exit_is_handled(
        launcher: Launcher, robot: Sshd) -> None:
    seen: list[bool] = []
    launcher.run(shell(robot, 'printf "half a line"',
                       on_exit=lambda *_: seen.append('] half a line' in launcher.log())))
    assert seen == [True]


def test_cached_output_is_all_of_it(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo one; echo é; printf two; echo err >&2', cached_output=True)
    with pytest.raises(RuntimeError, match='cached_output'):
        action.get_stdout()
    launcher.run(action)
    assert action.get_stdout() == 'one\né\ntwo' and action.get_stderr() == 'err\n'
    other = shell(robot, 'echo one')
    launcher.run(other)
    with pytest.raises(RuntimeError, match='cached_output'):
        other.get_stdout()


def test_log_cmd_shows_the_command_and_nothing_of_the_environment(
        launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, 'echo hi', env={'TOKEN': 's3cret'}, log_cmd=True, cwd='/')
    launcher.run(action)
    assert "process details: cmd='/bin/sh -c echo hi', cwd='/', custom_env?=True" in launcher.log()
    assert 's3cret' not in launcher.log()


def test_bytes_that_are_no_text_are_told_as_they_are(launcher: Launcher, robot: Sshd) -> None:
    action = shell(robot, r'printf "\377\000x\n"')
    told = Told(action)
    launcher.run(action, *told.hear())
    assert told.stdout == b'\xff\0x\n' and '] \ufffd\0x' in launcher.log()


@given(st.lists(st.binary(max_size=20)))
def test_lines_are_the_same_however_the_bytes_come(pieces: list[bytes]) -> None:
    found: list[str] = []
    lines = Lines(found.append, cached=True)
    for piece in pieces:
        lines.add(piece)
    lines.flush()
    whole = b''.join(pieces)
    assert found == [one.removesuffix(b'\r').decode('utf-8', 'replace')
                     for one in whole.removesuffix(b'\n').split(b'\n')] or not whole
    assert lines.text() == codecs.getincrementaldecoder('utf-8')('replace').decode(whole)


def test_a_line_without_end_takes_no_more_memory_than_a_long_one() -> None:
    found: list[str] = []
    lines = Lines(found.append)
    for _ in range(100):
        lines.add(b'x' * 10000)
    assert sum(map(len, found)) > 1000000 - MOST_LINE - 10000
    assert max(map(len, found)) < MOST_LINE + 10000
