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

"""Parameters: what is taken, what is refused, and what others hear of a change."""

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from launch_service_node.errors import InvalidRequest
from launch_service_node.node.parameters import (
    label_pairs,
    Parameters,
    parameters_of,
    settings_of,
    SPECS,
)


@pytest.fixture
def build():
    """Give a function that makes Parameters of ROS arguments, and the list of changes."""
    made = []

    def make(*arguments):
        context = Context()
        rclpy.init(args=['--ros-args', *arguments], context=context)
        node = Node('launch_service', context=context)
        made.append((node, context))
        changes = []
        return Parameters(node, changes.append), node, changes
    yield make
    for node, context in made:
        node.destroy_node()
        context.try_shutdown()


def put(node, name, value):
    """Set a parameter as a service call would, and return the result."""
    return node.set_parameters([Parameter(name, value=value)])[0]


def test_without_arguments_all_have_their_defaults_and_none_counts_as_given(build):
    parameters, node, _ = build()
    assert parameters.values == {spec.name: spec.default for spec in SPECS.values()}
    assert parameters.given == set()
    assert node.get_parameter('allowable_processes').type_ == Parameter.Type.STRING_ARRAY


def test_every_default_is_a_good_value():
    for spec in SPECS.values():
        assert spec.check(spec.default) == spec.default


@pytest.mark.parametrize('argument, name, value', [
    ('allowable_processes:=[/a.yaml, /b]', 'allowable_processes', ['/a.yaml', '/b']),
    ('allowable_processes:=/a.yaml', 'allowable_processes', ['/a.yaml']),
    ('labels:=site=lab', 'labels', ['site=lab']),
    ('labels:=[a=1, b=]', 'labels', ['a=1', 'b=']),
    ('heartbeat_period:=2', 'heartbeat_period', 2.0),
    ('measure_period:=0', 'measure_period', 0.0),
    ('max_processes:=7', 'max_processes', 7),
    ('mode:=hold', 'mode', 'hold'),
    ('on_shutdown:=keep', 'on_shutdown', 'keep'),
])
def test_good_values_are_taken(build, argument, name, value):
    parameters, node, _ = build('-p', argument)
    assert parameters.values[name] == value
    assert name in parameters.given or SPECS[name].fixed


def test_a_relative_path_counts_from_where_the_node_was_started(build, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('HOME', '/home/x')
    parameters, node, _ = build('-p', 'allowable_processes:=[a.yaml, ~/b.yaml]')
    expected = [str(tmp_path / 'a.yaml'), '/home/x/b.yaml']
    assert parameters.values['allowable_processes'] == expected
    assert node.get_parameter('allowable_processes').value == expected


@pytest.mark.parametrize('argument', [
    'allowable_processes:=[1, 2]', 'allow_any:=maybe', 'heartbeat_period:=0.0',
    'heartbeat_period:=fast', 'heartbeat_period:=.nan', 'measure_period:=-1.0',
    'max_processes:=0', 'max_processes:=many', 'keep_ended:=-1', 'output_limit:=10',
    'labels:=[site]', 'labels:=[a=1, a=2]', 'labels:=[=x]', 'on_shutdown:=burn', 'mode:=stopping',
    'diagnostics_period:=-1.0', 'diagnostics_period:=true'])
def test_a_bad_value_is_refused_in_one_line_that_names_the_parameter(build, argument):
    with pytest.raises(InvalidRequest) as refused:
        build('-p', argument)
    assert argument.partition(':=')[0] in refused.value.message
    assert '\n' not in refused.value.message


@pytest.mark.parametrize('name, value, words', [
    ('mode', 'off', 'run, hold or drain'), ('max_processes', 0, 'max_processes'),
    ('labels', ['x'], "'x'"), ('measure_period', -1.0, 'measure_period'),
    ('heartbeat_period', 2.0, 'read-only')])
def test_a_bad_value_at_run_time_is_refused_with_its_reason(build, name, value, words):
    parameters, node, changes = build()
    result = put(node, name, value)
    assert not result.successful and words in result.reason
    assert changes == [] and parameters.values[name] == SPECS[name].default


def test_a_change_at_run_time_is_told_once_in_its_canonical_form(build):
    _, node, changes = build()
    assert put(node, 'measure_period', 2).successful
    assert put(node, 'measure_period', 2.0).successful
    assert changes == [{'measure_period': 2.0}]


def test_what_is_in_force_already_is_shown_but_not_told(build):
    parameters, node, changes = build()
    parameters.follow({'mode': 'drain', 'max_processes': 5, 'allowable_processes': []})
    assert changes == []
    assert node.get_parameter('mode').value == 'drain'
    assert parameters.values['max_processes'] == 5


def test_every_parameter_is_described(build):
    _, node, _ = build()
    for spec in SPECS.values():
        descriptor = node.describe_parameter(spec.name)
        assert descriptor.description == spec.description
        assert descriptor.read_only == spec.fixed


def test_settings_are_those_of_the_supervisor_and_so_are_their_defaults(lab):
    settings = lab.supervisor().call('status')['instance']['settings']
    values = {spec.name: spec.default for spec in SPECS.values()}
    assert settings_of(values) == settings
    assert parameters_of(settings_of(values)).items() <= values.items()


def test_labels_become_pairs():
    assert label_pairs(['a=1', 'b=c=d']) == {'a': '1', 'b': 'c=d'}
