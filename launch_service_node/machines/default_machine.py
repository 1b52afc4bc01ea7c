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

"""Where actions that name no machine run."""

from __future__ import annotations

from typing import Any

from launch import Action, LaunchContext
from launch.frontend import Entity, expose_action, Parser
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from .finding import find_machine, SomeMachine
from .machine import Machine
from .registry import set_default
from .values import parse_text


@expose_action('default_machine')
class DefaultMachine(Action):
    """
    Makes a machine the default from here on, in this group or file.

    :param machine: the machine, or the name that it was declared by; an empty one: from
        here on each action has to name its machine.
    """

    def __init__(self, machine: SomeMachine, **kwargs: Any) -> None:
        """Keep which; nothing happens before it is executed."""
        super().__init__(**kwargs)
        self._machine = machine if isinstance(machine, Machine) else (
            normalize_to_list_of_substitutions(machine))

    @classmethod
    def parse(cls, entity: Entity, parser: Parser
              ) -> tuple[type[DefaultMachine], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        kwargs['machine'] = parse_text(entity, parser, 'machine')
        if kwargs['machine'] is None:
            raise ValueError('default_machine needs the attribute machine: the name of one')
        return cls, kwargs

    def execute(self, context: LaunchContext) -> None:
        """Make it the default."""
        set_default(context, '')
        if isinstance(self._machine, Machine):
            self._machine.execute(context)  # it may not have been declared
        elif not perform_substitutions(context, self._machine):
            return
        set_default(context, str(find_machine(context, self._machine).host(context)))
