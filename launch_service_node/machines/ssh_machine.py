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

"""A machine that SSH reaches."""

from __future__ import annotations

from typing import Any

from launch import LaunchContext
from launch.frontend import Entity, expose_action, Parser

from ..errors import InvalidRequest
from ..ssh.host import Host
from ..ssh.target import Target
from .machine import Machine
from .values import (
    keep,
    keep_each,
    keep_variables,
    number,
    parse_each,
    parse_text,
    parse_value,
    parse_variables,
    text,
    texts,
    Value,
    Values,
    Variables,
    variables,
    whole,
)

_TEXTS = ('hostname', 'user', 'ssh_key', 'passphrase', 'password', 'host_key_policy',
          'ssh_config', 'python')
_NUMBERS = {'port': int, 'silence': float, 'connect_timeout': float, 'start_timeout': float}


@expose_action('ssh_machine')
class SSHMachine(Machine):
    """
    A machine that SSH reaches; what is not given is as ssh_config and ssh have it.

    Every argument takes substitutions; one that comes out empty counts as not given.

    :param hostname: a host name, an address, or an alias of ssh_config.
    :param user: who logs in there.
    :param port: of its sshd.
    :param ssh_key: path of a private key, tried before all others.
    :param passphrase: of that key; in no output, log or command line.
    :param password: tried last; hidden likewise.
    :param host_key_policy: `strict` (the default), `accept-new`, or the one fingerprint to
        accept.
    :param jump_hosts: `[user@]host[:port]`, nearest first; an empty list: none, whatever
        ssh_config says.
    :param ssh_config: a file instead of the user's and the system's.
    :param setup: scripts there to source before each command, in this order.
    :param env: added to the environment of each command.
    :param python: the Python (3.8 or later) there that watches commands; python3.
    :param silence: seconds without a sign of life after which a command there is ended and
        its exit is told here; 15; 0: only the end of the connection counts.
    :param connect_timeout: seconds for the whole way to it; 20.
    :param start_timeout: seconds until a command has to run, set-up scripts included; 30.
    """

    def __init__(self, hostname: Value, *, user: Value | None = None, port: Value | None = None,
                 ssh_key: Value | None = None, passphrase: Value | None = None,
                 password: Value | None = None, host_key_policy: Value | None = None,
                 jump_hosts: Values | None = None, ssh_config: Value | None = None,
                 setup: Values | None = None, env: Variables | None = None,
                 python: Value | None = None, silence: Value | None = None,
                 connect_timeout: Value | None = None, start_timeout: Value | None = None,
                 **kwargs: Any) -> None:
        """Keep what it is; nothing is connected to."""
        super().__init__(**kwargs)
        self._texts = {'host': keep(hostname), 'user': keep(user), 'ssh_key': keep(ssh_key),
                       'passphrase': keep(passphrase), 'password': keep(password),
                       'host_key_policy': keep(host_key_policy), 'config_file': keep(ssh_config)}
        self._port = keep(port)
        self._jump_hosts = keep_each(jump_hosts)
        self._connect_timeout = keep(connect_timeout)
        self._setup = keep_each(setup)
        self._env = keep_variables(env)
        self._python = keep(python)
        self._times = {'silence': keep(silence), 'start_timeout': keep(start_timeout)}

    @classmethod
    def parse(cls, entity: Entity, parser: Parser) -> tuple[type[Machine], dict[str, Any]]:
        """Return the class and its arguments, from XML or YAML."""
        _, kwargs = super().parse(entity, parser)
        given = {
            **{name: parse_text(entity, parser, name) for name in _TEXTS},
            **{name: parse_value(entity, parser, name, kind) for name, kind in _NUMBERS.items()},
            'jump_hosts': parse_each(entity, parser, 'jump_hosts', 'jump_host', 'host'),
            'setup': parse_each(entity, parser, 'setup', 'setup', 'file'),
            'env': parse_variables(entity, parser)}
        return cls, {**kwargs, **{name: one for name, one in given.items() if one is not None}}

    def host(self, context: LaunchContext) -> Host:
        """
        Return what it is in this context.

        :raises InvalidRequest: it can't be right.
        """
        given: dict[str, Any] = {
            name: text(context, kept) for name, kept in self._texts.items()}
        if given['host'] is None:
            raise InvalidRequest('a machine without a hostname: give a name, an address, or an '
                                 'alias of ssh_config')
        where = f'machine {given["host"]}'
        given['port'] = whole(context, self._port, f'port of {where}')
        given['jump_hosts'] = texts(context, self._jump_hosts)
        given['connect_timeout'] = number(context, self._connect_timeout,
                                          f'connect_timeout of {where}')
        further = {name: number(context, kept, f'{name} of {where}')
                   for name, kept in self._times.items()}
        return Host(
            Target(**_given(given)), name=text(context, self._name) or given['host'],
            setup=texts(context, self._setup) or (), env=variables(context, self._env),
            **_given({**further, 'python': text(context, self._python)}))

    def __repr__(self) -> str:
        """Return what it is without its secrets."""
        return f'SSHMachine({_words(self._texts["host"])})'


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in arguments.items() if one is not None}


def _words(kept: Any) -> str:
    return ' + '.join(one.describe() for one in kept)
