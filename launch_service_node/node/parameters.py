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
The node's parameters: what there is, what is a good value, and what the supervisor hears.

Pure but for the class at the end, which declares them on a node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import os
from typing import Any, NamedTuple

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ..errors import InvalidRequest

MODES = ('run', 'hold', 'drain')
ON_SHUTDOWN = ('stop', 'keep')


class Spec(NamedTuple):
    """
    One parameter.

    :param check: returns the value in its canonical form; raises InvalidRequest.
    :param setting: the key in the supervisor's settings; '' when it is none of them.
    :param fixed: whether it can be given at the start only.
    :param flexible: whether a value of another type may be meant as well (one path for a
        list of one, 1 for 1.0), so that the type is left to `check`.
    """

    name: str
    default: Any
    description: str
    check: Callable[[Any], Any]
    setting: str = ''
    fixed: bool = False
    flexible: bool = False
    low: float | None = None
    high: float | None = None


def text_list(value: Any) -> list[str]:
    """Take a list of strings, or one; empty ones do not count."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise InvalidRequest('takes strings')
    return [item for item in value if item]


def paths(value: Any) -> list[str]:
    """Take paths of files or folders, and return them absolute; ~ is the home folder."""
    return [os.path.abspath(os.path.expanduser(path)) for path in text_list(value)]


def labels(value: Any) -> list[str]:
    """Take 'key=value' strings, each key once."""
    pairs = text_list(value)
    for pair in pairs:
        if not pair.partition('=')[0] or '=' not in pair:
            raise InvalidRequest(f"takes 'key=value' strings, and {pair!r} is none")
    if len(label_pairs(pairs)) < len(pairs):
        raise InvalidRequest('has a key twice')
    return pairs


def label_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Return 'key=value' strings as a mapping."""
    return {key: value for key, _, value in (pair.partition('=') for pair in pairs)}


def one_of(*words: str) -> Callable[[Any], str]:
    """Return a check that takes one of these words."""
    def check(value: Any) -> str:
        if value not in words:
            raise InvalidRequest(f'takes {", ".join(words[:-1])} or {words[-1]}, '
                                 f'and {value!r} is none of them')
        return value
    return check


def seconds(low: float, high: float, zero: bool = False) -> Callable[[Any], float]:
    """Return a check that takes seconds in a range, and with `zero` also 0 (never)."""
    also = ' or 0 (off)' if zero else ''

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidRequest(f'takes seconds, and {value!r} is no number')
        if low <= value <= high or (zero and value == 0):
            return float(value)
        raise InvalidRequest(f'takes {low} to {high} seconds{also}, and {value} is outside')
    return check


def number(low: float, high: float) -> Callable[[Any], float]:
    """Return a check that takes a number in a range."""
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) \
                or not low <= value <= high:
            raise InvalidRequest(f'takes a number from {low} to {high}, and {value!r} is none')
        return float(value)
    return check


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Return a check that takes a whole number in a range."""
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidRequest(f'takes a whole number from {low} to {high}, '
                                 f'and {value!r} is none')
        return value
    return check


def flag(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise InvalidRequest(f'takes true or false, and {value!r} is neither')
    return value


SPECS = {spec.name: spec for spec in (
    Spec('allowable_processes', [], 'Files of the allow-list, or folders of such files: '
         'what this node may start. A relative path counts from where the node was started.',
         paths, 'allow_list', flexible=True),
    Spec('allow_any', False, 'Start anything that anyone asks for. For development: everyone '
         'on the ROS graph can then run any command as this user.', flag, 'allow_any'),
    Spec('heartbeat_period', 1.0, 'Seconds between two messages on ~/heartbeat. Its deadline '
         'and liveliness lease follow from it.', seconds(0.05, 60.0), fixed=True, flexible=True,
         low=0.05, high=60.0),
    Spec('measure_period', 1.0, 'Seconds between two measurements of memory and processor '
         'load of the processes; 0: none.', seconds(0.05, 3600.0, zero=True), 'measure_period',
         flexible=True, low=0.0, high=3600.0),
    Spec('max_processes', 256, 'How many processes may be alive at a time.',
         whole(1, 10000), 'max_processes', low=1, high=10000),
    Spec('max_start_rate', 50.0, 'Starts and restarts a second that may be asked for in the long '
         'run, and four times as many at once; 0: any number.', number(0.0, 10000.0),
         'max_start_rate', flexible=True, low=0.0, high=10000.0),
    Spec('keep_ended', 100, 'How many ended processes stay listed, with their output.',
         whole(0, 10000), 'keep_ended', low=0, high=10000),
    Spec('output_limit', 10 * 1024 * 1024, 'Bytes of output that are kept of each process.',
         whole(4096, 2 ** 40), 'output_limit', low=4096, high=2 ** 40),
    Spec('labels', [], "What the heartbeat says about this instance, as 'key=value' strings.",
         labels, flexible=True),
    Spec('on_shutdown', 'stop', 'What Ctrl-C or SIGTERM does to the processes: stop or keep. '
         'A node that a supervisor brought up (--managed) never touches them.',
         one_of(*ON_SHUTDOWN)),
    Spec('mode', 'run', 'run: start, restart and stop; hold: refuse new starts; drain: refuse '
         'new starts and restart nothing.', one_of(*MODES)),
    Spec('diagnostics_period', 1.0, 'Seconds between two messages on /diagnostics; 0: none.',
         seconds(0.1, 3600.0, zero=True), fixed=True, flexible=True, low=0.0, high=3600.0),
)}


def settings_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the supervisor's settings among values of parameters."""
    return {SPECS[name].setting: value for name, value in values.items() if SPECS[name].setting}


