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

"""Completion, from the parsers up to the shells themselves."""

import os
from pathlib import Path
import select
import shutil
import subprocess
import time

from cli.program import LONG, on_path, Program
import pytest

from launch_service_node.cli.complete import complete, FILES
from launch_service_node.cli.local_backend import LocalReach
from launch_service_node.cli.main import make_parser, VERBS


def candidates(*words: str) -> list[str]:
    """Return what the last word may become."""
    return complete(make_parser(), words)


def test_an_empty_line_offers_the_verbs() -> None:
    assert candidates('') == list(VERBS)


def test_a_begun_verb_is_completed() -> None:
    assert candidates('st') == ['start', 'stop']
    assert candidates('--local', 'st') == ['start', 'stop']


def test_a_value_of_an_option_is_not_taken_for_a_verb() -> None:
    assert candidates('--timeout', '3', 'exe') == ['executables']
    assert candidates('--timeout', 'li') == []
    assert candidates('--timeout=3', '--local', 'exe') == ['executables']


def test_an_option_with_its_value_is_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalReach, 'namespaces', lambda _: ['/robot1'])
    assert candidates('list', '--launch-id=demo', '/r') == ['/robot1']
    assert candidates('list', 'word', '/r') == []


def test_options_are_those_of_the_verb() -> None:
    assert candidates('stop', '--sig') == ['--sigkill-timeout', '--sigterm-timeout']
    assert '--wait-ready' not in candidates('stop', '--')


def test_files_are_left_to_the_shell() -> None:
    assert candidates('check', 'rob') == [FILES]
    assert candidates('up', '--allow-list', '') == [FILES]


def test_shells() -> None:
    assert candidates('completion', '') == ['bash', 'zsh', 'fish']


@pytest.fixture(scope='module')
def running(program: Program) -> Program:
    """Give an instance with two processes."""
    for name in ('camera_left', 'camera_right'):
        assert program('--local', 'start', '/robot1', 'idle', '--name', name).returncode == 0
    return program


@pytest.mark.parametrize(('words', 'expected'), [
    (['list', '/'], ['/robot1']),
    (['stop', ''], ['camera_left', 'camera_right']),
    (['stop', '/robot1', 'camera_l'], ['camera_left']),
    (['stop', 'camera_left', 'camera'], ['camera_right']),
    (['start', '/robot1', 'gr'], ['greet']),
    (['start', 'greet', ''], []),
    (['signal', 'SIGUSR'], ['SIGUSR1', 'SIGUSR2']),
    (['signal', 'HUP', 'camera_r'], ['camera_right']),
    (['down', '/r'], ['/robot1']),
    (['down', '/robot1', '/r'], []),
    (['logs', '/nowhere', ''], []),
])
def test_what_this_host_has_is_offered(running: Program, words: list[str],
                                       expected: list[str]) -> None:
    done = running('completion', '--words', '--', *words)
    assert done.returncode == 0 and done.stdout.split() == expected


@pytest.fixture
def program_on_path(running: Program, tmp_path: Path) -> dict[str, str]:
    """Give an environment in which `launch-service` is on the PATH."""
    return on_path(running, tmp_path)


def test_bash_completes_at_a_tab(program_on_path: dict[str, str]) -> None:
    bash = _Terminal(['bash', '--norc', '-i'], {**program_on_path, 'PS1': 'ready> '})
    try:
        bash.type('source <(launch-service completion bash); echo so"urced"\n')
        bash.wait_for('sourced')
        bash.type('launch-service exec\t')
        bash.wait_for('launch-service executables ')
        bash.type('\x15launch-service logs camera_r\t')
        bash.wait_for('launch-service logs camera_right ')
        bash.type('\x15launch-service list /r\t')
        bash.wait_for('launch-service list /robot1 ')
        bash.type('\x15')
    finally:
        bash.close()


def test_zsh_runs_the_function(program_on_path: dict[str, str]) -> None:
    if not shutil.which('zsh'):
        pytest.skip('zsh is not installed')
    done = subprocess.run(
        ['zsh', '-fc', 'compdef() {}; compadd() { shift; print -l -- "$@" }; '
         'source <(launch-service completion zsh); '
         'words=(launch-service stop camera_); CURRENT=3; _launch_service'],
        capture_output=True, text=True, env=program_on_path, timeout=LONG)
    assert done.stdout.split() == ['camera_left', 'camera_right'], done.stderr


def test_fish_completes(program_on_path: dict[str, str]) -> None:
    if not shutil.which('fish'):
        pytest.skip('fish is not installed')
    done = subprocess.run(
        ['fish', '-c', 'launch-service completion fish | source; '
         'complete -C "launch-service stop camera_"'],
        capture_output=True, text=True, env=program_on_path, timeout=LONG)
    assert done.stdout.split() == ['camera_left', 'camera_right'], done.stderr


class _Terminal:
    """A program on a terminal that is typed at."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self._master, theirs = os.openpty()
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**environ, 'TERM': 'dumb', 'INPUTRC': '/dev/null', 'COLUMNS': '200'})
        os.close(theirs)
        self._seen = ''

    def type(self, text: str) -> None:
        """Type text."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> None:
        """Wait until the terminal shows a text after what was waited for before."""
        deadline = time.monotonic() + LONG
        while text not in self._seen:
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            assert ready, f'{text!r} did not come: {self._seen!r}'
            self._seen += os.read(self._master, 65536).decode()
        self._seen = self._seen.split(text, 1)[1]

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)
