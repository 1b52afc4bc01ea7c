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
End an instance with its processes.

They are stopped, then the node and the supervisor end. With --keep-processes only the
node ends, and the supervisor goes on looking after them. With --host it is an instance on
another host, over SSH: that needs no ROS graph.
"""

from __future__ import annotations

import argparse
from typing import Any

from ...client.records import ALIVE, Record, state_name
from ...client.waits import PROCESS_ANSWER
from ...errors import LaunchServiceError, ResultCode
from ..backend import reach_of
from ..completers import NamespaceCompleter
from ..host_options import add_host_options, complete_hosts, host_of
from ..output import Output, result
from ..target import choose, only_namespace
from ..text import count, describe, named

WORDS = '[/NAMESPACE] [--keep-processes] [--host [USER@]HOST]'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `down`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD', help='the instance, if there are several'
    ).completer = NamespaceCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--keep-processes', action='store_true',
                        help='leave the processes, and the supervisor that looks after them')
    complete_hosts(parser.add_argument(
        '--host', metavar='[USER@]HOST', help='on another host, over SSH'))
    add_host_options(parser)


def main(args: argparse.Namespace) -> int:
    """Run `down`."""
    namespace = only_namespace(args.words)
    out = Output(args)
    if args.host:
        return _on_host(args, namespace, out)
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        try:
            processes = backend.shutdown(args.keep_processes)
        except LaunchServiceError as error:
            told: Any = error.facts.get('processes', ())
            for process in told:
                out.note(describe(process))
            raise
    if args.keep_processes:
        processes = [process for process in processes
                     if state_name(process['process_status']) in ALIVE]
    _tell(out, backend.namespace, '', processes, args.keep_processes)
    return 0


def _on_host(args: argparse.Namespace, namespace: str | None, out: Output) -> int:
    from ...bootstrap.taking_down import take_down
    from ...ssh.pool import Pool
    host = host_of(args.host, args)
    with Pool() as pool:
        done = take_down(pool, host, namespace, args.keep_processes,
                         args.timeout or PROCESS_ANSWER)
    _tell(out, done['namespace'], f' on {host}', done['processes'], args.keep_processes)
    return 0


def _tell(out: Output, namespace: str, where: str, processes: list[Record], kept: bool) -> None:
    if kept:
        message = (f'the node of {namespace}{where} is down, its supervisor goes on with '
                   + count(len(processes), 'process', 'processes'))
    else:
        message = f'{namespace}{where} is down, no process is left'
    out.done(result(ResultCode.OK, message, namespace=namespace,
                    processes=[named(process) for process in processes]),
             [*(describe(process) for process in processes), message])
