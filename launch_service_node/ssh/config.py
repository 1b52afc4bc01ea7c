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
What ssh_config says of a host: as `ssh -G` has it, or paramiko's parser without an ssh.

Only ssh itself follows every Include and Match, so it is asked. `StrictHostKeyChecking`
is not taken from there: turning host keys off for a terminal is no reason to start
robots' software on whoever answers.
"""

from __future__ import annotations

import getpass
from io import StringIO
import os
from pathlib import Path
import re
import shlex
import shutil
import signal
import subprocess

import paramiko

from ..errors import ConnectTimedOut, InvalidRequest
from .dialing import out_of
from .target import check_host, check_user, Resolved, Target

#: Seconds that `ssh -G` may take, at most: a `Match exec` may run a slow program.
SSH_G_TIMEOUT = 10.0

_DEFAULT_KEYS = ('id_ed25519', 'id_ecdsa', 'id_rsa')
_DEFAULT_KNOWN_HOSTS = ('~/.ssh/known_hosts', '~/.ssh/known_hosts2',
                        '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2')

#: Options with several paths in a line.
_KNOWN_HOSTS = ('userknownhostsfile', 'globalknownhostsfile')

Options = dict[str, list[str]]


def resolve(target: Target, ssh: str | None = 'ssh') -> Resolved:
    """
    Return where and how to connect.

    :param ssh: the program to ask; None, or one that isn't there: paramiko's parser.
    :raises InvalidRequest: ssh_config has mistakes, or says what can't be.
    :raises ConnectTimedOut: ssh takes too long to read it.
    :raises ConnectionFailed: ssh can't be run.
    """
    program = shutil.which(ssh) if ssh else None
    try:
        options = _ask_ssh(program, target) if program else _ask_paramiko(target)
    except OSError as error:
        raise out_of(target.host, error) from error
    return from_options(target, options)


def from_options(target: Target, options: Options) -> Resolved:
    """
    Return what these options come to; a decision, apart from asking for them.

    :param options: keys in lower case, a value for each line, or each file of known hosts.
    :raises InvalidRequest: a value can't be right.
    """
    def one(key: str) -> str | None:
        value = options.get(key, [''])[0]
        return value if value and value.lower() != 'none' else None

    host = one('hostname') or target.host
    if host.startswith('[') and host.endswith(']'):
        host = host[1:-1]  # an IPv6 address as in a URL
    user = target.user or one('user') or getpass.getuser()
    try:
        port = target.port or int(one('port') or 22)
    except ValueError:
        raise InvalidRequest(f'ssh_config gives {target.host} the port {one("port")!r}, which '
                             'is no number') from None
    check_host(host)
    check_user(user)
    tokens = {'%%': '%', '%h': host, '%p': str(port), '%r': user, '%n': target.host,
              '%u': getpass.getuser(), '%d': os.path.expanduser('~')}
    alias = one('hostkeyalias')
    # ssh lets the one that stands first win, and so gives only one of both.
    jumps = one('proxyjump')
    command = one('proxycommand')
    if target.jump_hosts is not None:
        jump_hosts, command = target.jump_hosts, None
    else:
        jump_hosts = tuple(jumps.split(',')) if jumps else ()
    files = [path for key in _KNOWN_HOSTS for path in options.get(key, []) if path != 'none']
    identities = [_expand(path, tokens) for path in options.get('identityfile', [])
                  if path != 'none']
    if target.ssh_key:
        chosen = os.path.expanduser(target.ssh_key)
        identities = [chosen, *(path for path in identities if path != chosen)]
    agent = options.get('identityagent', [''])[0]
    return Resolved(
        name=target.host, host=host, port=port, user=user,
        key_name=alias or (host.lower() if port == 22 else f'[{host.lower()}]:{port}'),
        identity_files=tuple(path for path in identities
                             if os.path.exists(path) or os.path.exists(path + '.pub')
                             or path == identities[0] and target.ssh_key),
        identities_only=(one('identitiesonly') or 'no').lower() == 'yes',
        identity_agent=_agent(agent, tokens),
        known_hosts=tuple(_expand(path, tokens) for path in files),
        jump_hosts=jump_hosts,
        proxy_command=None if command is None else fill_in(command, tokens))


def fill_in(text: str, tokens: dict[str, str]) -> str:
    """
    Return a text with its tokens (%h, %p, …) filled in.

    :raises InvalidRequest: a token that isn't known here.
    """
    def value(found: re.Match[str]) -> str:
        if found[0] not in tokens:
            raise InvalidRequest(f'ssh_config has {found[0]!r} in {text!r}, which is not known '
                                 f'here: use {", ".join(sorted(tokens))}')
        return tokens[found[0]]
    return re.sub('%.?', value, text)


def _expand(path: str, tokens: dict[str, str]) -> str:
    return os.path.expanduser(fill_in(path, tokens) if '%' in path else path)


def _agent(text: str, tokens: dict[str, str]) -> str | None:
    if not text or text == 'SSH_AUTH_SOCK':
        return None
    if text.lower() == 'none':
        return ''
    if text.startswith('$'):
        return os.environ.get(text[1:].strip('{}'), '')
    return _expand(text, tokens)


def _ask_ssh(program: str, target: Target) -> Options:
    command = [program, '-G']
    if target.config_file:
        command += ['-F', os.path.expanduser(target.config_file)]
    if target.port:
        command += ['-p', str(target.port)]
    if target.user:
        command += ['-l', target.user]
    command += ['--', target.host]
    timeout = min(SSH_G_TIMEOUT, target.connect_timeout)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors='surrogateescape',
                          start_new_session=True) as popen:
        try:
            said, complaint = popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            # With what it runs; it was not waited for, so the group is its own.
            os.killpg(popen.pid, signal.SIGKILL)
            raise ConnectTimedOut(
                f'`{shlex.join(command)}` takes more than {timeout:g} s: look for a slow '
                '`Match exec` in ssh_config', host=target.host) from None
        except BaseException:
            if popen.returncode is None:
                os.killpg(popen.pid, signal.SIGKILL)
            raise
    if popen.returncode:
        last = complaint.strip().splitlines()[-1:] or [f'exit status {popen.returncode}']
        raise InvalidRequest(f"ssh_config can't be used for {target.host}: {last[0]}; try "
                             f'`{shlex.join(command)}`', host=target.host)
    options: Options = {}
    for line in said.splitlines():
        key, _, value = line.partition(' ')
        options.setdefault(key.lower(), []).append(value)
    for key in _KNOWN_HOSTS:
        options[key] = [path for line in options.get(key, []) for path in _paths(line)]
    return options


def _paths(line: str) -> list[str]:
    """Return the paths of a line; ssh takes all quotes off, paramiko the outermost."""
    if not line.lstrip('"\'').startswith(('/', '~')):
        return line.split()
    # A blank may belong to a path.
    return [path.strip('"\'') for path in re.split(r'["\']?\s+["\']?(?=[/~])', line)]


def _ask_paramiko(target: Target) -> Options:
    files = [target.config_file] if target.config_file else [
        '~/.ssh/config', '/etc/ssh/ssh_config']
    config = paramiko.SSHConfig()
    # It fills some tokens in by itself, with what it finds first.
    said = (('Port', target.port), ('User', target.user))
    config.parse(StringIO(''.join(f'{key} {value}\n' for key, value in said if value)))
    for name in files:
        path = Path(os.path.expanduser(name))  # that of Path raises a RuntimeError
        try:
            if path.is_file() or target.config_file:
                with path.open(encoding='utf-8', errors='surrogateescape') as file:
                    config.parse(file)
        except (OSError, paramiko.ssh_exception.ConfigParseError) as error:
            raise InvalidRequest(f"ssh_config can't be used for {target.host}: {path}: {error}",
                                 host=target.host) from error
    options: Options = {}
    for key, value in config.lookup(target.host).items():
        if value is not None:
            options[key] = list(value) if isinstance(value, list) else [str(value)]
    options.setdefault('identityfile', [f'~/.ssh/{name}' for name in _DEFAULT_KEYS])
    for key, default in zip(_KNOWN_HOSTS, (_DEFAULT_KNOWN_HOSTS[:2], _DEFAULT_KNOWN_HOSTS[2:]),
                            strict=True):
        options[key] = _paths(options[key][0]) if key in options else list(default)
    return options
