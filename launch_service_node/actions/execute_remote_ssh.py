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

"""A process on a machine that is described on the spot."""

from __future__ import annotations

from typing import Any

from launch.frontend import Entity, expose_action, Parser

from ..machines import Machine, SSHMachine
from ..machines.values import parse_each, parse_text, parse_value, Value
from .execute_remote import Cmd, ExecuteRemote

_TEXTS = ('user', 'ssh_key', 'passphrase', 'password', 'host_key_policy', 'ssh_config', 'python')
_NUMBERS = {'port': int, 'connect_timeout': float, 'start_timeout': float}


@expose_action('execute_remote_ssh')
class ExecuteRemoteSSH(ExecuteRemote):
    """
    Runs a command on a host that SSH reaches; ExecuteRemote and SSHMachine in one.

    Arguments of both can be given; `env`, `name` and `silence` are those of the process.

    :param hostname: as that of SSHMachine; the arguments `user`, `port`, `ssh_key`,
        `passphrase`, `password`, `host_key_policy`, `jump_hosts`, `ssh_config`, `setup`,
        `python`, `connect_timeout` and `start_timeout` belong to it.
    :param machine: an SSHMachine instead of all these.
    """

    def __init__(self, *, cmd: Cmd, hostname: Value | None = None,
                 machine: SSHMachine | None = None, **kwargs: Any) -> None:
        """
        Keep what is to run where.

        :raises TypeError: there is no host, or it is described twice.
        """
        ssh = {name: kwargs.pop(name) for name in (*_TEXTS, *_NUMBERS, 'jump_hosts', 'setup')
               if name in kwargs}
        if (hostname is None) == (machine is None):
            raise TypeError('give either a hostname or a machine')
        if machine is not None and ssh:
            raise TypeError(f'{", ".join(ssh)}: give these to the machine')
        if machine is not None and not isinstance(machine, Machine):
            raise TypeError('machine has to be an SSHMachine; ExecuteRemote takes names')
        super().__init__(
            cmd=cmd, machine=SSHMachine(hostname, **ssh) if hostname is not None else machine,
            **kwargs)

    @classmethod
    def parse(cls, entity: Entity, parser: Parser, ignore: list[str] | None = None
              ) -> tuple[type[ExecuteRemote], dict[str, Any]]:
        """
        Return the class and its arguments, from XML or YAML.

        :param ignore: arguments that a derived class reads by itself.
        """
        _, kwargs = super().parse(entity, parser, [*(ignore or ()), 'machine'])
        entity.get_attr('hostname')
        ssh = {
            **{name: parse_text(entity, parser, name) for name in ('hostname', *_TEXTS)},
            **{name: parse_value(entity, parser, name, kind) for name, kind in _NUMBERS.items()},
            'jump_hosts': parse_each(entity, parser, 'jump_hosts', 'jump_host', 'host'),
            'setup': parse_each(entity, parser, 'setup', 'setup', 'file')}
        return cls, {**kwargs, **{name: one for name, one in ssh.items() if one is not None}}
