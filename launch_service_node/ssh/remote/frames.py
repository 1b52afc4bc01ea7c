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
The frames of a life line, over stdin and stdout.

One letter, four bytes of length, the payload. No call blocks, and what can't be sent
is kept; `full` says when no more should be read that would have to be sent.
"""

from __future__ import annotations

import json
import os
import struct

HEAD = struct.Struct('>cI')

#: To the watchdog.
START, INPUT, INPUT_END, PING, SIGNAL, STOP = b'S', b'I', b'E', b'P', b'G', b'T'
#: From it.
STARTED, FAILED, OUT, ERR, EXIT, PONG, CREDIT = b'R', b'F', b'O', b'X', b'Z', b'p', b'C'

#: Bytes of input that may be under way.
WINDOW = 1 << 18

#: Bytes to read or write at once.
BLOCK = 1 << 16

_MOST_UNSENT = 1 << 18


def hello(word: str) -> bytes:
    """Return what comes before the first frame: a login shell may have spoken before."""
    return f'\0launch_service_node {word}\0'.encode()


def pack(kind: bytes, payload: bytes = b'') -> bytes:
    """Return a frame."""
    return HEAD.pack(kind, len(payload)) + payload


def unpack(received: bytearray) -> list[tuple[bytes, bytes]]:
    """Take the frames that are whole out of what was received; kind and payload each."""
    frames, at = [], 0
    while len(received) - at >= HEAD.size:
        kind, length = HEAD.unpack_from(received, at)
        end = at + HEAD.size + length
        if len(received) < end:
            break
        frames.append((kind, bytes(received[at + HEAD.size:end])))
        at = end
    del received[:at]
    return frames


class Link:
    """Frames over two descriptors that never block."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self.read_fd, self.write_fd = read_fd, write_fd
        self.unsent = bytearray()
        self.deaf = False
        self._received = bytearray()
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    @property
    def full(self) -> bool:
        """Say whether nothing more should be read that has to be sent."""
        return len(self.unsent) >= _MOST_UNSENT

    def send(self, kind: bytes, payload: bytes = b'') -> None:
        """Queue a frame; forget it when nobody listens."""
        if not self.deaf:
            self.unsent += pack(kind, payload)

    def say(self, frame: bytes, **facts: object) -> None:
        """Queue a frame of facts."""
        self.send(frame, json.dumps(facts).encode())

    def flush(self) -> bool:
        """Send what can be sent; False when nobody is there to take it."""
        while self.unsent:
            try:
                sent = os.write(self.write_fd, self.unsent[:BLOCK])
            except BlockingIOError:
                break
            except OSError:
                return False
            del self.unsent[:sent]
        return True

    def receive(self) -> list[tuple[bytes, bytes]] | None:
        """Return the frames that have come, None at the end of them."""
        try:
            data = os.read(self.read_fd, BLOCK)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        self._received += data
        return unpack(self._received)

    def hang_up(self) -> None:
        """Talk to nobody from now on."""
        self.deaf = True
        self.unsent.clear()
