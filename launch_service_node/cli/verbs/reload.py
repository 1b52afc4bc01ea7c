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
Read the allow-list again.

What runs is left alone.
"""

from __future__ import annotations

import argparse

from ...errors import ResultCode
from ..backend import reach_of
from ..completers import NamespaceCompleter
from ..output import Output, result
from ..target import choose, only_namespace

WORDS = '[/NAMESPACE]'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words of `reload`."""
    parser.add_argument(
        'words', nargs='*', metavar='WORD', help='the instance, if there are several'
    ).completer = NamespaceCompleter()  # type: ignore[attr-defined]


def main(args: argparse.Namespace) -> int:
    """Run `reload`."""
    namespace = only_namespace(args.words)
    with reach_of(args) as reach:
        backend = choose(namespace, reach)
        message = backend.reload()
    Output(args).done(result(ResultCode.OK, message, namespace=backend.namespace),
                      [f'{backend.namespace}: {message}'])
    return 0
