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

"""What a node is told on its command line, as Node of launch_ros does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launch import LaunchContext, SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..errors import InvalidRequest
from ..ssh.places import Place, stand_in
from .remote_node_parameters import file_of, read_file, rule_of, sent_file

NO_NAME = '<node_name_unspecified>'
NO_NAMESPACE = '<node_namespace_unspecified>'


@dataclass
class Told:
    """
    What a node is told.

    :ivar full_name: with its namespace; what wasn't given reads `<…_unspecified>`.
    :ivar namespace: absolute.
    :ivar remappings: pairs of from and to, those of the scope first.
    :ivar words: for the command line, behind `--ros-args`.
    :ivar places: files among the words; see ssh/places.py.
    """

    full_name: str = NO_NAME
    namespace: str = NO_NAMESPACE
    remappings: list[tuple[str, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    @property
    def fully_named(self) -> bool:
        """Say whether name and namespace are known here."""
        return NO_NAME not in self.full_name and NO_NAMESPACE not in self.full_name


class NodeArguments:
    """
    Name, namespace, parameters and remappings as given; `perform` works them out.

    What the scope says counts too: PushROSNamespace, SetParameter, SetParametersFromFile
    and SetRemap.
    """

    def __init__(self, name: SomeSubstitutionsType | None, namespace: SomeSubstitutionsType | None,
                 parameters: Sequence[Any] | None, remappings: Sequence[Any] | None) -> None:
        """Keep what was given."""
        self._name = name
        self._namespace = namespace
        self._parameters = list(parameters or ())
        self._remappings = list(remappings or ())

    def perform(self, context: LaunchContext) -> Told:
        """
        Return what the node is told, in this context.

        :raises InvalidRequest: a name is none, a parameter file can't be read or is too
            large, or there is no launch_ros.
        """
        try:
            import launch_ros.utilities  # noqa: F401  it brings rclpy
        except ImportError as error:
            raise InvalidRequest(f'a remote node needs launch_ros on this computer ({error}): '
                                 'source ROS 2 before `ros2 launch`') from error
        told = Told()
        self._tell_name(context, told)
        self._tell_parameters(context, told)
        self._tell_remappings(context, told)
        return told

    def _tell_name(self, context: LaunchContext, told: Told) -> None:
        from launch_ros.utilities import make_namespace_absolute, prefix_namespace
        from rclpy.validate_namespace import validate_namespace
        from rclpy.validate_node_name import validate_node_name
        name = _perform(context, self._name)
        if name is not None:
            _check(name, validate_node_name)
            told.words += ['-r', f'__node:={name}']
        namespace = prefix_namespace(context.launch_configurations.get('ros_namespace'),
                                     _perform(context, self._namespace))
        if namespace is not None:
            namespace = make_namespace_absolute(namespace)
            _check(namespace, validate_namespace)
            told.namespace = namespace
            told.words += ['-r', f'__ns:={namespace}']
        told.full_name = prefix_namespace(told.namespace, NO_NAME if name is None else name) or ''

    def _tell_parameters(self, context: LaunchContext, told: Told) -> None:
        files = 0
        for one in self._all_parameters(context, told):
            if isinstance(one, str):
                told.words += ['-p', one]
                continue
            file = sent_file(files, *one)
            files += 1
            word = stand_in(file)
            told.places[word] = file
            told.words += ['--params-file', word]

    def _all_parameters(self, context: LaunchContext, told: Told
                        ) -> Iterator[str | tuple[str, bytes]]:
        """Return rules, and names and contents of files, in their order."""
        from launch_ros.utilities import evaluate_parameters, normalize_parameters
        for one in context.launch_configurations.get('global_params') or ():
            if isinstance(one, tuple):
                name, value = one
                # As Node has it: text is read as YAML once more.
                yield rule_of(name, value) if isinstance(value, (tuple, list)) else (
                    f'{name}:={value}')
            else:
                yield Path(one).name, read_file(Path(one))
        for one in evaluate_parameters(context, normalize_parameters(self._parameters)):
            if isinstance(one, dict):
                node = told.full_name if told.fully_named else '/**'
                yield 'parameters.yaml', file_of(node, one)
            elif isinstance(one, Path):
                yield one.name, read_file(one)
            else:
                yield rule_of(*one.evaluate(context))

    def _tell_remappings(self, context: LaunchContext, told: Told) -> None:
        from launch_ros.utilities import normalize_remap_rules
        told.remappings = [
            *(context.launch_configurations.get('ros_remaps') or ()),
            *((perform_substitutions(context, list(source)),
               perform_substitutions(context, list(target)))
              for source, target in normalize_remap_rules(self._remappings))]
        for source, target in told.remappings:
            told.words += ['-r', f'{source}:={target}']


def _perform(context: LaunchContext, given: SomeSubstitutionsType | None) -> str | None:
    return None if given is None else perform_substitutions(
        context, normalize_to_list_of_substitutions(given))


def _check(given: str, validate: Callable[[str], object]) -> None:
    from rclpy.exceptions import NameValidationException
    try:
        validate(given)
    except NameValidationException as error:
        line = str(error).splitlines()[0].rstrip(':')  # the others point at the place
        raise InvalidRequest(f'{given!r}: {line[:1].lower()}{line[1:]}') from error
