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

"""Service answers that come later, from another thread, while the executor goes on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.service import Service

RCLError = _rclpy.RCLError

Reply = Callable[[Any], None]


class Deferred:
    """
    What a service callback returns when the response is not known yet.

    :param begin: is called once, with a function that sends the response. That may be
        called from any thread, at once or later, and only its first call counts.
    """

    __slots__ = ('begin',)

    def __init__(self, begin: Callable[[Reply], None]) -> None:
        self.begin = begin


def let_defer(service: Service, on_error: Callable[[str], object]) -> None:
    """
    Let the callback of a service return a Deferred instead of a response.

    rclpy has no answer that comes later. A callback that blocks holds up every other
    callback of a SingleThreadedExecutor, the heartbeat among them, and more threads make
    each call slower. A coroutine keeps its callback group occupied until it ends, and is
    resumed only when something else happens to turn the executor, which then resumes
    every pending one. What an executor does with the result of a callback is
    `service.send_response(response, header)`, nothing more, so that is the place to
    wait: this replaces that method of this one service, keeps the header while the
    answer is pending, and passes it to the original together with the response.
    test/node/test_deferred.py pins this behaviour of the executors.

    :param service: as made by `Node.create_service`.
    :param on_error: takes one line when a response can't be sent; the middleware's
        reasons, such as a client that has gone, are no reason to end an executor.
    """
    original = service.send_response

    def send(response: Any, header: Any) -> None:
        try:
            original(response, header)
        except InvalidHandle:
            pass  # the node is going down: nobody waits for a service that is gone
        except RCLError as error:
            on_error(f'no response sent to a caller of {service.srv_name}: {error}')

    def send_or_defer(response: Any, header: Any) -> None:
        if isinstance(response, Deferred):
            response.begin(_Once(partial(send, header=header)))
        else:
            send(response, header)

    service.send_response = send_or_defer  # type: ignore[method-assign]


class _Once:
    """A function of which only the first call counts."""

    __slots__ = ('_function',)

    def __init__(self, function: Reply) -> None:
        self._function: list[Reply] = [function]

    def __call__(self, response: Any) -> None:
        try:
            function = self._function.pop()  # atomic, so no two threads get it
        except IndexError:
            return
        function(response)
