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
Print a completion script for a shell.

bash: `source <(launch-service completion bash)`; zsh the same with zsh, after compinit;
fish: `launch-service completion fish | source`. `ros2 launch_service` completes through
argcomplete, as the whole of `ros2` does.
"""

from __future__ import annotations

import argparse
from typing import Any

from ..options import UsageError
from ..output import put

WORDS = 'bash|zsh|fish'

BASH = """\
_launch_service() {
    local IFS=$'\\n' words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=($("${COMP_WORDS[0]}" completion --words -- "${words[@]}" 2>/dev/null))
    if [ "${COMPREPLY[0]}" = :files ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
    fi
}
complete -F _launch_service launch-service
"""
ZSH = """\
_launch_service() {
    local -a found
    found=("${(@f)$("${words[1]}" completion --words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [ "${found[1]}" = :files ]; then
        _files
    else
        compadd -- "${(@)found:#}"
    fi
}
compdef _launch_service launch-service
"""
FISH = """\
function __launch_service
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] completion --words -- $words[2..-1] 2>/dev/null)
    if test "$found[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c launch-service -f -a '(__launch_service)'
"""
SCRIPTS = {'bash': BASH, 'zsh': ZSH, 'fish': FISH}


class ShellCompleter:
    """The shells that there are scripts for."""

    def __call__(self, prefix: str, **_: Any) -> list[str]:
        """Return the shells that begin with `prefix`."""
        return [shell for shell in SCRIPTS if shell.startswith(prefix)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words and options of `completion`."""
    parser.add_argument(
        'words', nargs='*', metavar='SHELL', help='bash, zsh or fish'
    ).completer = ShellCompleter()  # type: ignore[attr-defined]
    parser.add_argument('--words', action='store_true', dest='complete', help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Run `completion`."""
    if args.complete:
        from ..complete import complete
        from ..main import make_parser
        for word in complete(make_parser(), args.words or ['']):
            put(f'{word}\n')
        return 0
    if len(args.words) != 1 or args.words[0] not in SCRIPTS:
        raise UsageError(f'say for which shell: {", ".join(SCRIPTS)}')
    put(SCRIPTS[args.words[0]])
    return 0
