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

"""The arguments of BootstrapLaunchService: kept, parsed, performed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launch import LaunchContext
from launch.frontend import Entity, Parser
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..bootstrap.request import Request
from ..errors import InvalidRequest
from ..machines.values import (
    flag,
    keep,
    keep_each,
    keep_variables,
    Kept,
    number,
    parse_each,
    parse_elements,
    parse_text,
    parse_value,
    text,
    texts,
    Value,
    Values,
    Variables,
    variables,
    whole,
)
from ..ssh.host import Host
from .service_call import given

_TEXTS = ('namespace', 'rmw', 'enclave', 'systemd')
_VALUES = {'replace': bool, 'wait_for_graph': bool, 'timeout': float, 'graph_timeout': float,
           'domain_id': int}

#: What is a list of, and the attribute of a nested element that is one of them.
_LISTS = {'allow_list': 'file', 'remote_allow_list': 'file', 'ros_arguments': 'value'}


class Arguments:
    """What a launch file says of an instance to be brought up; all may be substitutions."""

    def __init__(self, *, texts: Mapping[str, Value | None], lists: Mapping[str, Values | None],
                 flags: Mapping[str, Value], numbers: Mapping[str, Value | None],
                 domain_id: Value | None, parameters: Mapping[Any, Any] | None,
                 labels: Variables | None) -> None:
        self._texts = {name: keep(value) for name, value in texts.items()}
        self._lists = {name: keep_each(value) for name, value in lists.items()}
        self._flags = {name: keep(value) for name, value in flags.items()}
        self._numbers = {name: keep(value) for name, value in numbers.items()}
        self._domain_id = keep(domain_id)
        self._parameters = [
            (normalize_to_list_of_substitutions(name), _kept(value))
            for name, value in (parameters or {}).items()]
        self._labels = keep_variables(labels)

    def request(self, context: LaunchContext, host: Host) -> Request:
        """
        Return the request in this context.

        :raises InvalidRequest: an argument can't be right.
        """
        where = f'of the LaunchServiceNode on {host}'
        told: dict[str, Any] = given(
            **{name: text(context, kept) for name, kept in self._texts.items()},
            **{name: texts(context, kept) for name, kept in self._lists.items()},
            **{name: _seconds(context, kept, f'{name} {where}')
               for name, kept in self._numbers.items()})
        for name, kept in self._flags.items():
            told[name] = flag(context, kept, f'{name} {where}')
        return Request(
            host, domain_id=whole(context, self._domain_id, f'domain_id {where}'),
            parameters={perform_substitutions(context, name): _performed(context, value)
                        for name, value in self._parameters},
            labels=variables(context, self._labels), **told)


def parse_arguments(entity: Entity, parser: Parser) -> dict[str, Any]:
    """Return the arguments, from XML or YAML."""
    return given(
        machine=parse_text(entity, parser, 'machine'),
        **{name: parse_text(entity, parser, name) for name in _TEXTS},
        **{name: parse_value(entity, parser, name, kind) for name, kind in _VALUES.items()},
        **{name: parse_each(entity, parser, name, name, key) for name, key in _LISTS.items()},
        parameters=_parse_pairs(entity, parser, 'param'),
        labels=_parse_pairs(entity, parser, 'label'))


def _parse_pairs(entity: Entity, parser: Parser, name: str) -> dict[Any, Any] | None:
    elements = parse_elements(entity, name)
    if elements is None:
        return None
    found = {}
    for one in elements:
        key = tuple(parser.parse_substitution(one.get_attr('name')))
        found[key] = parser.parse_substitution(
            str(one.get_attr('value', data_type=None))) or keep('')
        one.assert_entity_completely_parsed()
    return found


def _kept(value: Any) -> Any:
    """Return a parameter: numbers, truths and lists of them as they are, text performed later."""
    if isinstance(value, (bool, int, float)) or (isinstance(value, (list, tuple)) and all(
            isinstance(one, (bool, int, float, str)) for one in value)):
        return value
    return keep(value)


def _performed(context: LaunchContext, value: Any) -> Any:
    if isinstance(value, list) and value and not isinstance(value[0], (bool, int, float, str)):
        return perform_substitutions(context, value)
    return list(value) if isinstance(value, tuple) else value


def _seconds(context: LaunchContext, kept: Kept, what: str) -> float | None:
    value = number(context, kept, what)
    if value is not None and not value > 0:
        raise InvalidRequest(f'{what} has to be more than 0 seconds')
    return value
