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

"""Actions inside an action, in XML and YAML: `<on_ready> ... </on_ready>`."""

from __future__ import annotations

from launch import Action
from launch.frontend import Entity, Parser

from ..machines.values import parse_elements


def parse_nested(entity: Entity, parser: Parser, name: str) -> list[Action] | None:
    """
    Return the actions inside elements of this name; None when there is no such element.

    In XML they are the children of the element, in YAML a list below the key.
    """
    elements = parse_elements(entity, name)
    if elements is None:
        return None
    return [parser.parse_action(child) for element in elements for child in _children(element)]


def _children(element: Entity) -> list[Entity]:
    try:
        return element.children
    except ValueError:
        # launch_yaml makes an entity of each item of the list, `{action: {...}}`, that knows
        # no way to its only key; as a list of one it does.
        item = getattr(element, '_Entity__element', None)
        if item is None:
            raise
        return type(element)([item], element.type_name).children
