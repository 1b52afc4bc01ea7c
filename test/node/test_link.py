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

"""The node's line to its supervisor."""

import queue
import threading

from harness import PATIENCE, wait_until
import pytest

from launch_service_node.errors import InstanceError, ResultCode, Unreachable
from launch_service_node.node import link as link_module
from launch_service_node.node.connection import MOST_UNSENT
from launch_service_node.node.link import SupervisorLink, wait_before
from launch_service_node.protocol import MAX_LINE


class Listener:
    """Notes what it is told."""

    def __init__(self):
        self.told = queue.Queue()

    def attach_fields(self):
        return {'node_name': '/fake/launch_service', 'settings': {}}

    def attached(self, answer):
        self.told.put(('attached', answer))

    def event(self, event):
        self.told.put(('event', event))

    def lost(self, error):
        self.told.put(('lost', error))

    def ended(self, error):
        self.told.put(('ended', error))

    def next(self, kind):
        """Return the next thing told, which has to be of this kind."""
        found, what = self.told.get(timeout=PATIENCE)
        assert found == kind, (found, what)
        return what


class Answers:
    """Collects answers."""

    def __init__(self):
        self.queue = queue.Queue()

    def __call__(self, answer):
        self.queue.put(answer)

    def next(self):
        return self.queue.get(timeout=PATIENCE)


@pytest.fixture
def listener():
    """Give whom the link tells."""
    return Listener()


@pytest.fixture
def answers():
    """Give who takes answers."""
    return Answers()


@pytest.fixture
def link(world, listener):
    """Give a link that is not open yet."""
    link = SupervisorLink(world.namespace, listener, world.home)
    yield link
    link.close()


def test_an_answer_goes_to_who_asked_whatever_the_order(world, link):
    held = []
    world.supervisor.answers['start'] = held.append
    link.open()
    first, second = Answers(), Answers()
    link.send('start', {'cmd': 'a'}, first)
    link.send('start', {'cmd': 'b'}, second)
    world.supervisor.wait(lambda fake: len(fake.asked('start')) == 2)
    for request in reversed(world.supervisor.asked('start')):
        world.supervisor.say({'id': request['id'], 'ok': True, 'for': request['cmd']})
    assert (first.next()['for'], second.next()['for']) == ('a', 'b')


def test_events_keep_their_order(world, link, listener):
    count = 200
    link.open()
    listener.next('attached')
    for number in range(count):
        world.supervisor.say({'event': 'process', 'number': number})
    assert [listener.next('event')['number'] for _ in range(count)] == list(range(count))


def test_events_that_come_with_the_answer_to_attach_are_delivered(world, link, listener):
    def attach(request):
        world.supervisor.connections[-1].sendall(
            b'{"id": %d, "ok": true, "processes": [], "instance": {}}\n'
            b'{"event": "mode", "mode": "hold"}\n' % request['id'])
    world.supervisor.answers['attach'] = attach
    link.open()
    listener.next('attached')
    assert listener.next('event')['mode'] == 'hold'


def test_pending_requests_are_answered_when_the_supervisor_is_lost(world, link, answers):
    world.supervisor.answers['start'] = lambda request: None
    link.open()
    for _ in range(3):
        link.send('start', {}, answers)
    world.supervisor.wait(lambda fake: len(fake.asked('start')) == 3)
    world.supervisor.hang_up()
    assert [answers.next()['code'] for _ in range(3)] == [
        ResultCode.SUPERVISOR_UNAVAILABLE] * 3


def test_a_request_without_a_supervisor_is_refused_at_once(world, link, answers):
    link.send('list', {}, answers)
    assert answers.queue.get_nowait()['code'] == ResultCode.SUPERVISOR_UNAVAILABLE


def test_it_attaches_again_after_a_loss_to_a_supervisor_that_it_asked_for(
        world, link, listener):
    link.open()
    listener.next('attached')
    assert world.starts == 0
    world.supervisor.close()
    assert isinstance(listener.next('lost'), Unreachable)
    listener.next('attached')
    assert world.starts == 1
    answers = Answers()
    link.send('list', {}, answers)
    assert answers.next()['ok']


def test_whoever_is_attached_can_ask_at_once(world, link, listener):
    answers, attached = Answers(), listener.attached

    def ask(answer):
        link.send('list', {}, answers)
        attached(answer)
    listener.attached = ask
    link.open()
    listener.next('attached')
    assert answers.next()['ok']
    world.supervisor.hang_up()
    listener.next('lost')
    listener.next('attached')
    assert answers.next()['ok']


def test_it_attaches_again_to_a_supervisor_that_has_only_hung_up(world, link, listener):
    link.open()
    listener.next('attached')
    world.supervisor.hang_up()
    listener.next('lost')
    listener.next('attached')
    assert world.starts == 0


def test_it_keeps_trying_while_no_supervisor_can_be_started(world, link, listener):
    failures = []

    def start():
        if len(failures) < 2:
            failures.append(1)
            raise Unreachable('no memory', ResultCode.SUPERVISOR_UNAVAILABLE)
        world.start()
    link.open()
    listener.next('attached')
    world.on_start = start
    world.supervisor.close()
    assert [listener.next('lost').message for _ in range(3)][1:] == ['no memory'] * 2
    listener.next('attached')


def test_it_gives_up_when_another_node_has_taken_the_instance(world, link, listener):
    link.open()
    listener.next('attached')
    world.supervisor.answers['attach'] = lambda request: {
        'ok': False, 'code': ResultCode.CONFLICT, 'message': 'another node'}
    world.supervisor.hang_up()
    listener.next('lost')
    error = listener.next('ended')
    assert isinstance(error, InstanceError) and error.message == 'another node'


