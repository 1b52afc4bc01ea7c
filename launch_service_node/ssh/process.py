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

"""A command on a machine that dies with its link."""

from __future__ import annotations

from collections.abc import Callable
import json
import struct
import threading
from typing import Any
import uuid

import paramiko

from ..errors import (
    ConnectionFailed,
    ConnectTimedOut,
    InvalidRequest,
    LaunchServiceError,
    RemoteFailed,
    ResultCode,
    Unreachable,
)
from .command import Command, Exit, ladder
from .connection import Session
from .dialing import lost, out_of
from .explaining import could_not_start, no_watchdog, watchdog_died
from .life_line import LifeLine, NoHello, SOON, TAIL
from .remote import frames
from .sending import line_for, order_for, pack_modules

Taker = Callable[[bytes], None]

#: Bytes of input to send at once.
_PORTION = 1 << 15


class RemoteProcess:
    """
    A command on a machine; `start` it once, and `close` it in the end.

    :param on_stdout: gets bytes as they come, in a thread of the process; while it does
        not return, the command's output waits, and nothing is lost.
    :param on_stderr: likewise; with a terminal all comes on stdout.
    :param on_exit: called once in that thread when it is all over, before `wait` returns.
    :ivar pid: on the machine, 0 before it runs.
    """

    def __init__(self, command: Command, on_stdout: Taker | None = None,
                 on_stderr: Taker | None = None,
                 on_exit: Callable[[Exit | None], None] | None = None) -> None:
        self.command = command
        self.pid = 0
        self._takers = {frames.OUT: on_stdout, frames.ERR: on_stderr}
        self._on_exit = on_exit
        self._line: LifeLine | None = None
        self._begun = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._exit: Exit | None = None
        self._error: BaseException | None = None
        self._credit = frames.WINDOW
        self._may_write = threading.Condition()
        self._tail = bytearray()
        self._reader = threading.Thread(target=self._read, name='remote output', daemon=True)

    def start(self, session: Session) -> None:
        """
        Have the command run; the session is closed when all is over, or this fails.

        :raises SetupScriptMissing: or it ends the shell that sources it.
        :raises InterpreterMissing: no Python that is new enough, or no shell for the set-up.
        :raises RemoteFailed: the command can't be executed.
        :raises ConnectTimedOut: it takes longer than `start_timeout`.
        :raises ConnectionFailed: the link died.
        """
        if self._line is not None:
            raise InvalidRequest('a command on a machine is started only once: make another one')
        self._line = LifeLine(session, self.command.silence, self._give_up)
        try:
            self._reader.start()
        except RuntimeError as error:  # there can be no further thread
            session.close()
            raise out_of(session.where.name, error) from error
        if not self._begun.wait(self.command.start_timeout):
            self._give_up(ConnectTimedOut(
                f'{session.where.name} has not started {self.command.name} after '
                f'{self.command.start_timeout:g} s: look for a set-up script that waits, or give '
                'more start_timeout', **self._facts()))
        if self._error is not None:
            self.close()
            raise self._error

    def wait(self, timeout: float | None) -> Exit:
        """
        Return how it ended, when it has.

        :param timeout: seconds; None: as long as the link shows life.
        :raises Unreachable: it runs on (code TIMED_OUT).
        :raises ConnectionLost: the link died; the other side ends the command.
        """
        if not self._over.wait(timeout):
            raise Unreachable(f'{self.command.name} still runs on {self._name()} after '
                              f'{timeout:g} s: stop it, or wait longer', ResultCode.TIMED_OUT,
                              **self._facts())
        if self._exit is None:
            assert self._error is not None
            raise self._error
        return self._exit

    def write(self, data: bytes, timeout: float = 30.0) -> None:
        """
        Give it input.

        :param timeout: seconds that it may leave input lying.
        :raises Unreachable: it doesn't take it (code TIMED_OUT).
        :raises RemoteFailed: it has ended.
        :raises ConnectionLost: the link died.
        """
        view = memoryview(data)
        while view:
            with self._may_write:
                ready = self._may_write.wait_for(
                    lambda: self._credit > 0 or self._over.is_set(), timeout)
                count = min(self._credit, len(view), _PORTION)
                self._credit -= count
            if not ready:
                raise Unreachable(f'{self.command.name} on {self._name()} takes no input for '
                                  f'{timeout:g} s: wait longer, or look what it waits for',
                                  ResultCode.TIMED_OUT, **self._facts())
            if self._exit is not None:
                raise RemoteFailed(f'{self.command.name} on {self._name()} has ended '
                                   f'({self._exit}), and takes no input any more',
                                   **self._facts())
            self._send(frames.INPUT, bytes(view[:count]))
            view = view[count:]

    def close_stdin(self) -> None:
        """Say that no more input comes."""
        self._send(frames.INPUT_END)

    def send_signal(self, number: int) -> None:
        """Signal the command's process group; nothing happens when it has ended."""
        if not self._over.is_set():
            self._send(frames.SIGNAL, bytes([number]))

    def stop(self, sigterm_timeout: float | None = None,
             sigkill_timeout: float | None = None) -> None:
        """Have it and all below it ended: SIGINT, SIGTERM, SIGKILL; does not wait."""
        if not self._over.is_set():
            command = self.command
            rungs = ladder(
                command.sigterm_timeout if sigterm_timeout is None else sigterm_timeout,
                command.sigkill_timeout if sigkill_timeout is None else sigkill_timeout)
            self._send(frames.STOP, json.dumps({'ladder': rungs}).encode())

    def kill(self) -> None:
        """Have it and all below it ended with SIGKILL; does not wait."""
        self.stop(0, 0)

    def close(self) -> None:
        """Let go; what still runs is ended by the other side."""
        if self._line is None:
            return
        if not self._over.is_set():
            self._give_up(lost(self._line.session.where, 'this side closed it'))
        self._line.close()
        if self._reader.is_alive() and self._reader is not threading.current_thread():
            self._reader.join(SOON)
        self._line.join()

    def __enter__(self) -> RemoteProcess:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go."""
        self.close()

    def _name(self) -> str:
        return self._line.session.where.name if self._line is not None else 'the machine'

    def _facts(self) -> dict[str, Any]:
        where = self._line.session.where.facts() if self._line is not None else {}
        return {**where, 'command': self.command.words,
                'last_output': bytes(self._tail).decode('utf-8', 'replace')}

    def _give_up(self, error: BaseException) -> None:
        assert self._line is not None
        with self._lock:
            if self._error is None:
                self._error = error
        self._begun.set()
        self._line.session.close()

    def _send(self, kind: bytes, payload: bytes = b'') -> None:
        if self._line is None:
            raise InvalidRequest(f'{self.command.name} does not run: start it first')
        if self._over.is_set():
            if self._exit is None and self._error is not None:
                raise self._error
            return  # it has ended, and needs nothing more
        try:
            self._line.send(kind, payload)
        except (OSError, paramiko.SSHException) as error:
            if self._over.wait(SOON):
                if self._exit is not None:
                    return  # it ended just now
            elif self._line.ended:
                return  # likewise: its end lies behind output that is not read yet
            failure = lost(self._line.session.where, str(error) or 'it is closed')
            self._give_up(failure)
            raise failure from error

    def _read(self) -> None:
        assert self._line is not None
        line, where = self._line, self._line.session.where
        try:
            modules, word = pack_modules(), uuid.uuid4().hex
            rest = line.open(line_for(self.command.python, len(modules), word),
                             modules + order_for(self.command), word)
            for frame in line.frames(rest):
                self._frame(*frame)
            if self._exit is None and self._error is None:
                self._give_up(watchdog_died(where, self.command, *line.last_words()))
        except NoHello as error:
            self._give_up(no_watchdog(where, self.command, error.status, error.said))
        except (OSError, EOFError, paramiko.SSHException) as error:
            self._give_up(lost(where, str(error) or type(error).__name__))
        except LaunchServiceError as error:
            self._give_up(error)
        except BaseException as error:
            self._give_up(error)
            raise
        finally:
            line.close()
            try:
                if self._on_exit is not None and self.pid:
                    self._on_exit(self._exit)
            finally:
                self._over.set()
                self._begun.set()
                with self._may_write:
                    self._may_write.notify_all()

    def _frame(self, kind: bytes, payload: bytes) -> None:
        assert self._line is not None
        if self._error is not None:
            return  # given up already
        if kind in self._takers:
            self._hand_on(kind, payload)
        elif kind == frames.STARTED:
            self.pid = json.loads(payload)['pid']
            self._begun.set()
        elif kind == frames.FAILED:
            self._give_up(could_not_start(self._line.session.where, self.command,
                                          json.loads(payload), bytes(self._tail)))
        elif kind == frames.EXIT:
            told = json.loads(payload)
            self._exit = Exit(told['code'], told['signal'], tuple(told['left']), told['why'])
            if not self.pid:
                self._give_up(ConnectionFailed('stopped before it ran', **self._facts()))
        elif kind == frames.CREDIT:
            with self._may_write:
                self._credit += struct.unpack('>I', payload)[0]
                self._may_write.notify_all()

    def _hand_on(self, kind: bytes, payload: bytes) -> None:
        assert self._line is not None
        if kind == frames.ERR:
            self._tail = (self._tail + payload)[-TAIL:]
        taker = self._takers[kind]
        if taker is not None:
            with self._line.handing_on():
                try:
                    taker(payload)
                except (OSError, EOFError, paramiko.SSHException) as problem:
                    self._give_up(problem)  # not the link's: who waits gets it as it is
