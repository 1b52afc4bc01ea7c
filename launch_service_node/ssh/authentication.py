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

"""Letting the host know who asks: keys one after another, then the password."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import time

import paramiko

from ..errors import AuthenticationFailed, ConnectionLost, ConnectTimedOut
from .keys import Agent, candidates
from .target import Resolved, Target

#: sshd ends a connection after six attempts (MaxAuthTries).
MOST_KEYS = 5


def authenticate(transport: paramiko.Transport, where: Resolved, target: Target,
                 deadline: float) -> str:
    """
    Log in, and return what the host accepted.

    :param deadline: on the monotonic clock.
    :raises AuthenticationFailed: nothing was accepted; says what was tried.
    :raises ConnectTimedOut: the host doesn't answer.
    :raises ConnectionLost: it hangs up.
    """
    tried: list[str] = []
    problems: list[str] = []
    allowed = ['publickey', 'password', 'keyboard-interactive']

    def attempt(name: str, how: Callable[[], list[str] | None]) -> bool:
        nonlocal allowed
        tried.append(name)
        transport.auth_timeout = max(0.01, deadline - time.monotonic())
        try:
            allowed = how() or allowed
        except paramiko.BadAuthenticationType as error:
            allowed = list(error.allowed_types)
        except paramiko.AuthenticationException as error:
            if time.monotonic() >= deadline:
                raise ConnectTimedOut(f"{where.name} doesn't answer while {where.user} logs in: "
                                      'is the host overloaded?', **where.facts()) from error
            if not transport.is_active():
                raise ConnectionLost(
                    f'{where.name} hangs up while {where.user} logs in, after {len(tried)} '
                    'attempts: name the one key that it takes as ssh_key', tried=tuple(tried),
                    **where.facts()) from error
        return transport.is_authenticated()

    with Agent(where, max(0.01, deadline - time.monotonic())) as agent:
        for name, key in candidates(where, agent, target.passphrase, target.ssh_key, problems):
            if len(tried) == MOST_KEYS or 'publickey' not in allowed:
                break
            if attempt(name, partial(transport.auth_publickey, where.user, key)):
                return name
    if target.password is not None and attempt(
            'the password', partial(transport.auth_password, where.user, target.password)):
        return 'the password'
    raise _failure(where, tried, problems, allowed)


def _failure(where: Resolved, tried: list[str], problems: list[str],
             allowed: list[str]) -> AuthenticationFailed:
    what = f'tried {", ".join(tried)}' if tried else 'there is no key to try'
    if problems:
        what += f'; not usable: {"; ".join(problems)}'
    if 'publickey' in allowed:
        way_out = (f'put the public key into ~{where.user}/.ssh/authorized_keys there '
                   '(ssh-copy-id does it), or name the right one as ssh_key')
    else:
        way_out = f'the host takes only: {", ".join(allowed)}'
    return AuthenticationFailed(f"{where.name} doesn't let {where.user} in: {what}; {way_out}",
                                tried=tuple(tried), **where.facts())
