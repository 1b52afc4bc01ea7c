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

"""YAML to a tree with lines, with libyaml and without it."""

from __future__ import annotations

import pytest
import yaml

from launch_service_node.allow_list.nodes import line_of, MAX_DEPTH, Node, parse
from launch_service_node.errors import AllowListError


@pytest.fixture(params=['C', 'Python'], autouse=True)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == 'Python':
        monkeypatch.delattr(yaml, 'CSafeLoader', raising=False)
    elif not hasattr(yaml, 'CSafeLoader'):
        pytest.skip('yaml was built without libyaml')


def refusal(text: str) -> tuple[int, str]:
    """Return line and message of the refusal of a text."""
    with pytest.raises(AllowListError) as caught:
        parse(text)
    assert '\n' not in caught.value.message
    return line_of(caught.value), caught.value.message


def test_a_tree_has_lines() -> None:
    """Of keys and values."""
    top = parse('# x\na: 1\nb:\n  - c\n  - {d: e}\n')
    assert top is not None and (top.kind, top.line) == ('mapping', 2)
    (first, one), (second, many) = top.pairs
    assert [(node.text, node.line) for node in (first, one, second)] == [
        ('a', 2), ('1', 2), ('b', 3)]
    assert [(item.kind, item.line) for item in many.items] == [('scalar', 4), ('mapping', 5)]


@pytest.mark.parametrize(('text', 'value', 'plain'), [
    ('1.0', '1.0', True), ('no', 'no', True), ("'no'", 'no', False), ('"a\\tb"', 'a\tb', False),
    ('0x10', '0x10', True), ('2024-01-01', '2024-01-01', True), ('~', '~', True),
    ('|\n  a\n  b\n', 'a\nb\n', False), ('5 in 60 s', '5 in 60 s', True), ("! 'x'", 'x', False),
])
def test_a_scalar_keeps_its_spelling(text: str, value: str, plain: bool) -> None:
    """YAML's guesses at types are not followed."""
    top = parse(f'a: {text}')
    assert top is not None
    assert (top.pairs[0][1].text, top.pairs[0][1].plain) == (value, plain)


def test_doubled_keys_are_kept() -> None:
    """It is for the reader to complain."""
    top = parse('a: 1\na: 2\n')
    assert top is not None and len(top.pairs) == 2


@pytest.mark.parametrize('text', ['', '\n', '# x\n', '---\n...\n# y\n'])
def test_an_empty_text_is_no_tree(text: str) -> None:
    """A document without content counts as an empty scalar."""
    node = parse(text)
    assert node is None or node == Node('scalar', node.line, plain=True)


@pytest.mark.parametrize(('text', 'line', 'said'), [
    ('a: &x 1\nb: *x\n', 1, 'anchors'), ('a: [1, *x]', 1, 'anchors'),
    ('\na: !!str 1', 2, "'tag:yaml.org,2002:str'"), ('a: 1\n--- {}\n', 2, 'second document'),
    ('a: 1\n? [b]\n: c\n', 2, 'a key has to be a word'),
    ('a: [', 1, 'not YAML'), ('a: 1\n  b: 2\n', 2, 'not YAML'), ('a: \x00', 1, 'not YAML'),
    ('a: @', 1, 'not YAML'), ('a\nb: c', 2, 'not YAML'),
])
def test_what_is_not_taken_says_where(text: str, line: int, said: str) -> None:
    """Both parsers say the same line."""
    found, message = refusal(text)
    assert said in message
    assert found == line


def test_an_alias_bomb_does_not_go_off() -> None:
    """The first anchor ends it."""
    bomb = 'a: &a [x, x]\n' + ''.join(
        f'{b}: &{b} [*{a}, *{a}, *{a}]\n' for a, b in zip('abcdefghi', 'bcdefghij', strict=True))
    assert refusal(bomb)[0] == 1


def test_depth_is_bounded() -> None:
    """A depth of the bound is fine."""
    assert parse('[' * MAX_DEPTH + ']' * MAX_DEPTH)
    assert 'nested deeper' in refusal('[' * (MAX_DEPTH + 1) + ']' * (MAX_DEPTH + 1))[1]
