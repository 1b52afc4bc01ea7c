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

"""What launch files give as text, numbers or substitutions: kept at first, performed later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.frontend import Entity, Parser
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from launch.utilities.type_utils import coerce_to_type

from ..client.waits import LONGEST
from ..errors import InvalidRequest

#: What an argument of an action may be; all of it may be substitutions.
Value: TypeAlias = SomeSubstitutionsType | int | float | bool
Values: TypeAlias = Value | Sequence[SomeSubstitutionsType]
Variables: TypeAlias = Mapping[SomeSubstitutionsType, SomeSubstitutionsType]

#: What it is kept as; None: not given.
Kept: TypeAlias = list[Substitution] | None
KeptVariables: TypeAlias = list[tuple[list[Substitution], list[Substitution]]]


def keep(value: Value | None) -> Kept:
    """Return one value as substitutions."""
    if isinstance(value, (bool, int, float)):
        value = str(value)
    return None if value is None else normalize_to_list_of_substitutions(value)


def keep_each(values: Values | None) -> list[list[Substitution]] | None:
    """Return several values as substitutions; a lone one counts as a list of one."""
    if values is None:
        return None
    if isinstance(values, (str, Substitution)) or not isinstance(values, Iterable):
        values = [values]
    return [normalize_to_list_of_substitutions(one) for one in values]


def keep_variables(variables: Variables | None) -> KeptVariables:
    """Return environment variables as pairs of substitutions."""
    return [(normalize_to_list_of_substitutions(name), normalize_to_list_of_substitutions(value))
            for name, value in (variables or {}).items()]


def text(context: LaunchContext, kept: Kept) -> str | None:
    """Return what it is in this context; None when it is empty or was not given."""
    return (perform_substitutions(context, kept) or None) if kept is not None else None


def texts(context: LaunchContext, kept: list[list[Substitution]] | None
          ) -> tuple[str, ...] | None:
    """Return those that are not empty; None when none was given."""
    if kept is None:
        return None
    return tuple(one for one in (perform_substitutions(context, each) for each in kept) if one)


def variables(context: LaunchContext, kept: KeptVariables) -> dict[str, str]:
    """Return environment variables as they are in this context."""
    return {perform_substitutions(context, name): perform_substitutions(context, value)
            for name, value in kept}


def number(context: LaunchContext, kept: Kept, what: str) -> float | None:
    """
    Return a number of seconds.

    :raises InvalidRequest: it is none, or more than anybody can wait for.
    """
    given = text(context, kept)
    if given is None:
        return None
    try:
        value = float(given)
    except ValueError:
        raise InvalidRequest(f'{what} is {given!r}, which is no number') from None
    if not abs(value) <= LONGEST:  # not a number is not less, either
        raise InvalidRequest(f'{what} is {given!r}, which is no time that can be waited for')
    return value


def whole(context: LaunchContext, kept: Kept, what: str) -> int | None:
    """
    Return a whole number.

    :raises InvalidRequest: it is none.
    """
    given = text(context, kept)
    if given is None:
        return None
    try:
        return int(given)
    except ValueError:
        raise InvalidRequest(f'{what} is {given!r}, which is no whole number') from None


def flag(context: LaunchContext, kept: Kept, what: str) -> bool:
    """
    Return a truth, as launch reads it; not given: False.

    :raises InvalidRequest: it is neither true nor false.
    """
    given = text(context, kept)
    if given is None:
        return False
    try:
        return bool(coerce_to_type(given, bool))
    except ValueError:
        raise InvalidRequest(f'{what} is {given!r}: give true or false') from None


def parse_text(entity: Entity, parser: Parser, name: str) -> list[Substitution] | None:
    """Return an attribute of XML or YAML that is text."""
    given = entity.get_attr(name, optional=True)
    return None if given is None else _substitutions(parser, given)


def parse_value(entity: Entity, parser: Parser, name: str, data_type: type) -> Value | None:
    """Return an attribute of XML or YAML that is a number or a truth, or text for one."""
    try:
        given = entity.get_attr(name, data_type=data_type, optional=True, can_be_str=True)
    except TypeError:
        if data_type is not float:
            raise
        # YAML: 5 is a number, too, and no float.
        given = entity.get_attr(name, data_type=int, optional=True)
    return _substitutions(parser, given) if isinstance(given, str) else given


def parse_elements(entity: Entity, name: str) -> list[Entity] | None:
    """Return nested elements, which may be none in YAML; None: nothing was said of them."""
    try:
        found: list[Entity] | None = entity.get_attr(name, data_type=list[Entity], optional=True)
    except IndexError:
        return []  # launch_yaml looks at the first one
    return found


def parse_each(entity: Entity, parser: Parser, name: str, nested: str, key: str
               ) -> list[list[Substitution]] | None:
    """
    Return several texts: nested elements, a list, or a lone text.

    :param name: of the attribute that is a list or a text.
    :param nested: what an element of which there may be several is called.
    :param key: the attribute of such an element.
    """
    try:
        elements = entity.get_attr(nested, data_type=list[Entity], optional=True)
    except (TypeError, IndexError):
        elements = None  # YAML: a list of something else
    if elements is not None:
        found = [parser.parse_substitution(one.get_attr(key)) for one in elements]
        for one in elements:
            one.assert_entity_completely_parsed()
        return found
    try:
        given = entity.get_attr(name, data_type=list[str], optional=True)
    except TypeError:
        given = [entity.get_attr(name)]
    return None if given is None else [_substitutions(parser, one) for one in given]


def parse_variables(entity: Entity, parser: Parser) -> Variables | None:
    """Return environment variables from elements `env`, as ExecuteProcess has them."""
    elements = parse_elements(entity, 'env')
    if elements is None:
        return None
    found = {tuple(parser.parse_substitution(one.get_attr('name'))):
             _substitutions(parser, one.get_attr('value')) for one in elements}
    for one in elements:
        one.assert_entity_completely_parsed()
    return found


def _substitutions(parser: Parser, given: str) -> list[Substitution]:
    return parser.parse_substitution(given) if given else keep('') or []
