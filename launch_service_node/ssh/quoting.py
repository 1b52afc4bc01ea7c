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
From a command to one line that every login shell hands on unchanged.

sshd gives the line to the user's login shell, whatever that is. So the line is
`exec /bin/sh -c '<script>'`, and what stands between the quotes is plain ASCII in
which no shell sees anything but text: fish has escapes even between single quotes,
csh expands `!` and stops at a newline there. A script that has such characters
travels in octal, and /bin/sh decodes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import re

from ..errors import InvalidRequest

#: Bytes of the line; the kernel takes 131072 for one argument, its end included. BSD's csh
#: as a login shell takes 8190, and says `Word too long`.
LONGEST = 131000

#: What a script says on stderr, before the name, when it can't go on.
NO_SETUP_SCRIPT = 'launch_service_node: no set-up script: '
NO_FOLDER = 'launch_service_node: no folder: '

#: Exit status of a script that said so.
CANNOT_START = 126

# No quote, no backslash, no newline, no `!`: the same between single quotes everywhere.
_PLAIN = re.compile(r'[A-Za-z0-9 "#$%&()*+,./:;<=>?@\[\]^_`{|}~-]*')
_WORD = re.compile(r'[A-Za-z0-9@%+=:,./_-]+')
_VARIABLE = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')


def quote(word: str) -> str:
    """
    Return a word as a POSIX shell reads it back.

    :raises InvalidRequest: it holds a NUL, which no argument can.
    """
    if '\0' in word:
        raise InvalidRequest(f'{word!r} holds a NUL, which no argument can carry: remove it')
    if _WORD.fullmatch(word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def check_variables(env: Mapping[str, str]) -> None:
    """
    Refuse what can't be in an environment; values are not shown.

    :raises InvalidRequest: a name that a shell doesn't take, a NUL in a value.
    """
    for name, value in env.items():
        if not _VARIABLE.fullmatch(name):
            raise InvalidRequest(f'{name!r} is no name of an environment variable: use letters, '
                                 'digits and underscores')
        if '\0' in value:
            raise InvalidRequest(f'the value of the environment variable {name} holds a NUL, '
                                 'which no environment can carry: remove it')


def shell_of(setup: Sequence[str]) -> str:
    """Return the shell that can source these scripts: by their names, /bin/sh otherwise."""
    for ending, shell in (('.bash', 'bash'), ('.zsh', 'zsh')):
        if any(script.endswith(ending) for script in setup):
            return shell
    return '/bin/sh'


def script_for(argv: Sequence[str], env: Mapping[str, str] | None = None,
               cwd: str | None = None, setup: Sequence[str] = ()) -> str:
    """
    Return a shell script that becomes the command.

    Set-up scripts come first, in their order, then the folder, then the environment:
    so what was asked for explicitly wins.

    :param env: added to the environment; visible to everyone on the machine while the
        script is read: for secrets, use RemoteProcess, which sends it on stdin.
    :param setup: absolute paths, or relative to the home folder.
    :raises InvalidRequest: an empty command, a NUL, a name that can't be a variable.
    """
    if not argv or not argv[0]:
        raise InvalidRequest('there is no command to run: name a program')
    parts = [_source(path) for path in setup]
    if cwd:
        parts.append(f'cd -- {quote(_as_path(cwd))} || {_give_up(NO_FOLDER, cwd)}')
    if env:
        check_variables(env)
        parts += [f'export {name}={quote(value)}' for name, value in env.items()]
    parts.append('exec ' + ' '.join(quote(word) for word in argv))
    return '\n'.join(parts)


def for_login_shell(script: str, shell: str = '/bin/sh') -> str:
    """
    Return the one line that runs a POSIX script under any login shell.

    :param shell: the program that runs it: sh, bash or zsh; no spaces.
    :raises InvalidRequest: the line is longer than a kernel takes.
    """
    plain = _PLAIN.fullmatch(script)
    line = f"exec {shell} -c '{script if plain else _in_octal(script)}'"
    if len(line) > LONGEST:
        raise InvalidRequest(f'the command takes {len(line)} bytes, and {LONGEST} is the most '
                             'that one line over SSH can have: send the rest in a file')
    return line


def remote_command(argv: Sequence[str], env: Mapping[str, str] | None = None,
                   cwd: str | None = None, setup: Sequence[str] = ()) -> str:
    """Return the line for sshd that becomes the command; see `script_for`."""
    return for_login_shell(script_for(argv, env, cwd, setup), shell_of(setup))


def _in_octal(script: str) -> str:
    # `%b` and \0ooo are the form that every printf agrees on. The dot keeps newlines at
    # the end, which $() would take away.
    data = (script + '\n.').encode('utf-8', 'surrogateescape')
    text = ''.join(chr(byte) if chr(byte).isalnum() and byte < 128 or byte in b' ,./:=@_+-'
                   else f'\\{byte:04o}' for byte in data)
    return f's=$(printf %b "{text}"); eval "${{s%.}}"'


def _source(path: str) -> str:
    # In braces, because a POSIX shell ends at a `.` that fails; without arguments there
    # is nothing for the script to mistake for its own.
    path = _as_path(path)
    return f'[ -r {quote(path)} ] || {_give_up(NO_SETUP_SCRIPT, path)}\n. {quote(path)}'


def _as_path(path: str) -> str:
    # Never an option, never searched for in PATH.
    return path if path.startswith('/') else './' + path


def _give_up(what: str, name: str) -> str:
    return f'{{ printf %s {quote(what + name)} >&2; exit {CANNOT_START}; }}'
