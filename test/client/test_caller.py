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

"""Calls are bounded, tell absent from silent, and leave nothing behind."""

from collections.abc import Callable, Iterator
import threading
import time
from typing import Any

from harness import wait_until
import pytest

pytest.importorskip('rclpy', reason='rclpy cannot be imported')
from rclpy.callback_groups import ReentrantCallbackGroup  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from launch_service_node.client.caller import ServiceCaller  # noqa: E402
from launch_service_node.client.names import Service  # noqa: E402
from launch_service_node.client.session import RosSession  # noqa: E402
from launch_service_node.errors import ResultCode, Unreachable  # noqa: E402
from launch_service_node.node.late_clients import keep_trying  # noqa: E402

TRIGGER = Service('reload_allow_list', 'std_srvs', 'Trigger')
TARGET = '/robot1/launch_service'
LONG = 20.0


class Server:
    """Offers the Trigger service of TARGET and answers as `answer` says."""

    def __init__(self) -> None:
        self.session = RosSession('server')
        self.calls = 0
        self.asked = threading.Event()
        self.released = threading.Event()
        self.answer: Callable[[int], None] = lambda number: None
        # Callbacks may block: they get threads of their own.
        self.executor = MultiThreadedExecutor(4, context=self.session.node.context)
        self.session._executor.remove_node(self.session.node)
        self.session._executor = self.executor
        self.executor.add_node(self.session.node)
        self.service = self.session.node.create_service(
            Trigger, f'{TARGET}/{TRIGGER.name}', self._serve,
            callback_group=ReentrantCallbackGroup())
        # As the node does: who has just been met may not be known yet as one who gets answers.
        keep_trying(self.service, print)

    def _serve(self, _: Any, response: Any) -> Any:
        self.calls += 1
        number = self.calls
        self.asked.set()
        self.answer(number)
        response.success, response.message = True, f'call {number}'
        return response

    def vanish(self, number: int) -> None:
        """As an answer: leave the graph, and say nothing more."""
        self.session.node.destroy_service(self.service)
        self.released.wait(LONG)


@pytest.fixture
def client_session(domain: int) -> Iterator[RosSession]:
    with RosSession('client') as session:
        yield session


@pytest.fixture
def caller(client_session: RosSession) -> Iterator[ServiceCaller]:
    caller = ServiceCaller(client_session.node, TARGET)
    yield caller
    caller.close()


@pytest.fixture
def server(domain: int) -> Iterator[Server]:
    server = Server()
    yield server
    server.released.set()
    server.session.close()


def _pending(caller: ServiceCaller) -> int:
    return sum(len(client._pending_requests) for client in caller._clients.values())


def _request() -> Any:
    return Trigger.Request()


def _meet(caller: ServiceCaller) -> None:
    """Have the server know the caller: it may discover it later than the caller the server."""
    caller.call(TRIGGER, _request(), find_within=LONG, answer_within=LONG)


def test_an_answer_comes_back(caller: ServiceCaller, server: Server) -> None:
    response = caller.call(TRIGGER, _request(), find_within=LONG, answer_within=LONG)
    assert response.success and response.message == 'call 1'
    assert _pending(caller) == 0


def test_the_domain_that_was_searched_is_named(
        caller: ServiceCaller, domain: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain + 1))
    with pytest.raises(Unreachable, match=f' as here: ROS_DOMAIN_ID={domain}, '):
        caller.call(TRIGGER, _request(), find_within=0.1, answer_within=LONG)


