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

"""Which instance a command line means."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidRequest
from ..instance import valid_namespace
from .backend import Backend, Reach
from .options import UsageError


def split_namespace(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """
    Take the namespace, which begins with a slash, off the front of the words of a verb.

    :raises UsageError: when it begins with a slash and is no namespace.
    """
    if not words or not words[0].startswith('/'):
        return None, list(words)
    try:
        return valid_namespace(words[0]), list(words[1:])
    except InvalidRequest as error:
        raise UsageError(error.message) from error


def only_namespace(words: Sequence[str]) -> str | None:
    """
    Return the namespace of a verb that takes no other word.

    :raises UsageError: when there is another.
    """
    namespace, rest = split_namespace(words)
    if rest:
        hint = f'; a namespace begins with a slash: /{rest[0]}' if namespace is None else ''
        raise UsageError(f'unexpected {rest[0]!r}{hint}')
    return namespace


def choose(namespace: str | None, reach: Reach) -> Backend:
    """
    Return the instance that is meant: the one named, or the only one there is.

    :raises Unreachable: when there is none.
    :raises UsageError: when there are several and none was named.
    """
    if namespace is not None:
        return reach.backend(namespace)
    found = reach.only()
    if not found:
        raise reach.missing()
    if len(found) > 1:
        raise UsageError(f'several instances are {reach.where}, say which: {", ".join(found)}')
    return reach.backend(found[0])
