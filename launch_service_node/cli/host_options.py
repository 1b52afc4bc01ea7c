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

"""The options of verbs that reach another host over SSH."""

from __future__ import annotations

import argparse
from typing import Any, TYPE_CHECKING

from ..errors import InvalidRequest
from .completers import HostCompleter
from .options import pair, seconds, UsageError

if TYPE_CHECKING:
    from ..ssh.host import Host


def add_host_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how to reach a host, and what is sourced there."""
    group = parser.add_argument_group('over SSH')
    group.add_argument('--setup', action='append', default=[], metavar='PATH',
                       help='a ROS set-up script there to source first; repeatable')
    group.add_argument('--env', type=pair('='), action='append', default=[],
                       metavar='NAME=VALUE', help='environment to set there; repeatable')
    group.add_argument('--python', default='python3', metavar='PROGRAM',
                       help='the Python there (default: python3, after the set-up scripts)')
    group.add_argument('-p', '--port', type=int, help='of sshd there (default: as ssh has it)')
    group.add_argument('-i', '--identity', metavar='FILE', help='a private key to try first')
    group.add_argument('-J', '--jump', action='append', metavar='[USER@]HOST[:PORT]',
                       help='a jump host; repeatable, nearest first')
    group.add_argument('-F', '--ssh-config', metavar='FILE',
                       help="instead of the user's and the system's ssh_config")
    group.add_argument('--host-key-policy', default='strict', metavar='POLICY',
                       help='strict (default), accept-new, or the SHA256:… of its key')
    group.add_argument('--connect-timeout', type=seconds, default=20.0, metavar='SECONDS',
                       help='to reach it and log in (default: 20)')
    group.add_argument('--ask-passphrase', action='store_true',
                       help='of the key; asked for on the terminal')
    group.add_argument('--ask-password', action='store_true', help='likewise, of the login')


def complete_hosts(action: argparse.Action) -> None:
    """Have a word or an option completed with names of hosts."""
    action.completer = HostCompleter(  # type: ignore[attr-defined]
        first=not action.option_strings)


def host_of(text: str, args: argparse.Namespace) -> Host:
    """
    Return the host that a command line means.

    :param text: `[user@]host[:port]`.
    :raises UsageError: it is none, or an option can't be right.
    """
    from ..ssh.host import Host
    from ..ssh.target import split_hop, Target
    try:
        user, host, port = split_hop(text)
        target = Target(
            host=host, user=user, port=args.port or port, ssh_key=args.identity,
            jump_hosts=None if args.jump is None else tuple(args.jump),
            config_file=args.ssh_config, host_key_policy=args.host_key_policy,
            connect_timeout=args.connect_timeout, **_secrets(text, args))
        return Host(target, setup=tuple(args.setup), env=dict(args.env), python=args.python)
    except InvalidRequest as error:
        message = error.message.replace('is no jump host', 'is no host')
        raise UsageError(message) from error


def _secrets(text: str, args: argparse.Namespace) -> dict[str, Any]:
    from getpass import getpass
    asked: dict[str, Any] = {}
    try:
        if args.ask_passphrase:
            asked['passphrase'] = getpass('passphrase of the key: ')
        if args.ask_password:
            asked['password'] = getpass(f'password for {text}: ')
    except EOFError:
        raise UsageError('there is no terminal to ask for a secret on: use an agent') from None
    return asked
