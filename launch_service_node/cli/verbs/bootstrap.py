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
Bring an instance up on another host, and let go of it.

It outlives this program, the connection and this computer. What the host needs is this
package; the allow-list can be sent along. One that runs there already just so is left as
it is. What follows `--` goes to the node as ROS arguments.
"""

from __future__ import annotations

import argparse
from typing import Any

from ...errors import ResultCode
from ..ending import at_the_end
from ..host_options import add_host_options, complete_hosts, host_of
from ..options import pair, seconds, UsageError
from ..output import complain, Output, result
from ..target import split_namespace

WORDS = '[USER@]HOST[:PORT] [/NAMESPACE] [-- ROS ARGUMENTS...]'

_WHAT = {'started': 'is up on {}', 'attached': 'is up already on {}, left as it is',
         'replaced': 'was replaced on {}, its processes live on'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `bootstrap`."""
    complete_hosts(parser.add_argument(
        'words', nargs='*', metavar='WORD',
        help='the host; the namespace (default: from the name of that host)'))
    parser.add_argument('--allow-list', action='append', default=[], metavar='FILE',
                        help='a file or folder here of what may be started; it is sent; '
                        'repeatable')
    parser.add_argument('--remote-allow-list', action='append', default=[], metavar='PATH',
                        help='one that is there; repeatable')
    parser.add_argument('--param', type=pair(':='), action='append', default=[],
                        metavar='NAME:=VALUE', help='a parameter of the node; repeatable')
    parser.add_argument('--label', type=pair('='), action='append', default=[],
                        metavar='KEY=VALUE', help='a label of its heartbeat; repeatable')
    parser.add_argument('--domain-id', type=int, metavar='N',
                        help='ROS_DOMAIN_ID (default: as the set-up there says, else as here)')
    parser.add_argument('--rmw', metavar='NAME', help='RMW_IMPLEMENTATION; likewise')
    parser.add_argument('--enclave', default='', metavar='FOLDER',
                        help='the one SROS2 enclave to send')
    parser.add_argument('--replace', action='store_true',
                        help='replace one that runs otherwise; its processes live on')
    parser.add_argument('--systemd', default='auto', choices=('auto', 'always', 'never'),
                        help="under the user's systemd (default: auto, where it lingers)")
    parser.add_argument('--graph-timeout', type=seconds, default=20.0, metavar='SECONDS',
                        help='for its heartbeat to arrive here (default: 20)')
    parser.add_argument('--no-wait-graph', action='store_true',
                        help="don't wait for its heartbeat")
    add_host_options(parser)


def main(args: argparse.Namespace) -> int:
    """Run `bootstrap`."""
    from ...bootstrap.bringing_up import bring_up
    from ...ssh.pool import Pool
    request = _request(args)
    out = Output(args)
    with Pool() as pool:
        outcome = bring_up(pool, request, note=complain,
                           step=lambda words: out.note(f'{request.host}: {words} ...'),
                           leave=at_the_end)
    node: dict[str, Any] = outcome.instance['node'] or {}
    out.done(
        result(ResultCode.OK, outcome=outcome.what, namespace=outcome.namespace,
               host=outcome.host, seen=outcome.seen, instance=outcome.instance,
               notes=list(outcome.notes), **outcome.ready),
        [f'{outcome.namespace} {_WHAT[outcome.what].format(outcome.host)}: '
         f'node {node.get("name")}, pid {node.get("pid")}, domain {node.get("domain_id")}; '
         f'see what it may start with `launch-service executables {outcome.namespace}`'])
    return 0


def _request(args: argparse.Namespace) -> Any:
    from ...bootstrap.request import Request
    if not args.words or args.words[0].startswith('/'):
        raise UsageError('say on which host: [user@]host')
    host = host_of(args.words[0], args)
    namespace, rest = split_namespace(args.words[1:])
    if rest and not rest[0].startswith('-'):
        raise UsageError(f'unexpected {rest[0]!r}; a namespace begins with a slash: /{rest[0]}')
    return Request(
        host, namespace or '', tuple(args.allow_list), tuple(args.remote_allow_list),
        dict(args.param), dict(args.label), tuple(rest), args.domain_id, args.rmw, args.enclave,
        args.replace, args.systemd, args.timeout or 60.0, not args.no_wait_graph,
        args.graph_timeout)
