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
from typing import Any
import warnings

from rclpy.exceptions import InvalidHandle
from rclpy.service import Service

#: Seconds between two attempts, each of which waits 100 ms itself, and how many there are.
PAUSE = 0.1
ATTEMPTS = 50

_THREAD = 'late client'


def keep_trying(service: Service, on_error: Callable[[str], object]) -> None:
    """
    Let a service send a response again whose client is not known yet.

    To be called for all services of a process: the warning that it lives by becomes an
    error there.

    :param on_error: takes one line when a client stays unknown.
    """
    # As rclpy words it; a warning can't be caught otherwise where there are threads.
    warnings.filterwarnings('error', 'failed to send response', RuntimeWarning)
    original = service.send_response

    def go_on(response: Any, header: Any) -> None:
        pause = threading.Event()
        for _ in range(ATTEMPTS):
            pause.wait(PAUSE)
            try:
                original(response, header)
                return
            except InvalidHandle:
                return  # the node is going down
            except RuntimeWarning:
                continue
        on_error(f'no response sent to a caller of {service.srv_name}: the middleware has not '
                 'found the way to it; it should ask again')

    def send(response: Any, header: Any) -> None:
        try:
            original(response, header)
        except RuntimeWarning:
            threading.Thread(target=go_on, args=(response, header), daemon=True,
                             name=_THREAD).start()

    service.send_response = send  # type: ignore[method-assign]


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
