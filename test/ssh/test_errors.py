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

"""The exceptions are those that the docstring draws, each below the one it is drawn below."""

from __future__ import annotations

import inspect
import re

from launch_service_node import errors


def drawn() -> dict[str, str]:
    """Return each class of the drawing with the one above it."""
    above: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or '').splitlines():
        found = re.match(r'    ([ │├└─]*)([A-Z]\w+)  ', line)
        if found:
            depth = len(found[1])
            while path and path[-1][0] >= depth:
                path.pop()
            above[found[2]] = path[-1][1] if path else 'Exception'
            path.append((depth, found[2]))
    return above


def test_the_tree_is_the_one_that_is_drawn() -> None:
    classes = {name: one.__bases__[0].__name__
               for name, one in inspect.getmembers(errors, inspect.isclass)
               if issubclass(one, Exception)}
    assert drawn() == classes
