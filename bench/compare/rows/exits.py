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

"""From the exit of a process to the ProcessStatus that a subscriber gets of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
import signal
import subprocess
import sys
import time
from typing import Any

from ..bench import Bench, interleaved
from ..figures import Line, Series
from ..ours import instance, NAMESPACE, PATIENCE

#: Publishes one when told to: what one way through the middleware takes.
PING = """
import sys, time
import rclpy
from launch_service_node.msg import ProcessStatus
from launch_service_node.node.qos import process_status
rclpy.init()
publisher = rclpy.create_node('ping').create_publisher(
    ProcessStatus, '/bench_ping', process_status(1024))
message = ProcessStatus(process_name='sleeper', executable_id='sleeper', node_name='/bench/ping')
for line in sys.stdin:
    message.resident_bytes = time.monotonic_ns()
    publisher.publish(message)
"""


class Listener:
    """A subscriber that waits for one message at a time."""

    def __init__(self) -> None:
        from launch_service_node.msg import ProcessStatus
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.node import Node

        from launch_service_node.node.qos import process_status
        self._context = Context()
        self._context.init()
        self.node = Node('bench_listener', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._heard: list[tuple[int, Any]] = []
        self._subscriptions = [self.node.create_subscription(
            ProcessStatus, topic, self._hear, process_status(1024))
            for topic in (f'{NAMESPACE}/launch_service/process_status', '/bench_ping')]

    def _hear(self, message: Any) -> None:
        self._heard.append((time.monotonic_ns(), message))

    def wait(self, wanted: Callable[[Any], bool], patience: float = PATIENCE) -> tuple[int, Any]:
        """
        Return when a message came, in ns of the monotonic clock, and the message.

        :raises TimeoutError: none came.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            while self._heard:
                at, message = self._heard.pop(0)
                if wanted(message):
                    return at, message
            self._executor.spin_once(timeout_sec=0.1)
        raise TimeoutError('the subscriber hears nothing')

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()


def exits(bench: Bench) -> Iterator[Line]:
    """Kill a process; a subscriber hears of it. Beside one way of such a message."""
    listener = Listener()
    ping = subprocess.Popen([sys.executable, '-c', PING], stdin=subprocess.PIPE, text=True,
                            env=bench.environment, start_new_session=True)
    try:
        with instance(bench, 1, max_start_rate=0.0) as ours:
            def status() -> float:
                process = ours.supervisor.call('start', cmd='sleeper', name='one')['process']
                number = process['process_id']
                listener.wait(lambda one: one.process_id == number and one.process_status == 1)
                begin = time.monotonic_ns()
                os.kill(process['os_pid'], signal.SIGKILL)  # its parent has not reaped it
                at, told = listener.wait(
                    lambda one: one.process_id == number and one.process_status != 1)
                assert told.exit_known and told.term_signal == signal.SIGKILL
                return (at - begin) / 1e9

            def one_way() -> float:
                say(ping)
                at, told = listener.wait(lambda one: one.node_name == '/bench/ping')
                return (at - told.resident_bytes) / 1e9

            say(ping)
            listener.wait(lambda one: one.node_name == '/bench/ping')
            found = interleaved(bench.times(80), status, one_way)
    finally:
        ping.kill()
        ping.wait()
        listener.close()
    yield Line('exit', 'exit to a subscriber', Series.milliseconds('ours', found[0]),
               Series.milliseconds('one way through DDS', found[1]), 1.5, plus=1.0)


def say(popen: subprocess.Popen[str]) -> None:
    """Have the ping go out."""
    assert popen.stdin is not None
    popen.stdin.write('\n')
    popen.stdin.flush()
