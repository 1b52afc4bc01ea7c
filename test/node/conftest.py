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

"""What the tests of the node share: a robot with a node, a caller, and a fake supervisor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import socket
import subprocess
import sys
import threading
import time
import types
from typing import Any

from domains import own_domain
from harness import Lab, PATIENCE
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from launch_service_node.instance import instance_dir, SOCKET_NAME
from launch_service_node.protocol import decode, encode, PROTOCOL

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}


class NodeProcess:
    """A LaunchServiceNode in a process of its own, and what it says."""

    def __init__(self, popen: subprocess.Popen[str], namespace: str) -> None:
        self.popen = popen
        self.namespace = namespace
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait_line(self, words: str) -> str:
        """Return the first line that holds these words, as soon as it is there."""
        def found() -> list[str]:
            return [line for line in self.lines if words in line]
        with self._changed:
            self._changed.wait_for(lambda: found() or not self._thread.is_alive(), PATIENCE)
            assert found(), f'no line with {words!r} in:\n' + '\n'.join(self.lines)
            return found()[0]

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.popen.send_signal(number)

    def wait(self) -> int:
        """Return the exit code, when all of its output is read."""
        code = self.popen.wait(PATIENCE)
        self._thread.join(PATIENCE)
        return code

    @property
    def said(self) -> str:
        """Return all that it has said."""
        return '\n'.join(self.lines)

    def _read(self) -> None:
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            with self._changed:
                self.lines.append(line.rstrip('\n'))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


class Robot:
    """Runs nodes in a lab, by default of /robot1 with one executable that sleeps."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._nodes: list[NodeProcess] = []

    def node(self, *entries: dict[str, Any], namespace: str = '/robot1', managed: bool = False,
             ready: bool = True, arguments: tuple[str, ...] = (),
             **parameters: Any) -> NodeProcess:
        """
        Start a node.

        :param entries: the allow-list; none: that of before, or with `allow_list` false
            no allow-list at all.
        :param ready: whether to wait until it is.
        """
        if entries:
            parameters['allowable_processes'] = self.lab.allow_list(*entries)
        command = [sys.executable, '-m', 'launch_service_node.node.main',
                   *(['--managed'] if managed else []), '--ros-args', '-r', f'__ns:={namespace}']
        for name, value in parameters.items():
            command += ['-p', f'{name}:={value}']
        popen = subprocess.Popen(
            command + list(arguments), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, cwd=self.lab.folder, start_new_session=True,
            env={**self.lab.environment, 'ROS_LOG_DIR': str(self.lab.folder / 'log')})
        node = NodeProcess(popen, namespace)
        self._nodes.append(node)
        if ready:
            node.wait_line('ready: ')
        return node

    def close(self) -> None:
        """End the nodes; what they said is shown with a test that fails."""
        for node in self._nodes:
            if node.popen.poll() is None:
                node.popen.kill()
            node.wait()
            print(node.said)
            assert node.popen.stderr is not None
            node.popen.stderr.close()


