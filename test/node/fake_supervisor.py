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

"""A supervisor that answers what a test tells it to, over a real socket."""

import os
import socket
import threading
import types

from launch_service_node.instance import instance_dir, SOCKET_NAME
from launch_service_node.protocol import decode, encode, PROTOCOL

HELLO = {'protocol': PROTOCOL, 'version': 'fake', 'pid': 1, 'instance_id': 'f',
         'namespace': '/fake'}


class FakeSupervisor:
    """
    Listens at the socket of an instance.

    :param answers: op: function from a request to an answer's fields, or to None for
        no answer; an op that is left out is answered with ok.
    """

    def __init__(self, namespace, home, answers=None):
        folder = instance_dir(namespace, home)
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, SOCKET_NAME)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.answers = {'attach': lambda request: {'processes': [], 'instance': {}},
                        **(answers or {})}
        self.requests = []
        self.connections = []
        self._changed = threading.Condition()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def wait(self, ready, timeout=20.0):
        """Wait until a function of this returns something true, and return that."""
        with self._changed:
            assert self._changed.wait_for(lambda: ready(self), timeout), 'waited in vain'
            return ready(self)

    def asked(self, op):
        """Return the requests of an operation."""
        return [request for request in self.requests if request['op'] == op]

    def say(self, message):
        """Send a message on the newest connection."""
        self.connections[-1].sendall(encode(message))

    def hang_up(self):
        """Close all connections, and listen on."""
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        """Listen no more, and close everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        os.unlink(self.path)
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(20.0)
        for connection in self.connections:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.sendall(encode({'hello': HELLO}))
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            with self._changed:
                self.connections.append(connection)
                self._changed.notify_all()
            thread.start()

    def _serve(self, connection):
        with connection.makefile('rb') as lines:
            for line in lines:
                request = decode(line)
                with self._changed:
                    self.requests.append(request)
                    self._changed.notify_all()
                answer = self.answers.get(request['op'], lambda request: {})(request)
                if answer is not None:
                    connection.sendall(encode({'id': request['id'], 'ok': True, 'code': 0,
                                               'message': '', **answer}))


def starting_that(act):
    """Return a stand-in for launch_service_node.starting."""
    module = types.ModuleType('launch_service_node.starting')
    module.ensure_supervisor = lambda namespace, home=None, timeout=10.0: act()
    return module
