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

"""A response goes to its client also when the middleware learns of it late."""

import shutil
import subprocess
import threading
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
import warnings

from harness import PATIENCE, wait_until
import pytest
from rclpy.exceptions import InvalidHandle

from launch_service_node import srv
from launch_service_node.node import late_clients
from launch_service_node.node.deferred import RCLError
from launch_service_node.node.late_clients import keep_trying
from launch_service_node.node.launch_service import LaunchServiceNode


class Service:
    """One whose client is known after some attempts, as rclpy tells it."""

    srv_name = '/robot1/launch_service/list_processes'

    def __init__(self, unknown: int) -> None:
        self.unknown = unknown
        self.gone = False
        self.sent: list[tuple[Any, Any]] = []
        self.over = threading.Event()

    def send_response(self, response: Any, header: Any) -> None:
        if self.gone:
            self.over.set()
            raise InvalidHandle
        if self.unknown:
            self.unknown -= 1
            warnings.warn('failed to send response (timeout): client will not receive response',
                          RuntimeWarning, stacklevel=1)
        else:
            self.sent.append((response, header))
            self.over.set()


class LateService(Service):
    """One whose client is known as soon as somebody has looked for what is not sent yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(0)
        known, look = threading.Event(), threading.enumerate

        def enumerate_threads() -> list[threading.Thread]:
            found = look()
            known.set()
            return found
        monkeypatch.setattr(late_clients.threading, 'enumerate', enumerate_threads)
        self._known = known

    def send_response(self, response: Any, header: Any) -> None:
        self.unknown = int(not self._known.is_set())
        super().send_response(response, header)


@pytest.fixture(autouse=True)
def others():
    """Give the warnings of others, which are shown as ever."""
    with warnings.catch_warnings(record=True) as others:
        yield others


@pytest.mark.parametrize('unknown', [0, 1, 7])
def test_a_response_is_sent_once_and_as_it_is(unknown, monkeypatch):
    monkeypatch.setattr(late_clients, 'PAUSE', 0.001)
    service, said = Service(unknown), []
    keep_trying(service, said.append)
    service.send_response('response', 'header')
    assert service.over.wait(PATIENCE)
    assert service.sent == [('response', 'header')] and said == []


def test_whoever_asked_is_not_kept_waiting_by_another_one(monkeypatch):
    monkeypatch.setattr(late_clients, 'PAUSE', PATIENCE / 10)
    service = Service(1)
    keep_trying(service, print)
    service.send_response('late', 1)  # comes back at once, with its pause still to come
    service.send_response('quick', 2)
    assert service.sent == [('quick', 2)]
    wait_until(lambda: service.sent == [('quick', 2), ('late', 1)])


def test_a_client_that_stays_unknown_is_told_of_in_one_line(monkeypatch):
    monkeypatch.setattr(late_clients, 'PAUSE', 0.001)
    service, said, told = Service(10 ** 6), [], threading.Event()
    keep_trying(service, lambda line: (said.append(line), told.set()))
    service.send_response('response', 'header')
    assert told.wait(PATIENCE)
    assert len(said) == 1 and service.srv_name in said[0] and '\n' not in said[0]


def test_other_warnings_are_shown(others):
    service = Service(0)
    service.send_response = lambda response, header: warnings.warn('of others', RuntimeWarning,
                                                                   stacklevel=1)
    keep_trying(service, print)
    before = set(threading.enumerate())
    service.send_response('response', 'header')
    assert [str(other.message) for other in others] == ['of others']
    assert not set(threading.enumerate()) - before  # nobody tries again


def test_what_the_middleware_refuses_is_told_and_not_tried_again(monkeypatch):
    monkeypatch.setattr(late_clients, 'PAUSE', 0.001)
    service, said, told = Service(1), [], threading.Event()
    warn = service.send_response

    def refuse(response, header):
        if service.unknown:
            warn(response, header)
        else:
            raise RCLError('no memory')
    service.send_response = refuse
    keep_trying(service, lambda line: (said.append(line), told.set()))
    service.send_response('response', 'header')
    assert told.wait(PATIENCE)
    assert said == [f'no response sent to a caller of {service.srv_name}: no memory']


def test_a_node_that_goes_down_ends_the_attempts(monkeypatch):
    monkeypatch.setattr(late_clients, 'PAUSE', 0.001)
    monkeypatch.setattr(late_clients, 'ATTEMPTS', 10 ** 9)
    service, said = Service(10 ** 9), []
    keep_trying(service, said.append)
    before = set(threading.enumerate())
    service.send_response('response', 'header')
    service.gone = True
    assert service.over.wait(PATIENCE)
    wait_until(lambda: not set(threading.enumerate()) - before)
    assert service.sent == [] and said == []


def test_who_goes_down_can_wait_until_a_late_client_has_its_response(monkeypatch):
    wait_until(lambda: not late_clients.wait_sent(PATIENCE))
    service = LateService(monkeypatch)
    keep_trying(service, print)
    service.send_response('response', 'header')
    assert late_clients.wait_sent(PATIENCE)
    assert service.sent == [('response', 'header')]


def test_a_node_goes_down_after_a_late_client_has_its_response(monkeypatch):
    service, nothing = LateService(monkeypatch), Mock()
    keep_trying(service, print)
    service.send_response('response', 'header')
    # Publishers and heartbeat have nothing to see off; the response has no time but this.
    node = SimpleNamespace(_pulse=nothing, _heartbeat=nothing, _status_publisher=nothing,
                           view=nothing, _last_answer=0.0)
    LaunchServiceNode.say_goodbye(node, 0.0)
    assert service.sent == [('response', 'header')]
    assert node._last_answer  # so that it gets its time to arrive, too


#: Lets the middleware know no client yet, so many times; RCL_RET_TIMEOUT is 2.
UNKNOWN = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stdatomic.h>
    #include <stdlib.h>

    static atomic_int asked;

    int rcl_send_response(const void *service, void *id, void *response) {
        if (atomic_fetch_add(&asked, 1) < atoi(getenv("UNKNOWN")))
            return 2;
        int (*send)(const void *, void *, void *) =
            dlsym(dlopen("librcl.so", RTLD_LAZY | RTLD_NOLOAD), "rcl_send_response");
        return send(service, id, response);
    }
"""


@pytest.mark.skipif(shutil.which('cc') is None, reason='there is no C compiler')
def test_a_real_node_answers_late_clients_and_lives_on(robot, caller):
    library = robot.lab.folder / 'unknown.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-x', 'c', '-', '-o', library, '-ldl'],
                   input=UNKNOWN, text=True, check=True, timeout=PATIENCE)
    robot.lab.environment.update(LD_PRELOAD=str(library), UNKNOWN='3')
    node = robot.node({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    assert caller.call(srv.StartProcess, 'start_process', cmd='sleeper').success
    assert len(caller.call(srv.ListProcesses, 'list_processes').processes) == 1
    assert node.popen.poll() is None
    assert 'failed to send response' not in node.said
