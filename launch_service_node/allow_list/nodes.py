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

"""
YAML text to a tree that knows its lines, with bounds on everything.

The tree is put together from the parser's events: no object is constructed, no alias is
followed, no recursion depends on the text, and each scalar keeps the spelling of the
author (`1.0` stays '1.0', `no` stays 'no').
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import AllowListError

MAX_DEPTH = 12
MAX_NODES = 100_000

_TOO_MUCH = f'too much: more than {MAX_NODES} values, or nested deeper than {MAX_DEPTH}'


@dataclass
class Node:
    """
    A scalar, a sequence or a mapping.

    :param kind: 'scalar', 'sequence' or 'mapping'.
    :param line: where it begins, counted from 1.
    :param text: of a scalar, as written.
    :param plain: whether a scalar is written without quotes.
    :param items: of a sequence.
    :param pairs: of a mapping, in order, duplicates included.
    """

    kind: str
    line: int
    text: str = ''
    plain: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


def wrong(where: Node | int, message: str) -> AllowListError:
    """Return the error for something wrong at a node or in a line."""
    return AllowListError(message, line=where if isinstance(where, int) else where.line)


def line_of(error: AllowListError) -> int:
    """Return the line that an error of `wrong` is about; 0: none."""
    line = error.facts.get('line', 0)
    return line if isinstance(line, int) else 0


def parse(text: str) -> Node | None:
    """
    Return the one document of a YAML text; None when there is none.

    :raises AllowListError: not YAML, too deep, too much, more than one document, or
        something that is not taken here: anchors, aliases, tags. The fact `line` says where.
    """
    import yaml

    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    try:
        return _compose(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ' '.join(filter(None, (error.context, error.problem)))
        last = max(1, len(text.splitlines()))  # the end of the text is said to be a line more
        line = min(mark.line + 1, last) if mark else 0
        # libyaml 0.2.6 has a bound of its own, and meets it before it tells of the first level.
        said = _TOO_MUCH if 'nesting depth' in what else f'not YAML: {what}'
        raise wrong(line, said) from None
    except yaml.YAMLError as error:
        position = getattr(error, 'position', None)
        line = text.count('\n', 0, position) + 1 if isinstance(position, int) else 0
        what = getattr(error, 'reason', None) or str(error).partition('\n')[0]
        raise wrong(line, f'not YAML: {what}') from None


def _compose(events: Iterator[object]) -> Node | None:
    root: Node | None = None
    open_nodes: list[Node] = []
    keys: list[Node | None] = []  # of each open node: the key that waits for its value
    count = 0
    for event in events:
        name = type(event).__name__
        line = event.start_mark.line + 1  # type: ignore[attr-defined]
        if name in ('SequenceEndEvent', 'MappingEndEvent'):
            open_nodes.pop()
            keys.pop()
            continue
        if name == 'DocumentStartEvent' and root is not None:
            raise wrong(line, 'a second document: a file holds one')
        if name == 'AliasEvent' or getattr(event, 'anchor', None) is not None:
            raise wrong(line, 'anchors (&) and aliases (*) are not taken; quote the text '
                              'if it is meant to begin so')
        if name not in ('ScalarEvent', 'SequenceStartEvent', 'MappingStartEvent'):
            continue
        if (tag := getattr(event, 'tag', None)) not in (None, '!'):
            raise wrong(line, f'tags are not taken: {str(tag)[:60]!r}')
        count += 1
        if count > MAX_NODES or len(open_nodes) >= MAX_DEPTH:
            raise wrong(line, _TOO_MUCH)
        node = _node(name, line, event)
        if not open_nodes:
            root = node
        elif open_nodes[-1].kind == 'sequence':
            open_nodes[-1].items.append(node)
        elif (key := keys[-1]) is None:
            if node.kind != 'scalar':
                raise wrong(line, 'a key has to be a word')
            keys[-1] = node
        else:
            open_nodes[-1].pairs.append((key, node))
            keys[-1] = None
        if node.kind != 'scalar':
            open_nodes.append(node)
            keys.append(None)
    return root


def _node(name: str, line: int, event: object) -> Node:
    if name == 'ScalarEvent':
        return Node('scalar', line, text=event.value,  # type: ignore[attr-defined]
                    plain=not event.style)  # type: ignore[attr-defined]
    return Node('sequence' if name == 'SequenceStartEvent' else 'mapping', line)
