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
Bring an instance up on this host.

It outlives this program. One that runs already is left as it is. What follows `--` goes
to the node as ROS arguments.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
import platform
from typing import Any, NoReturn

from ...client.waits import PROCESS_ANSWER
from ...errors import ResultCode
from ...instance import namespace_from_hostname
from ..completers import NamespaceCompleter
from ..options import pair
from ..output import Output, result
from ..target import split_namespace

WORDS = '[/NAMESPACE] [--allow-list FILE]... [-- ROS ARGUMENTS...]'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `up`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the namespace (default: from the name of this host)'
    ).completer = NamespaceCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--allow-list', action='append', default=[], metavar='FILE',
                        help='a file or folder of what may be started; repeatable')
    parser.add_argument('--param', type=pair(':='), action='append', default=[],
                        metavar='NAME:=VALUE', help='a parameter of the node; repeatable')
    parser.add_argument('--foreground', action='store_true',
                        help='become the node: stay in this terminal, end with Ctrl-C')


def main(args: argparse.Namespace) -> int:
    """Run `up`."""
    from ... import starting
    namespace, ros_arguments = split_namespace(args.words)
    namespace = namespace or namespace_from_hostname(platform.node())
    parameters: dict[str, Any] = dict(args.param)
    if args.foreground:
        become_node(namespace, args.allow_list, parameters, ros_arguments)
    out = Output(args)
    out.note(f'bringing {namespace} up ...')
    outcome = starting.start_instance(namespace, args.allow_list, parameters, ros_arguments,
                                      args.timeout or PROCESS_ANSWER)
    done = 'is up' if outcome.what == starting.STARTED else 'is up already, left as it is'
    node = outcome.instance['node'] or {}
    out.done(result(ResultCode.OK, outcome=outcome.what, instance=outcome.instance),
             [f'{namespace} {done}: node {node.get("name")}, pid {node.get("pid")}; '
              f'see what it may start with `launch-service executables {namespace}`'])
    return 0


def become_node(namespace: str, allow_list: Sequence[str], parameters: dict[str, Any],
                ros_arguments: Sequence[str]) -> NoReturn:
    """Replace this program by the node, which then has its terminal and its pid."""
    from ...starting import node_command
    if allow_list:
        parameters['allowable_processes'] = [os.path.abspath(path) for path in allow_list]
    command = node_command(namespace, parameters, ros_arguments)
    command.remove('--managed')
    os.execv(command[0], command)
