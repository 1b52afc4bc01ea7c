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
Hands an order to a machine, and hears what comes of it: this side of the link.

Not a life line: what an order begins goes on without the link. So it is a plain
channel, whose other end reads the order and is then on its own.
"""

from __future__ import annotations

from collections.abc import Callable
import json
import threading
import time
from typing import Any
import uuid

import paramiko

from ..errors import ConnectionLost, error_from_code, RemoteFailed, ResultCode, Unreachable
from ..ssh.command import last_line
from ..ssh.connection import Session
from ..ssh.host import Host
from ..ssh.quoting import remote_command
from .order import Order, pack
from .placing import Place

#: Not `-m`, which would take a checkout in the home folder for the package.
_PROGRAM = ('import sys; sys.path[:] = [one for one in sys.path if one]; '
            'from launch_service_node.bootstrap.robot_end import main; sys.exit(main())')

#: Seconds that the machine may take for what is not the order's own time.
MARGIN = 15.0

#: Seconds after which standard error is looked at, when nothing else comes.
_STEP = 0.5

_TAIL = 4096
_LONGEST = 16 << 20


def command_line(host: Host, place: Place, word: str) -> str:
    """Return the line for sshd; nothing secret is in it."""
    return remote_command([*place.prefix, host.python, '-c', _PROGRAM, word],
                          place.environment, setup=host.setup)


def hand_over(session: Session, host: Host, place: Place, order: Order,
              tell: Callable[[str], object],
              cancelled: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """
    Have a machine carry out an order, and return the result; the session is closed.

    :param tell: gets a few words at each step.
    :param cancelled: ends the wait when it is true, not what the machine does.
    :raises InstanceError: CONFLICT, as the machine says.
    :raises LaunchServiceError: what went wrong there.
    :raises ConnectionLost: the link died; what has become of the order is not known.
    :raises Unreachable: it takes too long (code TIMED_OUT).
    """
    word = uuid.uuid4().hex
    try:
        return _Conversation(session, host, word, order.timeout + MARGIN, cancelled).hold(
            command_line(host, place, word), pack(order), tell)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise _cut(session, host, str(error) or type(error).__name__) from error
    finally:
        session.close(_STEP)


class _Conversation:
    """Lines from a machine until there is a result, an error, or nothing more."""

    def __init__(self, session: Session, host: Host, word: str, patience: float,
                 cancelled: Callable[[], bool]) -> None:
        self._session = session
        self._host = host
        self._word = word.encode()
        self._patience = patience
        self._cancelled = cancelled
        self._deadline = time.monotonic() + patience
        self._other = b''
        self._lock = threading.Lock()
        self._handed = self._withdrawn = self._heard = False

    def hold(self, line: str, data: bytes, tell: Callable[[str], object]) -> dict[str, Any]:
        self._begin(line, data)
        rest = b''
        while True:
            more = self._receive()
            if not more:
                raise self._no_answer()
            *lines, rest = (rest + more).split(b'\n')
            for one in lines:
                told = self._told(one)
                self._heard = self._heard or bool(told)
                if 'step' in told:
                    tell(str(told['step']))
                elif 'error' in told:
                    raise error_from_code(int(told['code']), self._on_it(str(told['error'])),
                                          host=str(self._host),
                                          differences=told.get('differences', []))
                elif 'result' in told:
                    return dict(told['result'])
            if len(rest) > _LONGEST:
                raise RemoteFailed(f'{self._host} says more than can be right',
                                   host=str(self._host))

    def _begin(self, line: str, data: bytes) -> None:
        """Have the line run and the order sent, by a thread: paramiko waits without a bound."""
        channel, begun = self._session.channel, threading.Event()
        channel.settimeout(self._patience)
        failed: list[BaseException] = []

        def begin() -> None:
            try:
                channel.exec_command(line)
                # Without its end it is no order: till then it can be withdrawn.
                channel.sendall(data[:-1])
                if self._may_hand_over():
                    channel.sendall(data[-1:])
            except (OSError, EOFError, paramiko.SSHException) as error:
                failed.append(error)
            except BaseException as error:
                failed.append(error)
                raise  # a defect: where it is, is not for who waits alone
            finally:
                begun.set()

        # When it isn't waited for any longer, closing the session ends it.
        threading.Thread(target=begin, name='hand over', daemon=True).start()
        while not begun.wait(self._next_step()):
            pass
        if failed:
            raise failed[0]

    def _may_hand_over(self) -> bool:
        with self._lock:
            self._handed = not self._withdrawn
            return self._handed

    def _withdraw(self) -> bool:
        """Say whether the machine has no order, and won't get it."""
        with self._lock:
            self._withdrawn = not self._handed
            return self._withdrawn

    def _next_step(self) -> float:
        """Return how long to wait at once; raise when it is enough."""
        if self._cancelled():
            if self._withdraw():
                what = 'and has begun nothing: it had not taken the order yet'
            elif self._heard:
                what = 'and goes on with what it has begun'
            else:
                what = 'and brings it up all the same if the order has arrived'
            raise Unreachable(f'{self._host} is not waited for any longer, {what}',
                              host=str(self._host))
        left = self._deadline - time.monotonic()
        if left <= 0:
            if self._withdraw():
                raise Unreachable(
                    f'{self._host} has not taken the order in {self._patience:g} s, and has begun '
                    'nothing: is it frozen, or the network very slow?', ResultCode.TIMED_OUT,
                    host=str(self._host))
            raise Unreachable(
                f'{self._host} has not brought it up after {self._patience:g} s, and may still be '
                'at it: look with `launch-service list --local` there, or give more timeout',
                ResultCode.TIMED_OUT, host=str(self._host))
        return min(left, _STEP)

    def _receive(self) -> bytes:
        channel = self._session.channel
        while True:
            channel.settimeout(self._next_step())
            try:
                data: bytes = channel.recv(1 << 16)
            except TimeoutError:
                self._hear_errors()  # or it waits for that
                continue
            self._hear_errors()
            return data

    def _hear_errors(self) -> None:
        while self._session.channel.recv_stderr_ready():
            self._other = (self._other + self._session.channel.recv_stderr(_TAIL))[-_TAIL:]

    def _told(self, line: bytes) -> dict[str, Any]:
        # Set-up scripts may print what they like.
        _, found, text = line.partition(self._word)
        if not found:
            self._other = (self._other + line + b'\n')[-_TAIL:]
            return {}
        try:
            told = json.loads(text)
        except ValueError as error:
            raise RemoteFailed(f'what {self._host} answers is garbled: a set-up script may go on '
                               'printing in the background', host=str(self._host)) from error
        return told if isinstance(told, dict) else {}

    def _no_answer(self) -> Exception:
        channel = self._session.channel
        channel.status_event.wait(5.0)
        self._hear_errors()
        status = channel.exit_status if channel.exit_status_ready() else -1
        if status < 0:
            return _cut(self._session, self._host, 'it ended before the answer came')
        last = last_line(self._other)
        return RemoteFailed(f'bringing it up on {self._host} failed (exit status {status}'
                            f'{": " + last if last else ""})', host=str(self._host),
                            exit_status=status, last_output=self._other.decode('utf-8', 'replace'))

    def _on_it(self, message: str) -> str:
        name = str(self._host)
        return message if name in message else f'{name}: {message}'


def _cut(session: Session, host: Host, why: str) -> ConnectionLost:
    return ConnectionLost(
        f'the connection to {host} is lost: {why}; if it had the whole order it goes on by '
        'itself, so do it again: it attaches to what is there', **session.where.facts())
