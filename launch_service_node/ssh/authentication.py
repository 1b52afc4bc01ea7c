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

from ..errors import AuthenticationFailed, ConnectionFailed, ConnectionLost, ConnectTimedOut
from .keys import Agent, candidates, NoSignature
from .target import Resolved, Target

#: sshd ends a connection with the sixth attempt that fails (MaxAuthTries).
MOST_KEYS = 5

_KEY, _PASSWORD, _QUESTIONS = 'publickey', 'password', 'keyboard-interactive'

#: What errors call it.
_THE_PASSWORD = 'the password'


def authenticate(transport: paramiko.Transport, where: Resolved, target: Target,
                 deadline: float, farewell: Callable[[], str] = lambda: '',
                 takes: Callable[[paramiko.PKey], bool] = lambda key: True) -> str:
    """
    Log in, and return what the host accepted.

    :param deadline: on the monotonic clock.
    :param farewell: gives what the host said when it hung up; empty: nothing.
    :param takes: whether the host may take keys of this kind, as far as it has said so.
    :raises AuthenticationFailed: nothing was accepted; says what was tried.
    :raises ConnectTimedOut: the host doesn't answer.
    :raises ConnectionLost: it hangs up.
    """
    login = _Login(transport, where, deadline, farewell)
    most = MOST_KEYS - (target.password is not None)
    with Agent(where, login.left()) as agent:
        for name, key in candidates(where, agent, target.passphrase, target.ssh_key,
                                    login.problems):
            if _KEY not in login.allowed:
                break
            if takes(key):
                if login.attempts == most:
                    login.gave_up = True
                    break
                if login.attempt(name, partial(transport.auth_publickey, where.user, key)):
                    return name
            if not takes(key):  # it may have said so just now
                login.problems.append(f'{name}: the host takes no RSA keys; make another one '
                                      'with `ssh-keygen -t ed25519`')
    answers = _Answers(target.password)
    if target.password is not None:
        name = _THE_PASSWORD
        # Never a second time: hosts count, and lock people out.
        if _PASSWORD in login.allowed and login.attempt(name, partial(
                transport.auth_password, where.user, target.password, None, False)):
            return name
        if _QUESTIONS in login.allowed and not login.refused and login.attempt(name, partial(
                transport.auth_interactive, where.user, answers)):
            return name
    raise _failure(login, target, answers)


class _Login:
    """
    Attempts to log in.

    :ivar tried: what the host was shown.
    :ivar attempts: how often it was shown something.
    :ivar gave_up: whether there are further keys, which it would hang up on.
    :ivar problems: why keys could not be used.
    :ivar allowed: what the host takes, as far as it said so.
    :ivar refused: whether it looked at what it was shown last, and didn't take it.
    """

    def __init__(self, transport: paramiko.Transport, where: Resolved, deadline: float,
                 farewell: Callable[[], str]) -> None:
        self.where = where
        self.tried: list[str] = []
        self.attempts = 0
        self.gave_up = False
        self.problems: list[str] = []
        self.allowed = [_KEY, _PASSWORD, _QUESTIONS]
        self.refused = False
        self._transport = transport
        self._deadline = deadline
        self._farewell = farewell

    def left(self) -> float:
        """Return the seconds that are left, never none at all."""
        return max(0.01, self._deadline - time.monotonic())

    def attempt(self, name: str, how: Callable[[], list[str] | None]) -> bool:
        """Say whether this one, perhaps with those before, was enough."""
        where = self.where
        if name not in self.tried:
            self.tried.append(name)
        self.attempts += 1
        self._transport.auth_timeout = self.left()
        self.refused = False
        try:
            self.allowed = how() or self.allowed
        except paramiko.BadAuthenticationType as error:
            self.allowed = list(error.allowed_types)
        except NoSignature as error:
            raise AuthenticationFailed(
                f"{where.name} doesn't let {where.user} in: the agent, asked to sign with {name}, "
                f'{error}', tried=tuple(self.tried), **where.facts()) from error
        except paramiko.SSHException as error:
            if time.monotonic() >= self._deadline:
                raise ConnectTimedOut(f"{where.name} doesn't answer while {where.user} logs in: "
                                      'is the host overloaded?', **where.facts()) from error
            if not self._transport.is_active():
                raise self._hung_up() from error
            if not isinstance(error, paramiko.AuthenticationException):
                raise
            self.refused = True
        return self._transport.is_authenticated()

    def _hung_up(self) -> ConnectionFailed:
        where, said = self.where, self._farewell()
        tried, facts = ', '.join(self.tried), {'tried': tuple(self.tried), **where.facts()}
        if not said:
            # Some have had enough keys, and don't say so.
            enough = ('; or it takes no more keys: name the right one as ssh_key'
                      if self.attempts > 1 else '')
            return ConnectionLost(
                f'{where.name} hangs up while {where.user} logs in (tried {tried}): check the '
                f'network and whether the host still runs{enough}', **facts)
        if self.attempts > 1:
            way_out = ('have fewer keys tried: name the right one as ssh_key, or set IdentityFile '
                       'and IdentitiesOnly in ssh_config; or raise MaxAuthTries in its '
                       'sshd_config')
        else:
            way_out = f'look what sshd logs there about {where.user}'
        return AuthenticationFailed(
            f"{where.name} doesn't let {where.user} in: it hangs up, saying {said!r}; tried "
            f'{tried}; {way_out}', **facts)


class _Answers:
    """
    Answers what a host asks: its first hidden question with the password, no other.

    :ivar open: a question that nobody could answer.
    """

    def __init__(self, password: str | None) -> None:
        self._password = password
        self.open = ''

    def __call__(self, title: str, instructions: str,
                 questions: list[tuple[str, bool]]) -> list[str]:
        """Return an answer to each question; the second half says whether it is shown."""
        return [self._answer(text, shown) for text, shown in questions]

    def _answer(self, text: str, shown: bool) -> str:
        if self._password is not None and not shown:
            password, self._password = self._password, None
            return password
        self.open = self.open or ' '.join(text.split())[:80] or 'a question without words'
        return ''


def _failure(login: _Login, target: Target, answers: _Answers) -> AuthenticationFailed:
    where, allowed = login.where, login.allowed
    what = f'tried {", ".join(login.tried)}' if login.tried else 'there is no key to try'
    if login.gave_up:
        what += '; further keys are not tried, as hosts hang up after some attempts'
    if login.problems:
        what += f'; not usable: {"; ".join(login.problems)}'
    if answers.open:
        way_out = (f'the host asks {answers.open!r}, which nobody can answer here: have it take '
                   'a key alone from this user (AuthenticationMethods publickey)')
    elif _KEY in allowed:
        way_out = (f'put the public key into ~{where.user}/.ssh/authorized_keys there '
                   '(ssh-copy-id does it), or name the right one as ssh_key')
    else:
        way_out = f'the host takes only: {", ".join(allowed)}'
        if target.password is None and {_PASSWORD, _QUESTIONS} & set(allowed):
            way_out += '; give `password`'
    if login.refused and _THE_PASSWORD in login.tried and not answers.open:
        give = 'give the right one, or ' if _KEY in allowed else ''
        way_out = f'it refuses the password that was given; {give}{way_out}'
    return AuthenticationFailed(f"{where.name} doesn't let {where.user} in: {what}; {way_out}",
                                tried=tuple(login.tried), **where.facts())
