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

"""A remote node is told what Node of launch_ros would tell it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from actions.node_lab import Robot, sides  # noqa: E402
from launch.actions import GroupAction  # noqa: E402
from launch.substitutions import LaunchConfiguration  # noqa: E402
from launch_ros.actions import PushROSNamespace, SetParameter, SetRemap  # noqa: E402
from launch_ros.descriptions import Parameter  # noqa: E402
import yaml  # noqa: E402

_LEFT = LaunchConfiguration('side')


@pytest.mark.parametrize('arguments', [
    {},
    {'name': 'driver'},
    {'namespace': 'robot1'},
    {'namespace': '/robot1/'},
    {'name': ['driver_', _LEFT], 'namespace': ['of_', _LEFT]},
    {'arguments': ['-x', ['a ', _LEFT], ''], 'ros_arguments': ['--log-level', 'debug']},
    {'remappings': [('chatter', [_LEFT, '/chatter']), ('a', 'b')]},
    {'parameters': [{'a': 1, 'b': {'c': 'text', 'd': [1, 2], 'e': {'f': True}}, 'g': _LEFT}]},
    {'parameters': [{'a': [1.5, 2.5]}, {'b': ['x', 'y z']}], 'name': 'n', 'namespace': 'm'},
    {'parameters': [{'a': [_LEFT, 'x'], ('b', _LEFT): [True, False]}], 'name': 'n'},
    {'parameters': [Parameter('a', 5), Parameter('b', [1, 2]), Parameter('c', 1.5)]},
], ids=lambda arguments: '+'.join(arguments) or 'nothing')
def test_a_node_is_told_what_it_would_be_told_here(arm: Robot, arguments: dict[str, Any]) -> None:
    there = arm.show(*sides(), **arguments)
    here = arm.show_here(*sides(), **arguments)
    if 'Parameter' in str(arguments):
        def read(words: list[str]) -> list[Any]:
            rules = [word.split(':=') for word in words if ':=' in word]
            return [(name, list(value) if isinstance(value, tuple) else value)
                    for name, value in ((name, yaml.unsafe_load(text)) for name, text in rules)]
        assert read(there.words) == read(here.words)
    else:
        assert there.words == here.words
    assert json.dumps(there.parameters) == json.dumps(here.parameters)
    assert there.executable == here.executable == f'{arm.prefix}/lib/arm/show'


def scopes() -> dict[str, list[Any]]:
    return {
        'namespace': [PushROSNamespace('robot1'), PushROSNamespace('arms')],
        'parameter': [SetParameter('use_sim_time', True), SetParameter('a', 'text'),
                      SetParameter('b', 2.5)],
        'remap': [SetRemap('chatter', 'talk'), SetRemap('x', 'y')]}


@pytest.mark.parametrize('scope', ['namespace', 'parameter', 'remap'])
@pytest.mark.parametrize('arguments', [
    {}, {'name': 'n', 'namespace': 'own', 'remappings': [('chatter', 'z')],
         'parameters': [{'a': 1}]}, {'namespace': '/own'}], ids=['bare', 'own', 'absolute'])
def test_what_the_scope_says_holds_as_here(
        arm: Robot, scope: str, arguments: dict[str, Any]) -> None:
    there = arm.show(*scopes()[scope], **arguments)
    here = arm.show_here(*scopes()[scope], **arguments)
    assert there.words == here.words
    assert there.parameters == here.parameters


def test_a_list_for_all_nodes_arrives(arm: Robot) -> None:
    shown = arm.show(SetParameter('a', [1, 2]))
    assert shown.words == ['--ros-args', '-p', 'a:=[1, 2]']


def test_a_scope_ends(arm: Robot) -> None:
    group = GroupAction([PushROSNamespace('robot1'), SetParameter('a', 1), SetRemap('b', 'c')])
    assert arm.show(group).words == ['--ros-args']
