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

"""What becomes of a node when it attaches, for the first time and again."""

import threading

from harness import PATIENCE, wait_until
import pytest
import rclpy
from rclpy.context import Context

from launch_service_node.errors import InstanceError, ResultCode
from launch_service_node.node.launch_service import LaunchServiceNode

INSTANCE = {'hostname': 'robot', 'instance_id': 'f', 'mode': 'run', 'settings': {},
            'mem_usage': 0, 'processor_load': 0}


@pytest.fixture
def node(world):
    """Give a node that has not begun, in this process, and has a fake supervisor."""
    world.supervisor.answers['attach'] = lambda request: {'processes': [], 'instance': INSTANCE}
    world.supervisor.answers['status'] = lambda request: {'instance': INSTANCE}
    context = Context()
    rclpy.init(args=['--ros-args', '-p', 'allowable_processes:=/list'], context=context)
    node = LaunchServiceNode(world.namespace, False, print, context=context, home=world.home)
    yield node
    node.say_goodbye(0.0)
    node.link.close()
    node.destroy_node()
    context.shutdown()


def test_who_is_refused_has_offered_no_service(world, node):
    world.supervisor.answers['attach'] = lambda request: {
        'ok': False, 'code': ResultCode.CONFLICT, 'message': 'another node'}
    with pytest.raises(InstanceError):
        node.begin()
    assert [service.srv_name for service in node.services
            if service.srv_name.startswith('~')] == []


def test_the_allow_list_is_known_again_when_a_supervisor_is_back(world, node):
    world.supervisor.answers['executables'] = lambda request: {
        'ok': False, 'code': ResultCode.ALLOW_LIST_INVALID, 'message': 'bad.yaml: …',
        'errors': ['bad.yaml: …'], 'executables': [{}, {}]}
    node.begin()
    wait_until(lambda: node.view.num_executables == 2)
    world.supervisor.answers['executables'] = lambda request: {
        'errors': [], 'executables': [{}, {}, {}]}
    world.supervisor.hang_up()
    wait_until(lambda: node.view.num_executables == 3)
    assert node.view.allow_list_errors == []


def test_an_allow_list_that_can_not_be_asked_for_stays_what_it_was(world, node):
    world.supervisor.answers['executables'] = lambda request: {'errors': [], 'executables': [{}]}
    node.begin()
    wait_until(lambda: node.view.num_executables == 1)
    world.supervisor.answers['executables'] = lambda request: {
        'ok': False, 'code': ResultCode.SUPERVISOR_UNAVAILABLE, 'message': 'lost'}
    world.supervisor.hang_up()
    world.supervisor.wait(lambda there: len(there.asked('executables')) == 2)
    after = threading.Event()  # whose answer comes after that one
    node.link.send('list', {}, lambda answer: after.set())
    assert after.wait(PATIENCE)
    assert node.view.num_executables == 1
