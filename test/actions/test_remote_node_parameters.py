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

"""Whatever value a parameter has, the node on the machine has the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from launch import LaunchContext  # noqa: E402
from launch_ros.descriptions import Parameter  # noqa: E402
import rclpy  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.node import Node  # noqa: E402

from launch_service_node.actions.remote_node_arguments import NodeArguments  # noqa: E402
from launch_service_node.ssh.files import SentFile  # noqa: E402

# ROS keeps text in C strings, and no byte of a YAML file may be a lone surrogate.
_TEXT = st.text(st.characters(exclude_categories=('Cs',), exclude_characters='\0'), max_size=40)
_TRICKY = st.sampled_from([
    '', ' ', '1', '1.5', '1e5', '08', '0x1f', 'true', 'Yes', 'on', 'null', '~', '.inf', 'nan',
    '-', '- a', '#', 'a: b', 'a #b', '"', "'", '\\', '\\n', 'a\nb', '\t', ' a ', '[1, 2]',
    '{a: 1}', '&a', '*a', '!a', '%a', '@a', '`a', '|', '>', '...', '---', '日本', '🤖', '\x7f',
    '\x85', '\u2028', '\ufeff', 'x' * 2000, 'word ' * 300])
_STRINGS = st.one_of(_TRICKY, _TEXT)
_INTEGERS = st.integers(-2**63, 2**63 - 1)
_FLOATS = st.floats(allow_nan=False, allow_subnormal=False)  # ROS takes subnormal ones for text
_SCALARS = st.one_of(_STRINGS, _INTEGERS, _FLOATS, st.booleans())
_LISTS = st.one_of(*(st.lists(one, min_size=1, max_size=4)
                     for one in (_STRINGS, _INTEGERS, _FLOATS, st.booleans())))
_VALUES = st.one_of(_SCALARS, _LISTS)
_NAMES = st.from_regex(r'[a-z][a-z0-9_]{0,8}', fullmatch=True)
_PARAMETERS = st.dictionaries(_NAMES, st.recursive(
    _VALUES, lambda inner: st.dictionaries(_NAMES, inner, min_size=1, max_size=3), max_leaves=5),
    min_size=1, max_size=6)


def flat(parameters: dict[str, Any], prefix: str = '') -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, dict):
            found.update(flat(value, f'{prefix}{name}.'))
        else:
            found[f'{prefix}{name}'] = value
    return found


def of_a_node(folder: Path, **given: Any) -> dict[str, Any]:
    """Return the parameters of a node that is told what a remote one would be told."""
    told = NodeArguments('driver', None, given.get('parameters'), None).perform(LaunchContext())
    words = []
    for word in told.words:
        place = told.places.get(word)
        if isinstance(place, SentFile):
            (folder / place.name).write_bytes(place.data)
            word = str(folder / place.name)
        words.append(word)
    context = Context()
    rclpy.init(args=['--ros-args', *words], context=context)
    try:
        node = Node('x', context=context, start_parameter_services=False, enable_rosout=False,
                    automatically_declare_parameters_from_overrides=True)
        try:
            return {name: one.value for name, one in node._parameters.items()}
        finally:
            node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return type(found) is type(wanted) and found == wanted


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name, value in wanted.items():
        assert same(found[name] if not isinstance(value, list) else list(found[name]), value), (
            name, found[name], value)


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_PARAMETERS)
def test_parameters_of_a_dictionary_are_exact(tmp_path: Path, parameters: dict[str, Any]) -> None:
    assert_same(of_a_node(tmp_path, parameters=[parameters]), flat(parameters))


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_NAMES, _VALUES)
def test_a_single_parameter_is_exact(tmp_path: Path, name: str, value: Any) -> None:
    assert_same(of_a_node(tmp_path, parameters=[Parameter(name, value)]), {name: value})


def test_later_ones_win(tmp_path: Path) -> None:
    found = of_a_node(tmp_path, parameters=[
        {'a': 1, 'b': 1, 'c': 1}, Parameter('b', 2), {'c': 3}, Parameter('d', 4), {'d': 5}])
    assert_same(found, {'a': 1, 'b': 2, 'c': 3, 'd': 5})
