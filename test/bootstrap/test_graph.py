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

"""Whose heartbeats are heard on the ROS graph, and how long others of the name are looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
import threading

from harness import wait_until
import pytest

pytest.importorskip('rclpy', reason='rclpy cannot be imported')

from launch_service_node.msg import Heartbeat  # noqa: E402
from rclpy.qos import QoSProfile, ReliabilityPolicy  # noqa: E402

from launch_service_node.bootstrap import graph  # noqa: E402
from launch_service_node.bootstrap.graph import Listener  # noqa: E402
from launch_service_node.bootstrap.request import domain_of, Request  # noqa: E402
from launch_service_node.client import RosSession  # noqa: E402
from launch_service_node.ssh.host import Host  # noqa: E402
from launch_service_node.ssh.target import Target  # noqa: E402

NODE = '/launch_service'
OWN = 'the instance that was brought up'
TIMEOUT = 30.0


@contextmanager
def beating(instance_id: str, hostname: str, node: str = NODE) -> Iterator[Callable[[], int]]:
    """Have a node that beats ten times a second, and tells how often while somebody listened."""
    with RosSession(node[1:]) as session:
        publisher = session.node.create_publisher(
            Heartbeat, f'{NODE}/heartbeat',
            QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE))
        message = Heartbeat(node_name=node, hostname=hostname, instance_id=instance_id)
        beats = 0

        def beat() -> None:
            nonlocal beats
            publisher.publish(message)
            beats += publisher.get_subscription_count() > 0

        session.node.create_timer(0.1, beat)
        yield lambda: beats


def test_another_that_shows_only_later_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, '_SETTLED', TIMEOUT)
    with ThreadPoolExecutor(1) as pool, beating(OWN, 'host2') as beats, \
            closing(Listener()) as listener:
        heard = pool.submit(listener.hear, NODE, OWN, TIMEOUT)
        wait_until(lambda: beats() > 10)
        with beating('another one', 'host3'):
            assert heard.result(TIMEOUT)
        assert listener.others == {'host3'}


def test_one_that_ran_before_has_no_others_to_look_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, '_SETTLED', 10 * TIMEOUT)
    cancel = threading.Event()
    with ThreadPoolExecutor(1) as pool, beating(OWN, 'host2'), closing(Listener()) as listener:
        heard = pool.submit(listener.hear, NODE, OWN, 10 * TIMEOUT, cancel.is_set, is_new=False)
        try:
            assert heard.result(TIMEOUT)
        finally:
            cancel.set()


def test_who_has_another_name_is_no_other_one() -> None:
    with closing(Listener()) as listener, beating(OWN, 'host2'), \
            beating('another one', 'host3', '/other_service'):
        assert listener.hear(NODE, OWN, TIMEOUT)
        assert listener.others == set()


def test_who_is_silent_is_not_heard() -> None:
    with closing(Listener()) as listener, beating('another one', 'host3'):
        # The other one may be found late.
        assert not listener.hear(NODE, OWN, TIMEOUT, lambda: bool(listener.others))
        assert not listener.hear(NODE, OWN, 1.0)
        assert listener.others == {'host3'}


def test_where_no_domain_was_set_it_is_0_whatever_is_set_by_now(
        monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(Host(Target('robot1')))
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    with closing(Listener(domain_of(request, {}))) as listener:
        assert listener.settings()[0] == 0
    assert domain_of(request) == 7 and domain_of(request, {'ROS_DOMAIN_ID': 'x'}) is None