def parameters_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that settings of the supervisor stand for."""
    return {spec.name: settings[spec.setting] for spec in SPECS.values()
            if spec.setting and spec.setting in settings}


def descriptor(spec: Spec) -> ParameterDescriptor:
    """Return what `ros2 param describe` shows."""
    message = ParameterDescriptor(description=spec.description, read_only=spec.fixed,
                                  dynamic_typing=spec.flexible)
    if spec.low is not None and spec.high is not None:
        if isinstance(spec.default, float):
            message.floating_point_range = [
                FloatingPointRange(from_value=spec.low, to_value=spec.high, step=0.0)]
        else:
            message.integer_range = [
                IntegerRange(from_value=int(spec.low), to_value=int(spec.high), step=1)]
    return message


class Parameters:
    """
    The parameters of a node: always canonical, and watched.

    :param on_change: takes those that were changed from outside, after the change.
    :ivar given: those that can be changed and were given at the start.
    :raises InvalidRequest: when one that was given at the start is not good.
    """

    def __init__(self, node: Node, on_change: Callable[[dict[str, Any]], None]) -> None:
        self._node = node
        self._on_change = on_change
        self.values: dict[str, Any] = {}
        self.given: set[str] = set()
        for spec in SPECS.values():
            self._declare(spec)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._take)

    def follow(self, values: Mapping[str, Any]) -> None:
        """Show values that are in force already; `on_change` does not hear of them."""
        different = {name: value for name, value in values.items()
                     if self.values.get(name) != value}
        self.values.update(different)
        self._node.set_parameters([_parameter(SPECS[name], value)
                                   for name, value in different.items()])

    def _declare(self, spec: Spec) -> None:
        # Declared without a value, if it can be set afterwards: what has one then, was given.
        first = spec.default if spec.fixed else None if spec.flexible else _type_of(spec.default)
        try:
            given = self._node.declare_parameter(spec.name, first, descriptor(spec)).value
            self.values[spec.name] = spec.default if given is None else spec.check(given)
        except InvalidRequest as error:
            raise InvalidRequest(f'the parameter {spec.name} {error.message}') from error
        except ParameterException as error:
            raise InvalidRequest(f"the parameter {spec.name} can't be used: {error}") from error
        if not spec.fixed:
            if given is not None:
                self.given.add(spec.name)
            self._node.set_parameters([_parameter(spec, self.values[spec.name])])

    def _check(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            spec = SPECS.get(parameter.name)
            if spec is not None:
                try:
                    spec.check(parameter.value)
                except InvalidRequest as error:
                    return SetParametersResult(successful=False,
                                               reason=f'{spec.name} {error.message}')
        return SetParametersResult(successful=True)

    def _take(self, parameters: list[Parameter]) -> None:
        changed = {}
        for parameter in parameters:
            spec = SPECS.get(parameter.name)
            if spec is not None:
                value = spec.check(parameter.value)
                if value != self.values[spec.name]:
                    changed[spec.name] = self.values[spec.name] = value
        if changed:
            self._on_change(changed)


def _type_of(default: Any) -> Parameter.Type:
    return (Parameter.Type.STRING_ARRAY if default == []
            else Parameter.Type.from_parameter_value(default))


def _parameter(spec: Spec, value: Any) -> Parameter:
    # An empty list tells nothing about its type.
    return Parameter(spec.name, _type_of(spec.default) if isinstance(value, list)
                     else Parameter.Type.from_parameter_value(value), value)