def test_opening_fails_when_another_node_serves_the_instance(world, link):
    world.supervisor.answers['attach'] = lambda request: {
        'ok': False, 'code': ResultCode.CONFLICT, 'message': 'another node'}
    with pytest.raises(InstanceError, match='another node'):
        link.open()


def test_it_ends_when_the_supervisor_says_that_it_stops(world, link, listener, answers):
    world.supervisor.answers['start'] = lambda request: None
    link.open()
    listener.next('attached')
    link.send('start', {}, answers)
    world.supervisor.wait(lambda fake: fake.asked('start'))
    world.supervisor.say({'event': 'stopping'})
    listener.next('event')
    assert listener.next('ended') is None
    assert answers.next()['code'] == ResultCode.SHUTTING_DOWN


def test_a_supervisor_on_its_way_down_is_waited_for(world, link, listener):
    def attach(request):
        if len(world.supervisor.asked('attach')) < 3:
            return {'ok': False, 'code': ResultCode.SHUTTING_DOWN, 'message': 'going down'}
        return {'processes': [], 'instance': {}}
    world.supervisor.answers['attach'] = attach
    link.open()
    listener.next('attached')


def test_a_supervisor_that_falls_before_it_has_answered_is_followed_by_another(
        world, link, listener):
    def fall():
        world.supervisor.wait(lambda fake: fake.asked('attach'))
        world.supervisor.close()
    world.supervisor.answers['attach'] = lambda request: None
    falling = threading.Thread(target=fall)
    falling.start()
    link.open()
    falling.join(PATIENCE)
    listener.next('attached')
    assert world.starts == 1


def test_opening_fails_at_once_when_no_supervisor_can_be_started(world, link):
    def fail():
        raise Unreachable('no memory', ResultCode.SUPERVISOR_UNAVAILABLE)
    world.on_start = fail
    world.supervisor.close()
    with pytest.raises(Unreachable, match='no memory'):
        link.open()
    assert world.starts == 1
    world.start()


def test_a_supervisor_that_hangs_is_given_up(world, link, answers, monkeypatch):
    monkeypatch.setattr(link_module, 'SILENCE', 0.1)
    world.supervisor.answers.update(start=lambda request: None, status=lambda request: None)
    link.open()
    link.send('start', {}, answers)
    assert answers.next()['code'] == ResultCode.SUPERVISOR_UNAVAILABLE


def test_a_supervisor_that_only_takes_its_time_is_not_given_up(
        world, link, listener, answers, monkeypatch):
    send = link.send

    def ask_for_a_sign(op, fields, on_answer):
        def answered(answer):
            monkeypatch.setattr(link_module, 'SILENCE', 0.1)
            on_answer(answer)
        # The sign itself may take as long as a busy host takes.
        monkeypatch.setattr(link_module, 'SILENCE', PATIENCE)
        send(op, fields, answered)
    monkeypatch.setattr(link_module, 'SILENCE', 0.1)
    monkeypatch.setattr(link, 'send', ask_for_a_sign)
    world.supervisor.answers['start'] = lambda request: None
    link.open()
    listener.next('attached')
    send('start', {}, answers)
    world.supervisor.wait(lambda fake: len(fake.asked('status')) >= 3)
    assert listener.told.empty() and answers.queue.empty()


def test_sending_does_not_wait_for_a_supervisor_that_does_not_read(world, link, answers):
    resume = threading.Event()
    world.supervisor.answers['start'] = lambda request: resume.wait(PATIENCE) and {}
    link.open()
    size, codes = 1024 * 1024, []
    try:
        for _ in range(2 * MOST_UNSENT // size):
            link.send('start', {'cmd': 'x' * size}, answers)
        while not answers.queue.empty():
            codes.append(answers.next()['code'])
        assert codes and set(codes) == {ResultCode.SUPERVISOR_UNAVAILABLE}
    finally:
        resume.set()
    taken = 2 * MOST_UNSENT // size - len(codes)
    assert all(answers.next()['ok'] for _ in range(taken))


def test_one_that_hangs_is_given_up_also_when_requests_keep_coming(
        world, link, answers, monkeypatch):
    monkeypatch.setattr(link_module, 'SILENCE', 0.2)
    resume = threading.Event()
    world.supervisor.answers['start'] = lambda request: resume.wait(PATIENCE) and {}
    link.open()
    try:
        for _ in range(2):  # more than the socket takes, far less than may wait
            link.send('start', {'cmd': 'x' * 1024 * 1024}, answers)

        def answered():
            link.send('list', {}, answers)
            return not answers.queue.empty()
        wait_until(answered)
        assert answers.next()['code'] == ResultCode.SUPERVISOR_UNAVAILABLE
    finally:
        resume.set()


def test_a_request_beyond_the_size_of_a_line_is_refused(world, link, answers):
    link.open()
    link.send('start', {'cmd': 'x' * MAX_LINE}, answers)
    assert answers.next()['code'] == ResultCode.REQUEST_TOO_LARGE


def test_nonsense_on_the_line_counts_as_a_loss(world, link, listener):
    link.open()
    listener.next('attached')
    world.supervisor.connections[-1].sendall(b'no json\n')
    assert 'protocol' in listener.next('lost').message
    listener.next('attached')


def test_waits_grow_to_a_bound_and_are_spread():
    assert wait_before(0, 0.0) == link_module.FIRST_WAIT / 2
    assert wait_before(0, 1.0) == link_module.FIRST_WAIT
    assert wait_before(1000, 1.0) == link_module.LONGEST_WAIT