class Caller:
    """A plain rclpy node of another process than the one it calls."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node('caller', context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)

    def begin(self, service_type: Any, name: str, /, namespace: str = '/robot1',
              **fields: Any) -> Any:
        """Send a request, and return the future of its response."""
        client = self.node.create_client(service_type, f'{namespace}/launch_service/{name}')
        assert client.wait_for_service(PATIENCE), f'no service {name}'
        return client.call_async(service_type.Request(**fields))

    def finish(self, future: Any) -> Any:
        """Wait for a response."""
        self._executor.spin_until_future_complete(future, PATIENCE)
        assert future.done(), 'no response'
        return future.result()

    def call(self, service_type: Any, name: str, /, namespace: str = '/robot1',
             **fields: Any) -> Any:
        """Send a request, and return the response."""
        return self.finish(self.begin(service_type, name, namespace, **fields))

    def spin_until(self, what: Callable[[], Any]) -> Any:
        """Run callbacks until a condition gives something true, and return that."""
        deadline = time.monotonic() + PATIENCE
        while not (found := what()):
            assert time.monotonic() < deadline, f'not so in {PATIENCE} s: {what}'
            self._executor.spin_once(timeout_sec=0.05)
        return found

    def listen(self, message_type: Any, topic: str, qos: Any, **more: Any) -> list[Any]:
        """Return a list that gets the messages of a topic."""
        heard: list[Any] = []
        self.node.create_subscription(message_type, topic, heard.append, qos, **more)
        return heard

    def close(self) -> None:
        """End it."""
        self._executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()


@pytest.fixture(scope='module', autouse=True)
def domain() -> Iterator[int]:
    """Keep a ROS domain for the tests of a module alone, whatever else runs on this host."""
    with own_domain() as number:
        yield number


@pytest.fixture
def robot(lab: Lab) -> Iterator[Robot]:
    """Give a robot on which nothing runs yet."""
    robot = Robot(lab)
    yield robot
    robot.close()


@pytest.fixture
def caller() -> Iterator[Caller]:
    """Give a node that calls."""
    caller = Caller()
    yield caller
    caller.close()


@pytest.fixture
def another_caller() -> Iterator[Callable[[], Caller]]:
    """
    Give a function that makes a caller that knows nothing of nodes that were killed.

    To the one of before a killed node is there until its lease ends, and takes requests.
    """
    callers = []

    def make() -> Caller:
        callers.append(Caller())
        return callers[-1]
    yield make
    for caller in callers:
        caller.close()


Message = dict[str, Any]

HELLO = {'protocol': PROTOCOL, 'version': 'fake', 'pid': 1, 'instance_id': 'f',
         'namespace': '/fake'}


class FakeSupervisor:
    """
    Listens at the socket of an instance, and answers what a test tells it to.

    :ivar answers: op: function from a request to the fields of its answer, or to None for
        no answer; an op that is left out is answered with ok.
    """

    def __init__(self, namespace: str, home: str) -> None:
        folder = instance_dir(namespace, home)
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, SOCKET_NAME)
        self.answers: dict[str, Callable[[Message], Message | None]] = {
            'attach': lambda request: {'processes': [], 'instance': {}}}
        self.requests: list[Message] = []
        self.connections: list[socket.socket] = []
        self._changed = threading.Condition()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def wait(self, ready: Callable[[FakeSupervisor], Any]) -> Any:
        """Wait until a function of this returns something true, and return that."""
        with self._changed:
            assert self._changed.wait_for(lambda: ready(self), PATIENCE), 'waited in vain'
            return ready(self)

    def asked(self, op: str) -> list[Message]:
        """Return the requests of an operation."""
        return [request for request in self.requests if request['op'] == op]

    def say(self, message: Message) -> None:
        """Send a message on the newest connection."""
        self.connections[-1].sendall(encode(message))

    def hang_up(self) -> None:
        """Close all connections that there are, and listen on."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other end was faster

    def close(self) -> None:
        """Listen no more, and close everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        os.unlink(self.path)
        self.hang_up()
        for thread in self._threads:
            thread.join(PATIENCE)
        for connection in self.connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            with self._changed:
                self.connections.append(connection)
                self._changed.notify_all()
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.sendall(encode({'hello': HELLO}))
            with connection.makefile('rb') as lines:
                for line in lines:
                    self._answer(connection, decode(line))
        except OSError:
            pass  # the client has gone, as some tests want

    def _answer(self, connection: socket.socket, request: Message) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        answer = self.answers.get(request['op'], lambda request: {})(request)
        if answer is not None:
            connection.sendall(encode({'id': request['id'], 'ok': True, 'code': 0,
                                       'message': '', **answer}))


class World:
    """
    A fake supervisor of /fake, in place of a real one that could be started.

    :ivar on_start: what happens when a supervisor is asked for.
    """

    namespace = '/fake'

    def __init__(self, home: Path) -> None:
        self.home = str(home)
        self.supervisor = FakeSupervisor(self.namespace, self.home)
        self.starts = 0
        self.on_start: Callable[[], object] = self.start

    def start(self) -> None:
        """Have a new supervisor instead of the one that was closed."""
        self.supervisor = FakeSupervisor(self.namespace, self.home)

    def ensure_supervisor(self, namespace: str, home: str | None = None,
                          timeout: float = 10.0) -> None:
        """Stand in for the function of launch_service_node.starting."""
        self.starts += 1
        self.on_start()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Give a fake supervisor."""
    world = World(tmp_path)
    module = types.ModuleType('launch_service_node.starting')
    module.ensure_supervisor = world.ensure_supervisor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, 'launch_service_node.starting', module)
    yield world
    world.supervisor.close()
