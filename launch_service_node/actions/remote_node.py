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

"""A ROS node on a machine, bound to the launch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.frontend import Entity, expose_action, Parser
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..machines import SomeMachine
from ..machines.values import parse_elements, parse_text
from ..ssh.command import Command
from ..ssh.host import Host
from ..ssh.lookup import Executable
from ..ssh.places import Place, stand_in
from .execute_remote import ExecuteRemote
from .execute_remote_parse import words
from .remote_node_arguments import NO_NAMESPACE, NodeArguments, Told

#: What decides on which graph a node is; it goes along, so that the node is on that of
#: this launch, unless the machine or the action says otherwise.
OF_THE_GRAPH = ('ROS_DOMAIN_ID', 'RMW_IMPLEMENTATION')


@expose_action('remote_node')
class RemoteNode(ExecuteRemote):
    """
    Runs a ROS node on a machine, as Node of launch_ros does here; it dies with the launch.

    Package and executable are looked up there, after the set-up scripts, in the one
    login that also starts the node. Parameter files lie on this computer, and are sent
    along: they are gone with the node. What the scope says holds as for Node:
    PushROSNamespace, SetParameter, SetParametersFromFile, SetRemap. Differences to Node:

    - ROS_DOMAIN_ID and RMW_IMPLEMENTATION of the launch go along, when they are set here,
      and win over the set-up scripts; `env` of the machine or the action wins over them.
    - The process is called like the node if `name` is given, unless there is an `exec_name`.
    - A parameter file that can't be read is an error.
    - Extensions of Node (`launch_ros.node_action`) don't apply.

    Further arguments are those of ExecuteRemote, but `cmd`. All take substitutions.

    :param executable: its name in the package; without a package, a path or a name for
        PATH on the machine.
    :param package: where it is looked up; one that the machine's set-up makes known.
    :param name: of the node; default: as its code has it.
    :param namespace: of the node; relative to that of the scope, unless it begins with `/`.
    :param exec_name: what the process is called in output and events.
    :param parameters: a list of dictionaries, paths of files on this computer,
        ParameterFile, and Parameter; later ones win.
    :param remappings: pairs of from and to.
    :param arguments: further arguments of the executable.
    :param ros_arguments: arguments behind `--ros-args`.
    """

    def __init__(
        self, *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        machine: SomeMachine | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Sequence[Any] | None = None,
        remappings: Sequence[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        """
        Keep what is to run; nothing happens before it is executed.

        :raises TypeError: parameters or remappings are no lists.
        """
        for what, given in (('parameters', parameters), ('remappings', remappings)):
            if given is not None and not isinstance(given, (list, tuple)):
                raise TypeError(f'{what} of a remote node have to be a list, and are {given!r}')
        super().__init__(
            cmd=[executable, *(arguments or ()),
                 *(['--ros-args', *ros_arguments] if ros_arguments else ()), '--ros-args'],
            machine=machine, name=exec_name if exec_name is not None else name, **kwargs)
        self._package = package
        self._executable = executable
        self._node = NodeArguments(name, namespace, parameters, remappings)
        self._told: Told | None = None
        self._places: dict[str, Place] = {}
        self._graph: dict[str, str] = {}

    @classmethod
    def parse(cls, entity: Entity, parser: Parser, ignore: list[str] | None = None
              ) -> tuple[type[ExecuteRemote], dict[str, Any]]:
        """
        Return the class and its arguments, from XML or YAML; the attributes are those of `node`.

        :param ignore: arguments that a derived class reads by itself.
        """
        _, kwargs = super().parse(entity, parser, [*(ignore or ()), 'cmd'])
        kwargs['executable'] = parser.parse_substitution(entity.get_attr('exec'))
        for argument, attribute in (('package', 'pkg'), ('namespace', 'namespace'),
                                    ('exec_name', 'exec_name')):
            given = parse_text(entity, parser, attribute)
            if given is not None:
                kwargs[argument] = given
        for argument, attribute in (('arguments', 'args'), ('ros_arguments', 'ros_args')):
            given = parse_text(entity, parser, attribute)
            if given is not None:
                kwargs[argument] = words(given)
        remaps = parse_elements(entity, 'remap')
        if remaps is not None:
            kwargs['remappings'] = [(parser.parse_substitution(one.get_attr('from')),
                                     parser.parse_substitution(one.get_attr('to')))
                                    for one in remaps]
            for one in remaps:
                one.assert_entity_completely_parsed()
        parameters = parse_elements(entity, 'param')
        if parameters is not None:
            from launch_ros.actions import Node
            kwargs['parameters'] = Node.parse_nested_parameters(parameters, parser)
        return cls, kwargs

    def prepare(self, context: LaunchContext) -> None:
        """Perform the substitutions, and find the machine."""
        self._told = told = self._node.perform(context)
        self._places = dict(told.places)
        cmd = self.process_description.cmd
        if self._package is not None:
            executable = Executable(_text(context, self._package),
                                    _text(context, self._executable))
            word = stand_in(executable)
            self._places[word] = executable
            cmd[0] = normalize_to_list_of_substitutions(word)
        cmd.extend(normalize_to_list_of_substitutions(word) for word in told.words)
        self._graph = {one: context.environment[one] for one in OF_THE_GRAPH
                       if context.environment.get(one)}
        super().prepare(context)

    def make_command(self, host: Host, argv: tuple[str, ...], **fields: Any) -> Command:
        """Return what runs on the machine, with what this side sends along."""
        fields['env'] = {**self._graph, **host.env, **fields['env']}
        return super().make_command(host, argv, places=self._places, **fields)

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """
        Have it started, and hear what concerns it from then on.

        :raises InvalidRequest: there is no such machine, or an argument can't be right.
        """
        entities = super().execute(context)
        assert self._told
        if self._told.fully_named:
            from launch_ros.utilities import add_node_name, get_node_name_count
            add_node_name(context, self.node_name)
            count = get_node_name_count(context, self.node_name)
            if count > 1:
                self._logger().warning(f'there are now at least {count} nodes with the name '
                                       f'{self.node_name} in this launch: give each its own')
        return entities

    @property
    def node_package(self) -> SomeSubstitutionsType | None:
        """Return the package, as given."""
        return self._package

    @property
    def node_executable(self) -> SomeSubstitutionsType:
        """Return the executable, as given."""
        return self._executable

    @property
    def node_name(self) -> str:
        """
        Return the node's full name; what wasn't given reads `<…_unspecified>`.

        :raises RuntimeError: it was not executed yet.
        """
        if self._told is None:
            raise RuntimeError("cannot access 'node_name' before executing action")
        return self._told.full_name

    @property
    def expanded_node_namespace(self) -> str:
        """Return the node's namespace, when it was executed."""
        return self._told.namespace if self._told else NO_NAMESPACE

    @property
    def expanded_remapping_rules(self) -> list[tuple[str, str]] | None:
        """Return all its remappings, when it was executed and there are any."""
        return self._told.remappings or None if self._told else None

    def is_node_name_fully_specified(self) -> bool:
        """Say whether name and namespace are known here."""
        return self._told is not None and self._told.fully_named


def _text(context: LaunchContext, given: SomeSubstitutionsType) -> str:
    return perform_substitutions(context, normalize_to_list_of_substitutions(given))