def test_ctrl_c_amidst_a_lock_stays_one(
        caller: ServiceCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted_where_condition_waits(_: Service) -> None:
        condition = threading.Condition()
        with condition:
            condition.release()
            raise KeyboardInterrupt
    monkeypatch.setattr(caller, '_client', interrupted_where_condition_waits)
    with pytest.raises(RuntimeError) as caught:
        caller.call(TRIGGER, _request(), find_within=LONG, answer_within=LONG)
    assert isinstance(caught.value.__context__, KeyboardInterrupt)


def test_a_service_that_is_not_there_is_unavailable(caller: ServiceCaller) -> None:
    with pytest.raises(Unreachable) as caught:
        caller.call(TRIGGER, _request(), find_within=0.3, answer_within=LONG)
    assert caught.value.code == ResultCode.SERVICE_UNAVAILABLE
    assert TARGET in caught.value.message


def test_a_service_that_comes_late_is_waited_for(caller: ServiceCaller, domain: int) -> None:
    servers: list[Server] = []
    timer = threading.Timer(0.5, lambda: servers.append(Server()))
    timer.start()
    try:
        assert caller.call(TRIGGER, _request(), find_within=LONG, answer_within=LONG).success
    finally:
        timer.join()
        servers[0].session.close()


def test_a_silent_service_times_out_and_nothing_is_left(caller: ServiceCaller,
                                                        server: Server) -> None:
    release = threading.Event()
    server.answer = lambda number: (release.wait(LONG), None)[1]
    try:
        with pytest.raises(Unreachable) as caught:
            caller.call(TRIGGER, _request(), find_within=LONG, answer_within=0.5, attempts=3)
    finally:
        release.set()
    assert caught.value.code == ResultCode.TIMED_OUT
    assert _pending(caller) == 0
    assert not caller._waiting


def test_a_question_is_asked_again_and_the_first_answer_counts(caller: ServiceCaller,
                                                               server: Server) -> None:
    _meet(caller)
    release = threading.Event()
    server.answer = lambda number: (number == 2 and release.wait(LONG), None)[1]
    try:
        response = caller.call(TRIGGER, _request(), find_within=LONG, answer_within=LONG,
                               attempts=20)
    finally:
        release.set()
    # A busy host may have asked a third time before the second answer was there.
    assert response.message != 'call 2'
    assert _pending(caller) == 0


def test_a_request_that_must_not_be_repeated_is_sent_once(caller: ServiceCaller,
                                                          server: Server) -> None:
    _meet(caller)
    release = threading.Event()
    server.answer = lambda number: (release.wait(LONG), None)[1]
    try:
        with pytest.raises(Unreachable):
            caller.call(TRIGGER, _request(), find_within=LONG, answer_within=1.0)
    finally:
        release.set()
    _meet(caller)  # what is sent now comes behind all that was sent before
    wait_until(lambda: server.calls >= 3)
    assert server.calls == 3


# The server cannot answer through what it has destroyed, and its thread says so.
@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_service_that_goes_away_is_noticed_long_before_the_timeout(
        caller: ServiceCaller, server: Server) -> None:
    server.answer = server.vanish
    started = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        caller.call(TRIGGER, _request(), find_within=LONG, answer_within=300.0)
    assert caught.value.code == ResultCode.SERVICE_UNAVAILABLE
    assert 'left the ROS graph' in caught.value.message
    assert time.monotonic() - started < 100.0


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_question_that_may_be_repeated_goes_to_the_next_one_of_the_name(
        caller: ServiceCaller, server: Server) -> None:
    successors: list[Server] = []
    server.answer = server.vanish
    # Only when the caller has seen that nobody is there does the next one come.
    present, absences = caller._present, iter(range(3))

    def watched(client: Any) -> bool:
        if present(client):
            return True
        if server.calls and not successors and next(absences) == 2:
            successors.append(Server())
        return False
    caller._present = watched  # type: ignore[method-assign]
    try:
        # Without having noticed, it would be sent again after 100 seconds only.
        response = caller.call(TRIGGER, _request(), find_within=LONG, answer_within=300.0,
                               attempts=3)
    finally:
        for successor in successors:
            successor.session.close()
    assert response.success and server.calls == 1
    assert _pending(caller) == 0


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_who_may_ask_again_is_told_too_that_nobody_comes_back(
        caller: ServiceCaller, server: Server) -> None:
    _meet(caller)  # it is there, however long it takes to be found
    server.answer = server.vanish
    with pytest.raises(Unreachable, match='left the ROS graph'):
        caller.call(TRIGGER, _request(), find_within=2.0, answer_within=300.0, attempts=3)


def test_closing_ends_a_waiting_call(caller: ServiceCaller, server: Server) -> None:
    release = threading.Event()
    server.answer = lambda number: (release.wait(LONG), None)[1]
    errors: list[Unreachable] = []

    def call() -> None:
        try:
            caller.call(TRIGGER, _request(), find_within=LONG, answer_within=300.0)
        except Unreachable as error:
            errors.append(error)
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    try:
        assert server.asked.wait(LONG)
        caller.close()
        thread.join(LONG)
    finally:
        release.set()
    assert not thread.is_alive()
    assert [error.code for error in errors] == [ResultCode.SERVICE_UNAVAILABLE]


def test_a_closed_caller_refuses_and_its_entities_are_gone(caller: ServiceCaller,
                                                           server: Server) -> None:
    caller.call(TRIGGER, _request(), find_within=LONG, answer_within=LONG)
    caller.close()
    caller.close()
    assert not list(caller._node.clients)
    with pytest.raises(Unreachable, match='closed'):
        caller.call(TRIGGER, _request(), find_within=LONG, answer_within=LONG)


def test_many_threads_each_get_their_own_answer(caller: ServiceCaller, server: Server) -> None:
    answers: list[str] = []

    def call() -> None:
        answers.append(caller.call(TRIGGER, _request(), find_within=LONG,
                                   answer_within=LONG).message)
    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert sorted(answers) == [f'call {number}' for number in range(1, 9)]
    assert len(list(caller._node.clients)) == 1


def test_a_lost_context_is_unreachable_and_no_traceback(domain: int) -> None:
    session = RosSession('client')
    caller = ServiceCaller(session.node, TARGET)
    session.close()
    with pytest.raises(Unreachable):
        caller.call(TRIGGER, _request(), find_within=0.2, answer_within=0.2)
