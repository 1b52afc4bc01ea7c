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

"""A place on the ROS graph for a program that has none: context, node and spinning thread."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any

from ..domain import wrong_domain
from ..errors import Unreachable
from .explain import no_domain, no_ros
from .loading import LOADING


class RosSession:
    """
    Joins the ROS graph with a context of its own, and leaves it in `close`.

    Installs no signal handlers, reads no command line, offers no parameters and no
    /rosout. The end of Python closes it too.

    :param name: of the node; a leading underscore hides it from `ros2 node list`.
    :param domain_id: None: as ROS_DOMAIN_ID says.
    :raises Unreachable: when rclpy or a middleware cannot be loaded, or refuses.
    """

    def __init__(self, name: str | None = None, domain_id: int | None = None) -> None:
        try:
            with LOADING:
                import rclpy
                from rclpy.context import Context
                from rclpy.executors import SingleThreadedExecutor
                from rclpy.utilities import get_rmw_implementation_identifier
        except ImportError as error:
            raise no_ros(error) from error
        self._stop = threading.Event()
        self._context: Any = Context()
        try:
            self._context.init(args=[], domain_id=domain_id)  # None is the command line
            wrong = wrong_domain(self._context.get_domain_id(),
                                 get_rmw_implementation_identifier())
            if wrong:
                raise no_domain(wrong)
            self.node = rclpy.create_node(
                name or f'_launch_service_client_{os.getpid()}', context=self._context,
                use_global_arguments=False, enable_rosout=False, start_parameter_services=False)
            self._executor = SingleThreadedExecutor(context=self._context)
        except Unreachable:
            self._context.try_shutdown()
            raise
        except (RuntimeError, ImportError) as error:  # RCLError and its kin are RuntimeErrors
            self._context.try_shutdown()
            raise no_ros(error) from error
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name='ros session', daemon=True)
        self._thread.start()
        # Python ends threads where they are, and in the middleware that aborts the process.
        atexit.register(self.close)

    def close(self, timeout: float = 5.0) -> None:
        """Leave the graph; may be repeated. Waits up to `timeout` seconds for the thread."""
        if self._stop.is_set():
            return
        self._stop.set()
        atexit.unregister(self.close)
        self._executor.create_task(int)  # `wake` would not end a spin_once
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self._executor.shutdown(timeout_sec=timeout)
            self.node.destroy_node()
        self._context.try_shutdown()

    def __enter__(self) -> RosSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spin(self) -> None:
        try:
            while not self._stop.is_set() and self._context.ok():
                self._executor.spin_once(timeout_sec=1.0)
        except RuntimeError:
            if not self._stop.is_set():  # `close` waits for this thread, but not for ever
                raise
