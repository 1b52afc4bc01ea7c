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

"""What is decided about values: what differs, where it runs, what keeps two sides apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from launch_service_node.bootstrap.comparing import differences, only_content, Running
from launch_service_node.bootstrap.finding import check, Found, parse
from launch_service_node.bootstrap.graph import differing, not_on_graph
from launch_service_node.bootstrap.order import FORMAT, Order, pack, unpack
from launch_service_node.bootstrap.placing import place, systemd_run
from launch_service_node.errors import InvalidRequest, PackageMissing, RemoteFailed
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.target import Target

RUNNING = Running(
    {'settings': {'allow_list': ['/a.yaml']}},
    ('python3', '--ros-args', '-p', 'rate:=2', '-p', 'labels:=["a=b"]', '-r', 'x:=y'),
    {'ROS_DOMAIN_ID': '7', 'ROS_SECURITY_KEYSTORE': '/k'})


@pytest.mark.parametrize(('order', 'paths', 'stale', 'keystore', 'found'), [
    (Order(), [], [], '', []),
    (Order(), ['/a.yaml'], [], '/k', []),
    (Order(), ['/b.yaml'], ['/b.yaml'], '',
     ['the allow-list is /a.yaml, asked for was /b.yaml']),
    (Order(), ['/a.yaml'], ['/a.yaml'], '', ['the text of /a.yaml']),
    (Order(parameters={'rate': '2', 'labels': ['a=b']}), [], [], '', []),
    (Order(parameters={'rate': '3'}), [], [], '', ['the parameter rate is not 3']),
    (Order(ros_arguments=('-r', 'x:=y')), [], [], '', []),
    (Order(ros_arguments=('-r', 'z:=y')), [], [], '', ['the ROS arguments are not -r z:=y']),
    (Order(environment={'ROS_DOMAIN_ID': '7', 'OTHER': 'secret'}), [], [], '', []),
    (Order(environment={'ROS_DOMAIN_ID': '8'}), [], [], '',
     ['ROS_DOMAIN_ID is 7, asked for was 8']),
    (Order(environment={'RMW_IMPLEMENTATION': 'rmw_x'}), [], [], '',
     ['RMW_IMPLEMENTATION is not set, asked for was rmw_x']),
    (Order(defaults={'ROS_DOMAIN_ID': '8'}), [], [], '', []),
    (Order(), [], [], '/l', ['the security enclave is another one']),
])
def test_only_what_is_asked_for_can_differ(order: Order, paths: list[str], stale: list[str],
                                           keystore: str, found: list[str]) -> None:
    assert differences(order, paths, stale, keystore, RUNNING) == found


def test_an_unset_domain_is_domain_0() -> None:
    order = Order(environment={'ROS_DOMAIN_ID': '0'})
    assert differences(order, [], [], '', Running({'settings': {'allow_list': []}})) == []


def test_only_the_text_of_an_allow_list_needs_no_other_node() -> None:
    assert only_content(['the text of /a', 'the text of /b'])
    assert not only_content(['the text of /a', 'the parameter rate is not 3'])


LOGIND = {'linger': False, 'kill': False, 'systemd_run': True, 'runtime_dir': '/run/user/7'}


@pytest.mark.parametrize(('wish', 'logind', 'under_systemd', 'warning'), [
    ('auto', None, False, ''),
    ('never', None, False, ''),
    ('auto', {}, False, ''),
    ('auto', {'linger': True}, True, ''),
    ('auto', {'linger': True, 'systemd_run': False}, False, ''),
    ('auto', {'linger': True, 'kill': True}, True, ''),
    ('auto', {'kill': True}, False, 'loginctl enable-linger joe'),
    ('never', {'linger': True}, False, ''),
    ('never', {'kill': True}, False, 'loginctl enable-linger joe'),
    ('never', {'kill': True, 'linger': True}, False, 'give systemd auto'),
    ('always', {}, True, 'loginctl enable-linger joe'),
    ('always', {'linger': True}, True, ''),
])
def test_where_it_is_started(wish: str, logind: dict[str, Any] | None, under_systemd: bool,
                             warning: str) -> None:
    found = place(wish, None if logind is None else {**LOGIND, **logind}, 'joe', 'robot1')
    assert found.prefix == (systemd_run() if under_systemd else ())
    assert dict(found.environment) == (
        {'XDG_RUNTIME_DIR': '/run/user/7'} if under_systemd else {})
    assert (warning in found.warning) if warning else not found.warning
    assert '\n' not in found.warning


def test_what_logind_would_kill_unnoticed_is_warned_of_where_systemd_run_is_missing() -> None:
    found = place('auto', {**LOGIND, 'kill': True, 'systemd_run': False}, 'joe', 'robot1')
    assert 'KillUserProcesses=yes' in found.warning


def test_a_wish_that_cannot_be() -> None:
    with pytest.raises(InvalidRequest, match='auto, always, never'):
        place('perhaps', None, 'joe', 'robot1')
    with pytest.raises(RemoteFailed, match='robot1 has no `systemd-run --user` that works'):
        place('always', None, 'joe', 'robot1')


def result(**graph: str) -> dict[str, Any]:
    return {'namespace': '/robot1', 'graph': graph,
            'instance': {'node': {'domain_id': 7, 'rmw': 'rmw_a'}}}


@pytest.mark.parametrize(('there', 'here', 'found'), [
    ({}, (7, 'rmw_a', {}), []),
    ({}, (0, 'rmw_a', {}), ['it uses domain 7, here domain 0']),
    ({}, (7, 'rmw_b', {}), ['it uses rmw_a, here rmw_b']),
    ({'ROS_LOCALHOST_ONLY': '1'}, (7, 'rmw_a', {}), ['ROS_LOCALHOST_ONLY=1 there']),
    ({}, (7, 'rmw_a', {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'off'}),
     ['ROS_AUTOMATIC_DISCOVERY_RANGE=OFF here']),
    ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'ROS_STATIC_PEERS': 'a'},
     (7, 'rmw_a', {}), []),
    ({'ROS_SECURITY_ENABLE': 'true'}, (7, 'rmw_a', {}),
     ['ROS_SECURITY_ENABLE is true there, not set here']),
    ({}, (7, 'rmw_a', {'ROS_DISCOVERY_SERVER': 'x:1'}),
     ['ROS_DISCOVERY_SERVER is not set there, x:1 here']),
])
def test_what_keeps_two_sides_apart(there: dict[str, str], here: Any, found: list[str]) -> None:
    assert differing(result(**there), here) == found


def test_with_the_same_settings_it_is_what_is_between() -> None:
    error = not_on_graph('robot1', result(), (7, 'rmw_a', {}), 20.0)
    assert 'firewall (UDP 9150 to 9399)' in error.message and 'ROS_STATIC_PEERS' in error.message


FOUND = Found('robot1', 'joe', 7, '3.12.3', '/usr/bin/python3', '0.1.0', FORMAT, '', True)
HOST = Host(Target('robot1'), setup=('/opt/ros/x/setup.bash',))


@pytest.mark.parametrize(('changes', 'says'), [
    ({'version': None, 'trouble': 'No'}, "can't import launch_service_node, after /opt/ros"),
    ({'format': None}, "here can't bring up: install"),
    ({'ros': False}, "can't import rclpy"),
])
def test_a_machine_that_will_not_do(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(PackageMissing, match=says):
        check(Found(**{**vars(FOUND), **changes}), HOST)


def test_another_version_is_told_and_no_error() -> None:
    import launch_service_node
    assert check(Found(**{**vars(FOUND), 'version': launch_service_node.__version__}), HOST) == []
    said, = check(Found(**{**vars(FOUND), 'version': '0.0.1'}), HOST)
    assert said.startswith('robot1 has launch_service_node 0.0.1, here is ')


def test_what_a_set_up_script_prints_is_not_the_answer() -> None:
    output = 'welcome {}\nWORD' + json.dumps(vars(FOUND)) + '\nbye'
    assert parse(output, 'WORD', 'robot1') == FOUND
    with pytest.raises(RemoteFailed, match='robot1 says nothing of itself'):
        parse('welcome', 'WORD', 'robot1')


def test_an_order_arrives_as_it_was() -> None:
    order = Order('/a', {'x.yaml': b'\xff\0'}, ('/b',), {'p': [1, 'ä']}, ('-r', "'"),
                  {'E': '$x'}, {'D': '0'}, {'key.pem': b'k'}, True, 7.5)
    size, _, data = pack(order).partition(b'\n')
    assert int(size) == len(data) and unpack(data) == order
    with pytest.raises(ValueError, match='another format'):
        unpack(data.replace(b'"format": 1', b'"format": 2'))


def test_nothing_secret_is_shown() -> None:
    order = Order(files={'a': b'SECRET'}, environment={'A': 'SECRET'}, defaults={'A': 'SECRET'},
                  enclave={'key.pem': b'SECRET'})
    assert 'SECRET' not in repr(order)
