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

"""The Unix socket: who may connect, lines in, lines out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import os
import socket
import struct
import sys
from typing import Any

from ..errors import ResultCode
from ..protocol import at_socket, decode, encode, LineBuffer, Message
from .kernel.loop import Loop, Timer
from .requests import plain

#: Bytes that may wait for a client that does not read, besides the longest line: an answer
#: may be longer than this by itself.
MAX_QUEUE = 8 * 1024 * 1024

#: Bytes that may wait for a client while further requests of it are taken.
_AHEAD = 1024 * 1024

#: Seconds that the requests of one client may take before others have their turn.
_TURN = 0.01

#: Clients at a time: descriptors have to be left for the processes.
MAX_CLIENTS = 200

#: Seconds until clients are taken again after the descriptors ran out.
_RETRY = 0.2

#: Seconds that a client has, and all of them together, to take what is left for them.
_LAST_WORD = 0.5
_LAST_WORDS = 2.0

_UCRED = struct.Struct('3i')

#: Takes a connection and a request; answers through the connection, now or later.
Handler = Callable[['Connection', Message], object]


class Connection:
    """
    A client.

    :ivar peer: (pid, uid) of the process that connected, as the kernel knows it.
    :ivar subscribed: whether it gets events.
    """

    def __init__(self, server: Server, conn: socket.socket, peer: tuple[int, int]) -> None:
        self._server = server
        self._socket = conn
        self._lines = LineBuffer()
        self._requests: deque[bytes] = deque()
        self._turn: Timer | None = None
        self._queue: deque[memoryview] = deque()
        self._queued = 0
        self._longest = 0
        self._fd = conn.fileno()
        self.peer = peer
        self.subscribed = False
        self.closed = False
        self.on_close: list[Callable[[], object]] = []

    def answer(self, request: Message, **fields: Any) -> None:
        """Answer a request that succeeded."""
        self.send(encode({'id': plain(request.get('id')), 'ok': True, 'code': 0, 'message': '',
                          **fields}))

    def refuse(self, request: Message, code: int, message: str, **fields: Any) -> None:
        """Answer a request that did not."""
        self.send(encode({'id': plain(request.get('id')), 'ok': False, 'code': int(code),
                          'message': message, **fields}))

    def send(self, line: bytes) -> None:
        """Send a line, now or when the client reads; one that never reads is disconnected."""
        if self.closed:
            return
        left = memoryview(line)  # a long one goes in many pieces, and is not copied for each
        if not self._queue:
            try:
                sent = self._socket.send(left)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.close()
                return
            left = left[sent:]
            if not left:
                return
            self._longest = 0
        self._queue.append(left)
        self._queued += len(left)
        self._longest = max(self._longest, len(left))
        if self._queued - self._longest > MAX_QUEUE:
            print(f'client with pid {self.peer[0]} does not read; disconnected', file=sys.stderr)
            self.close()
            return
        self._watch()

    def flush(self, seconds: float) -> None:
        """Send what waits, before the end, for so many seconds at most."""
        if self.closed or not self._queue:
            return
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(b''.join(self._queue))
        except OSError:
            pass  # it went away or does not read; this is the end anyway
        self._queue.clear()

    def close(self) -> None:
        """Disconnect it."""
        if self.closed:
            return
        self.closed = True
        self._server.loop.unwatch(self._fd)
        self._socket.close()
        self._server.connections.discard(self)
        for call in self.on_close:
            call()

    def begin(self) -> None:
        """Read requests from now on."""
        self._watch()

    def _watch(self) -> None:
        # What it asked for is done before more is read: it waits then, and nobody else.
        events = (0 if self._requests else Loop.READ) | (Loop.WRITE if self._queue else 0)
        self._server.loop.watch(self._fd, self._on_ready, events)

    def _on_ready(self, events: int) -> None:
        if events & Loop.WRITE:
            self._write()
        if not self.closed and events & ~Loop.WRITE:
            self._read()

    def _write(self) -> None:
        while self._queue:
            line = self._queue.popleft()
            try:
                sent = self._socket.send(line)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.close()
                return
            self._queued -= sent
            if sent < len(line):
                self._queue.appendleft(line[sent:])
                return
            if self._queued <= _AHEAD:
                self._next_turn()
        self._watch()

    def _read(self) -> None:
        try:
            data = self._socket.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            data = b''
        if not data:
            self.close()
            return
        try:
            lines = self._lines.feed(data)
        except ValueError as error:
            self.refuse({}, ResultCode.REQUEST_TOO_LARGE, f'request refused: {error}')
            self.flush(1.0)
            self.close()
            return
        self._requests += lines
        self._take_turn()

    def _next_turn(self) -> None:
        if self._requests and self._turn is None:
            self._turn = self._server.loop.after(0, self._take_turn)

    def _take_turn(self) -> None:
        self._turn = None
        end = self._server.loop.now() + _TURN
        try:
            while self._requests and not self.closed and self._queued <= _AHEAD:
                self._take(self._requests.popleft())
                if self._server.loop.now() >= end:
                    break
        finally:  # also behind a request that met a defect
            if not self.closed:
                if self._queued <= _AHEAD:
                    self._next_turn()
                self._watch()

    def _take(self, line: bytes) -> None:
        try:
            request = decode(line)
        except (ValueError, RecursionError) as error:
            self.refuse({}, ResultCode.INVALID_REQUEST, f'a request is one JSON object: {error}')
            return
        self._server.handler(self, request)


class Server:
    """
    Listens on the socket of an instance.

    :param greeting: what every client is told first.
    :param handler: takes each request.
    :param max_clients: at a time.
    :param on_stranger: told of the (pid, uid) of whoever is not let in, and the reason.
    """

    def __init__(self, loop: Loop, path: str, greeting: Message, handler: Handler,
                 on_stranger: Callable[[tuple[int, int], str], object],
                 max_clients: int = MAX_CLIENTS) -> None:
        self.loop = loop
        self.handler = handler
        self._on_stranger = on_stranger
        self._max_clients = max_clients
        self._short = False
        self.connections: set[Connection] = set()
        self.path = path
        self._greeting = encode({'hello': greeting})
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if os.path.lexists(path):
            os.unlink(path)  # the lock is held: whoever left it is gone
        at_socket(path, self._socket.bind)
        os.chmod(path, 0o600)
        self._socket.listen(128)
        loop.watch(self._socket.fileno(), self._on_connect)

    def broadcast(self, message: Message) -> None:
        """Send an event to all who subscribed."""
        subscribers = [one for one in self.connections if one.subscribed]
        if subscribers:
            line = encode(message)
            for connection in subscribers:
                connection.send(line)

    def close(self) -> None:
        """Stop to listen, give every client what is left for it, and disconnect all."""
        self.loop.unwatch(self._socket.fileno())
        self._socket.close()
        try:
            os.unlink(self.path)
        except OSError:
            pass  # gone, or the disk may only be read: nobody listens there any more
        end = self.loop.now() + _LAST_WORDS
        for connection in tuple(self.connections):
            connection.flush(min(_LAST_WORD, max(0.0, end - self.loop.now())))
            connection.close()

    def _listen_again(self) -> None:
        if self._socket.fileno() >= 0:
            self.loop.watch(self._socket.fileno(), self._on_connect)

    def _on_connect(self, _: int) -> None:
        try:
            conn, _address = self._socket.accept()
        except BlockingIOError:
            return
        except OSError as error:
            # Out of descriptors: the client waits in the queue of the socket meanwhile.
            if not self._short:
                print(f'cannot take a client: {error.strerror}; trying again', file=sys.stderr)
            self._short = True
            self.loop.unwatch(self._socket.fileno())
            self.loop.after(_RETRY, self._listen_again)
            return
        self._short = False
        pid, uid, _gid = _UCRED.unpack(
            conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        conn.setblocking(False)
        connection = Connection(self, conn, (pid, uid))
        complaint = ''
        if uid not in (0, os.geteuid()):
            complaint = (f'uid {uid} may not talk to this instance; it belongs to uid '
                         f'{os.geteuid()}, who and root may')
            connection.refuse({}, ResultCode.PERMISSION_DENIED, complaint)
            self._on_stranger((pid, uid), complaint)
        elif len(self.connections) >= self._max_clients:
            complaint = (f'{self._max_clients} clients are connected, no more are taken; '
                         'close some')
            connection.refuse({}, ResultCode.LIMIT_REACHED, complaint)
        if complaint:
            connection.close()
            return
        self.connections.add(connection)
        connection.send(self._greeting)
        if not connection.closed:
            connection.begin()
