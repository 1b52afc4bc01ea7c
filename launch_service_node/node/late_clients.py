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
Responses to clients that the middleware does not know yet.

A program such as `ros2 service call` makes a client and asks at once. Its request can be
here before discovery has told this side where its responses go: rmw_fastrtps then waits
100 ms, drops the response (`RMW_RET_TIMEOUT`), rclpy warns, and whoever asked waits for
ever. A loaded robot takes longer than that. So the response is sent again until it goes.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any, TextIO
import warnings

from rclpy.exceptions import InvalidHandle
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.service import Service

#: Seconds between two attempts, each of which waits 100 ms itself, and how many there are.
PAUSE = 0.1
ATTEMPTS = 50

_THREAD = 'late client'
_WARNING = 'failed to send response'  # as rclpy words it

_OnError = Callable[[str], object]
_Send = Callable[[Any, Any], None]


def keep_trying(service: Service, on_error: _OnError) -> None:
    """
    Let a service send a response again whose client is not known yet.

    To be called for all services of a process: rclpy's warning of it is no longer shown.

    :param on_error: takes one line when a response can't be sent after all.
    """
    _notice_warnings()
    original = service.send_response

    def send(response: Any, header: Any) -> None:
        if not _sent(original, response, header):
            threading.Thread(target=_go_on, args=(original, response, header,
                                                  service.srv_name, on_error),
                             daemon=True, name=_THREAD).start()

    service.send_response = send  # type: ignore[method-assign]


def _go_on(send: _Send, response: Any, header: Any, name: str, on_error: _OnError) -> None:
    reason = 'the middleware has not found the way to it; it should ask again'
    pause = threading.Event()
    for _ in range(ATTEMPTS):
        pause.wait(PAUSE)
        try:
            if _sent(send, response, header):
                return
        except InvalidHandle:
            return  # the node is going down
        except _rclpy.RCLError as error:
            reason = str(error)
            break
    on_error(f'no response sent to a caller of {name}: {reason}')


class _Warned(threading.local):
    """Whether rclpy has warned in this thread."""

    yes = False


_warned = _Warned()


def _sent(send: _Send, response: Any, header: Any) -> bool:
    """Send a response, and return whether the middleware took it."""
    _warned.yes = False
    send(response, header)
    return not _warned.yes


def _notice_warnings() -> None:
    # A filter that makes it an error would be shorter, but rclpy warns from C++ and looks no
    # further: Python then calls its result a SystemError.
    shown = warnings.showwarning
    if getattr(shown, 'notices_late_clients', False):
        return

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int,
             file: TextIO | None = None, line: str | None = None) -> None:
        if issubclass(category, RuntimeWarning) and str(message).startswith(_WARNING):
            _warned.yes = True
        else:
            shown(message, category, filename, lineno, file, line)

    show.notices_late_clients = True  # type: ignore[attr-defined]
    warnings.filterwarnings('always', _WARNING, RuntimeWarning)  # not only the first time
    warnings.showwarning = show


def wait_sent(timeout: float) -> bool:
    """
    Wait until every response is sent whose client was not known, and say whether there was one.

    :param timeout: seconds for all of them.
    """
    late = [thread for thread in threading.enumerate() if thread.name == _THREAD]
    deadline = time.monotonic() + timeout
    for thread in late:
        thread.join(max(0.0, deadline - time.monotonic()))
    return bool(late)
