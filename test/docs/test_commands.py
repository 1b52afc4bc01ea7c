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

"""What the pages tell a reader to type works, and prints what they show."""

from __future__ import annotations

import re

from docs.pages import Block, blocks, first_missing, NEEDS, pages, read, ROOT
import pytest

from .conftest import Reader

#: Pages whose commands another test runs.
OTHERS = {'docs/cli.md': 'test/cli/test_docs.py',
          'docs/remote_launching.md': 'test/docs/test_remote.py',
          'docs/errors.md': 'test/docs/test_remote.py'}

SHELLS = ('console', 'bash', 'sh', 'shell')
TYPED = [block for page in pages() if page not in OTHERS for block in read(page)
         if block.language in SHELLS and not block.elsewhere]


@pytest.mark.parametrize('block', TYPED, ids=str)
def test_commands_work_as_shown(block: Block, reader: Reader) -> None:
    reader.prepare(block, [one for one in read(block.page) if one.file])
    for command in block.commands:
        reader.follow(command)


def test_there_is_something_to_type() -> None:
    assert len([block for block in TYPED if block.page == 'README.md']) > 5


@pytest.mark.parametrize('page', pages())
def test_every_command_of_a_page_is_in_a_block_that_is_run(page: str) -> None:
    for block in read(page):
        if block.language not in SHELLS:
            assert not re.search(r'^\$ ', block.text, re.M), f'{block} should be `console`'
        elif page not in OTHERS:
            assert block.commands, f'{block}: a command begins with `$ `'
        for need in block.needs:
            assert any(need == word or need.startswith(f'{word} ') for word in NEEDS), need


@pytest.mark.parametrize('page', OTHERS)
def test_a_page_that_another_test_runs_is_named_there(page: str) -> None:
    assert page.rsplit('/', 1)[-1] in (ROOT / OTHERS[page]).read_text()


@pytest.mark.parametrize('page', pages())
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding='utf-8')
    for target in re.findall(r'\]\(([^)#]+)(?:#[^)]*)?\)', text):
        if '://' not in target:
            assert ((ROOT / page).parent / target).exists(), target


def test_a_block_knows_its_needs_and_its_commands() -> None:
    block, = blocks('a\n\n<!-- test: up, needs ros2 -->\n'
                    '```console\n$ one \\\n  more\nsays …\n$ two\n^C\n```\n', 'page')
    assert (str(block), block.needs) == ('page:4', ('up', 'needs ros2'))
    one, two = block.commands
    assert (one.typed, one.shown, one.interrupted) == ('one \\\n  more', ('says …',), False)
    assert (two.typed, two.shown, two.interrupted) == ('two', (), True)


def test_what_is_shown_has_to_be_printed_in_its_order() -> None:
    printed = ['A   1', 'B (pid 7) is up', 'C']
    assert first_missing(('A 1', '…', 'B (pid …) is up'), printed) == ''
    assert first_missing(('C', 'A 1'), printed) == 'A 1'
    assert first_missing(('B is up',), printed) == 'B is up'
