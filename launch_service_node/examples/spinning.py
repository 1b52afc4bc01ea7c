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

"""What the example nodes share: spin until Ctrl-C or SIGTERM, and end without a traceback."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node


def spin_until_told(make_node: Callable[[], Node], ros_arguments: Sequence[str]) -> int:
    """
    Make a node, serve it until a signal ends the program, and return the exit code, 0.

    :param make_node: called once ROS is up.
    :param ros_arguments: the words of the command line, the program's name first.
    """
    rclpy.init(args=list(ros_arguments))
    try:
        rclpy.spin(make_node())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        # A signal shuts ROS down wherever the program is; a publisher then has no context.
        if rclpy.ok():
            raise
    finally:
        _shut_down()
    return 0


def _shut_down() -> None:
    try:
        rclpy.try_shutdown()
    except RuntimeError:
        # The thread that takes the signal does the same, and may be faster by that much.
        if rclpy.ok():
            raise
