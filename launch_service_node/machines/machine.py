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

"""A machine, as launch files see it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from launch import Action, LaunchContext
from launch.frontend import Entity, Parser

from ..ssh.host import Host
from .registry import declare, set_default
from .values import flag, keep, parse_text, parse_value, Value


class Machine(Action):
    """
    How to reach a host, and what holds for every command there.

    Actions take one as it is. In a launch description it is an action itself: it makes
    itself known by its name for the rest of the launch, with the substitutions performed
    there and then.

    :param name: what other actions, output and errors call it; by default its host name.
    :param default: whether actions that name no machine run on this one, from here on, in
        this group or file, as launch configurations are scoped.
    """

    def __init__(self, *, name: Value | None = None, default: Value = False,
                 **kwargs: Any) -> None:
        """Keep what it is; nothing is connected to."""
        super().__init__(**kwargs)
        self._name = keep(name)
        self._default = keep(default)

    @classmethod
    def parse(cls, entity: Entity, parser: Parser) -> tuple[type[Machine], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        name = parse_text(entity, parser, 'name')
        default = parse_value(entity, parser, 'default', bool)
        if name is not None:
            kwargs['name'] = name
        if default is not None:
            kwargs['default'] = default
        return cls, kwargs

    @abstractmethod
    def host(self, context: LaunchContext) -> Host:
        """
        Return what it is in this context.

        :raises LaunchServiceError: it can't be right.
        """
        raise NotImplementedError

    def describe(self) -> str:
        """Return what it is, in words."""
        return repr(self)

    def execute(self, context: LaunchContext) -> None:
        """Make it known by its name."""
        host = self.host(context)
        declare(context, str(host), _Declared(host))
        if flag(context, self._default, f'default of machine {host}'):
            set_default(context, str(host))


class _Declared(Machine):
    """What a machine was where it was declared."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def host(self, context: LaunchContext) -> Host:
        """Return what it was."""
        return self._host
