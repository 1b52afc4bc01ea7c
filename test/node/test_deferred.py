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

"""Pins how the executors of rclpy treat what a service callback returns."""

import threading
import time

from harness import PATIENCE
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import Trigger

from launch_service_node.node.deferred import Deferred, let_defer
from launch_service_node.node.late_clients import keep_trying


class Server:
    """A node whose `slow` is answered when told, and whose `fast` is answered at once."""

    def __init__(self, context):
        self.node = Node('server', context=context)
        self.errors = []
        self.replies = []
        self.begun = threading.Event()
        self.slow = self.node.create_service(Trigger, '~/slow', self._slow)
        self.fast = self.node.create_service(Trigger, '~/fast', self._fast)
        for service in (self.slow, self.fast):
            keep_trying(service, self.errors.append)
            let_defer(service, self.errors.append)

    def _slow(self, request, response):
        return Deferred(self._begin)

    def _begin(self, reply):
        self.replies.append(reply)
        self.begun.set()

    def _fast(self, request, response):
        response.message = 'fast'
        return response


class Spinning(SingleThreadedExecutor):
    """Counts its turns, and ends when told."""

    def __init__(self, context, node):
        super().__init__(context=context)
        self.turns = 0
        self.add_node(node)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def _go(self):
        while not self._end.is_set():
            self.spin_once()
            self.turns += 1

    def end(self):
        self._end.set()
        self.create_task(lambda: None)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self.shutdown()


@pytest.fixture
def setting():
    context = Context()
    rclpy.init(context=context)
    server = Server(context)
    client = Node('client', context=context)
    spinning = [Spinning(context, server.node), Spinning(context, client)]
    slow = client.create_client(Trigger, '/server/slow')
    fast = client.create_client(Trigger, '/server/fast')
    try:
        assert slow.wait_for_service(PATIENCE) and fast.wait_for_service(PATIENCE)
        yield server, slow, fast, spinning[0]
    finally:
        for each in spinning:
            each.end()
        client.destroy_node()
        server.node.destroy_node()
        context.try_shutdown()


def wait(future):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(PATIENCE), 'no response'
    return future.result()


def test_fast_calls_are_answered_while_a_slow_one_is_pending(setting):
    server, slow, fast, _ = setting
    pending = slow.call_async(Trigger.Request())
    assert server.begun.wait(PATIENCE)
    for _ in range(5):
        assert wait(fast.call_async(Trigger.Request())).message == 'fast'
    assert not pending.done()
    server.replies[0](Trigger.Response(message='slow'))
    assert wait(pending).message == 'slow'


def test_answers_reach_those_who_asked_whatever_their_order(setting):
    server, slow, _, _ = setting
    futures = []
    for _ in range(3):
        server.begun.clear()
        futures.append(slow.call_async(Trigger.Request()))
        assert server.begun.wait(PATIENCE)
    for number in (2, 0, 1):
        server.replies[number](Trigger.Response(message=str(number)))
    assert [wait(future).message for future in futures] == ['0', '1', '2']


def test_the_executor_sleeps_while_an_answer_is_pending(setting):
    server, slow, fast, executor = setting
    pending = slow.call_async(Trigger.Request())
    assert server.begun.wait(PATIENCE)
    wait(fast.call_async(Trigger.Request()))
    before = executor.turns
    time.sleep(0.5)
    assert executor.turns - before < 20
    server.replies[0](Trigger.Response())
    wait(pending)


def test_only_the_first_answer_counts(setting):
    server, slow, _, _ = setting
    pending = slow.call_async(Trigger.Request())
    assert server.begun.wait(PATIENCE)
    server.replies[0](Trigger.Response(message='first'))
    server.replies[0](Trigger.Response(message='second'))
    assert wait(pending).message == 'first'
    assert server.errors == []


def test_an_answer_given_in_the_callback_itself_is_sent(setting):
    server, slow, _, _ = setting
    server._begin = lambda reply: reply(Trigger.Response(message='at once'))
    assert wait(slow.call_async(Trigger.Request())).message == 'at once'


def test_an_answer_after_the_service_is_gone_is_dropped(setting):
    server, slow, _, _ = setting
    slow.call_async(Trigger.Request())
    assert server.begun.wait(PATIENCE)
    server.node.destroy_service(server.slow)
    server.replies[0](Trigger.Response())
    assert server.errors == []
