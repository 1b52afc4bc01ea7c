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
import os
import platform
from typing import Any

from ...client.waits import PROCESS_ANSWER
from ...errors import InstanceError, ResultCode
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
    allow_list = [os.path.abspath(path) for path in args.allow_list]
    if args.foreground:
        return starting.run_in_foreground(namespace, allow_list, dict(args.param), ros_arguments)
    out = Output(args)
    out.note(f'bringing {namespace} up ...')
    instance = starting.start_instance(
        namespace, allow_list, dict(args.param), ros_arguments, args.timeout or PROCESS_ANSWER)
    outcome = instance['outcome']
    refuse_other_list(instance, outcome, allow_list)
    done = {'started': 'is up', 'attached': 'is up already, left as it is'}[outcome]
    node = instance['node'] or {}
    out.done(result(ResultCode.OK, outcome=outcome, instance=instance),
             [f'{namespace} {done} (node {node.get("name")}, pid {node.get("pid")}); '
              f'what next: `launch-service executables {namespace}`'])
    return 0


def refuse_other_list(instance: dict[str, Any], outcome: str, allow_list: list[str]) -> None:
    """
    Say so when an instance that runs already has another allow-list than the one asked for.

    :raises InstanceError: CONFLICT.
    """
    running = instance['settings'].get('allow_list', [])
    if outcome == 'attached' and allow_list and sorted(running) != sorted(allow_list):
        namespace = instance['namespace']
        raise InstanceError(
            f'{namespace} is up already with another allow-list ({", ".join(running) or "none"});'
            f' to change it: `launch-service down --local {namespace} --keep-processes`, then '
            '`up` again', ResultCode.CONFLICT)
