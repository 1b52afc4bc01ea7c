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

"""docs/cli.md: its commands run, and it leaves nothing out."""

from collections.abc import Iterator
from pathlib import Path
import re
import subprocess

from cli.program import LONG, on_path, Program
import pytest

from launch_service_node.cli.main import make_parser, verb_module, VERBS

DOCS = (Path(__file__).parents[2] / 'docs' / 'cli.md').read_text()


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language that are for one host."""
    here = re.sub(r'^<!-- test: elsewhere .*?-->\n```.*?^```$', '', DOCS,
                  flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf'^```{language}\n(.*?)^```$', here, re.MULTILINE | re.DOTALL)


@pytest.fixture
def host(lonely: Program) -> Iterator[Program]:
    """Give a host with the file of the tour and without an instance."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    (lonely.folder / 'robot1.yaml').write_text(blocks('yaml')[0])
    yield lonely
    lonely('down', '--local', '/robot1')


def test_every_command_runs_and_begins_as_shown(host: Program, tmp_path: Path) -> None:
    environ = on_path(host, tmp_path)
    for command, shown in re.findall(r'^\$ (.*)\n((?:(?!\$ ).*\n)?)', ''.join(blocks('console')),
                                     re.MULTILINE):
        done = subprocess.run(['bash', '-c', command], capture_output=True, text=True,
                              cwd=host.folder, env=environ, timeout=2 * LONG)
        assert done.returncode == 0, f'{command}: {done.stderr}'
        printed = done.stdout.splitlines()[0] if done.stdout else ''
        assert _words(printed)[:3] == _words(shown)[:3], command


def _words(line: str) -> list[str]:
    return re.sub(r'pid \d+', 'pid', line).split()


@pytest.mark.parametrize('verb', VERBS)
def test_every_verb_and_option_is_there(verb: str) -> None:
    row = re.search(rf'^\| `{verb}` \|.*', DOCS, re.MULTILINE)
    assert row, verb
    parser = make_parser()._subparsers._group_actions[0].choices[verb]  # type: ignore
    common = make_parser()._option_string_actions
    options = [option for option in parser._option_string_actions
               if option not in common and option != '--words']
    assert [option for option in options if option not in row.group()] == []
    assert verb_module(verb).WORDS


def test_every_common_option_is_there() -> None:
    section = DOCS.split('## Common options')[1].split('##')[0]
    for option in make_parser()._option_string_actions:
        assert option == '-h' or f'`{option}' in section
