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
The messages between a supervisor and its clients, and the client.

docs/protocol.md is the contract. Standard library only, and nothing that waits
without a bound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import json
import os
import socket
import time
from typing import Any

from .errors import error_from_code, InstanceError, ResultCode, Unreachable
from .instance import instance_dir, SOCKET_NAME

PROTOCOL = 1

#: Bytes of a request. Answers and events may be longer.
MAX_LINE = 4 * 1024 * 1024
_CHUNK = 256 * 1024

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, separators=(',', ':')).encode() + b'\n'


def decode(line: bytes) -> Message:
    """
    Return the message in a line.

    :raises ValueError: when it is not one JSON object in UTF-8.
    """
    message = json.loads(line.decode())
    if not isinstance(message, dict):
        raise ValueError('a message is a JSON object')
    return message


class LineBuffer:
    """
    Cuts a stream of bytes into lines.

    :param limit: bytes of a line; None: it may be of any length.
    """

    def __init__(self, limit: int | None = MAX_LINE) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """
        Take bytes and return the lines that they complete, without their ends.

        :raises ValueError: when a line grows past the limit.
        """
        self._rest += data
        lines = []
        start = 0
        while (end := self._rest.find(b'\n', max(start, self._searched))) >= 0:
            lines.append(bytes(self._rest[start:end]))
            start = end + 1
        del self._rest[:start]
        self._searched = len(self._rest)
        limit = self._limit
        if limit is not None and (
                self._searched > limit or any(len(line) > limit for line in lines)):
            raise ValueError(f'a line of more than {limit} bytes')
        return lines


def at_socket(path: str, act: Callable[[str], object]) -> None:
    """Bind or connect at a socket path of any length: the kernel takes only 107 bytes."""
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        act(f'/proc/self/fd/{folder}/{os.path.basename(path)}')
    finally:
        os.close(folder)


class SupervisorClient:
    """
    A connection to the supervisor of an instance, with calls that wait for their answer.

    One thread at a time. Events that arrive during a call are kept for `events`.

    :param namespace: of the instance.
    :param home: the folder of all instances; None: where this user has it.
    :param connect_timeout: seconds to wait for the supervisor's first line.
    :raises Unreachable: when no supervisor runs there, or it does not answer.
    :raises NotAllowed: when it serves neither this user nor root.
    """

    def __init__(self, namespace: str, home: str | None = None,
                 connect_timeout: float = 5.0) -> None:
        self.namespace = namespace
        self.path = os.path.join(instance_dir(namespace, home), SOCKET_NAME)
        self._lines: deque[Message] = deque()
        self._events: deque[Message] = deque()
        self._buffer = LineBuffer(None)  # what the own supervisor answers is as long as it is
        self._last_id = 0
        try:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            raise self._unreachable(error) from error
        try:
            self._socket.settimeout(connect_timeout)
            at_socket(self.path, self._socket.connect)
            greeting = self._receive(time.monotonic() + connect_timeout)
        except OSError as error:
            self._socket.close()
            raise self._unreachable(error) from error
        except Unreachable:
            self._socket.close()
            raise
        if 'hello' not in greeting:
            self._socket.close()
            raise error_from_code(greeting.get('code', ResultCode.INTERNAL_ERROR),
                                  str(greeting.get('message', 'refused')))
        self.hello: Message = greeting['hello']
        if self.hello.get('protocol') != PROTOCOL:
            self._socket.close()
            raise InstanceError(
                f'the supervisor of {namespace} is version {self.hello.get("version")} and speaks '
                f'protocol {self.hello.get("protocol")}, this is protocol {PROTOCOL}: '
                'restart it with `launch-service down` and `up`')

    def call(self, op: str, timeout: float = 10.0, **fields: Any) -> Message:
        """
        Ask, and return the answer.

        :param timeout: seconds to wait for it.
        :raises LaunchServiceError: of the class that fits the code, when the answer is not ok;
            the whole answer is in its `facts`.
        :raises Unreachable: when there is no answer in time, or the connection is lost.
        """
        answer = self.ask(op, timeout, **fields)
        if not answer.get('ok'):
            facts = {key: value for key, value in answer.items()
                     if key not in ('id', 'ok', 'code', 'message')}
            raise error_from_code(answer.get('code', ResultCode.INTERNAL_ERROR),
                                  answer.get('message', ''), **facts)
        return answer

    def ask(self, op: str, timeout: float = 10.0, **fields: Any) -> Message:
        """Ask, and return the answer, also one that is not ok."""
        self._last_id += 1
        number = self._last_id
        deadline = time.monotonic() + timeout
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(encode({'id': number, 'op': op, **fields}))
            while True:
                message = self._receive(deadline)
                if 'event' in message:
                    self._events.append(message)
                elif message.get('id') in (number, None):
                    return message
        except OSError as error:
            raise self._unreachable(error) from error

    def next_event(self, timeout: float) -> Message | None:
        """
        Return the next event, or None when there is none within `timeout` seconds.

        :raises Unreachable: when the connection is lost.
        """
        if self._events:
            return self._events.popleft()
        deadline = time.monotonic() + timeout
        try:
            while True:
                message = self._receive(deadline)
                if 'event' in message:
                    return message
        except TimeoutError:
            return None
        except OSError as error:
            raise self._unreachable(error) from error

    def close(self) -> None:
        """Close the connection; no error when it is closed already."""
        self._socket.close()

    def __enter__(self) -> SupervisorClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self, deadline: float) -> Message:
        while not self._lines:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            data = self._socket.recv(_CHUNK)
            if not data:
                raise Unreachable(
                    f'the supervisor of {self.namespace} closed the connection',
                    ResultCode.SUPERVISOR_UNAVAILABLE)
            self._lines.extend(self._messages(data))
        return self._lines.popleft()

    def _messages(self, data: bytes) -> list[Message]:
        try:
            return [decode(line) for line in self._buffer.feed(data)]
        except ValueError as error:
            raise Unreachable(f'the supervisor of {self.namespace} does not keep to the protocol: '
                              f'{error}', ResultCode.SUPERVISOR_UNAVAILABLE) from error

    def _unreachable(self, error: OSError) -> Unreachable:
        if isinstance(error, TimeoutError):
            return Unreachable(f'the supervisor of {self.namespace} does not answer in time',
                               ResultCode.TIMED_OUT)
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            return Unreachable(
                f'no instance {self.namespace} runs here for this user; '
                f'start one with `launch-service up {self.namespace}`',
                ResultCode.SUPERVISOR_UNAVAILABLE)
        return Unreachable(
            f'cannot reach the supervisor of {self.namespace} at {self.path}: {error.strerror}',
            ResultCode.SUPERVISOR_UNAVAILABLE)
