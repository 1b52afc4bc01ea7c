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

"""The program `launch-service`: from a command line to a verb, from any end to an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import importlib
import sys
from types import ModuleType

from .. import __version__
from ..errors import InvalidRequest, LaunchServiceError, ProcessError, ResultCode
from .ending import end, leave_all, open_streams, spoken
from .exit_codes import ExitCode
from .options import add_common, OneLineParser, usage_error, UsageError, VerbParser
from .output import fail

VERBS = ('up', 'down', 'bootstrap', 'start', 'stop', 'restart', 'signal', 'list', 'executables',
         'logs', 'reload', 'check', 'completion')
DESCRIPTION = 'Start, stop and watch processes that a LaunchServiceNode looks after.'


def verb_module(name: str) -> ModuleType:
    """Return the module of a verb."""
    return importlib.import_module(f'{__package__}.verbs.{name}')


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add everything that `launch-service` takes to a parser, its own or that of `ros2`."""
    parser.add_argument('--version', action='version', version=f'launch-service {__version__}')
    add_common(parser, defaults=True)
    verbs = parser.add_subparsers(title='verbs', dest='verb', metavar='VERB',
                                  parser_class=VerbParser)
    for name in VERBS:
        module = verb_module(name)
        help_text = (module.__doc__ or '').strip()
        verb = verbs.add_parser(
            name, help=help_text.splitlines()[0].rstrip('.'), description=help_text)
        verb.usage = f'%(prog)s [options] {module.WORDS}'.rstrip()
        verb.after_unknown = getattr(module, 'AFTER_UNKNOWN', '')
        module.add_arguments(verb)
        add_common(verb, defaults=False)


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Run the verb of a parsed command line, leave the ROS graph, and return the exit code."""
    open_streams()
    code = int(ExitCode.FAILED)
    try:
        code = spoken(lambda: _run(args, parser))
    finally:
        leave_all(code)
    return code


def _run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if args.verb is None:
        parser.print_help(sys.stderr)
        return ExitCode.USAGE
    try:
        code: int = verb_module(args.verb).main(args)
        return code
    except UsageError as error:
        return fail_usage(error, args)
    except LaunchServiceError as error:
        return fail(error, args.json)
    except BrokenPipeError:
        raise
    except OSError as error:
        if isinstance(error, FileNotFoundError) and error.filename is None:  # of getcwd
            return fail(InvalidRequest('the working directory is gone: change to one that is '
                                       'there'), args.json)
        return fail(ProcessError(f'this host does not do its part: {error}',
                                 ResultCode.RESOURCE_EXHAUSTED), args.json)


def fail_usage(error: UsageError, args: argparse.Namespace) -> ExitCode:
    """Tell that words make no sense together, and return the exit code."""
    fail(InvalidRequest(f'{error} (see `launch-service {args.verb} --help`)',
                        ResultCode.INVALID_REQUEST), args.json)
    return ExitCode.USAGE


def one_line_errors(parser: argparse.ArgumentParser) -> None:
    """Make a parser that somebody else made complain as ours do."""
    def error(message: str) -> None:
        usage_error(message, parser.prog, VERBS, '--json' in sys.argv)
    parser.error = error  # type: ignore[assignment, method-assign]


def make_parser() -> OneLineParser:
    """Return the parser of `launch-service`."""
    parser = OneLineParser(prog='launch-service', description=DESCRIPTION)
    parser.verbs = VERBS
    add_verbs(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run `launch-service`, and return its exit code.

    :param argv: None: the words of this program, which ends here and now.
    """
    parser = make_parser()
    if argv is not None:
        return run(parser.parse_args(argv), parser)
    open_streams()
    end(spoken(lambda: _program(parser)))


def _program(parser: OneLineParser) -> int:
    try:
        return run(parser.parse_args(), parser)
    except SystemExit as ended:  # argparse has told all: help, or what makes no sense
        return ended.code if isinstance(ended.code, int) else ExitCode.OK
