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

"""What an order does on the machine itself, with nothing between."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from harness import Lab, wait_until
import pytest

from launch_service_node.bootstrap import acting
from launch_service_node.bootstrap.order import Order
from launch_service_node.bootstrap.robot_end import carry_out
from launch_service_node.bootstrap.succession import end_node
from launch_service_node.errors import (
    InstanceError,
    LaunchServiceError,
    ProcessError,
    Unreachable,
)
from launch_service_node.protocol import SupervisorClient
from launch_service_node.starting import Outcome, STARTED

ENCLAVE = {'key.pem': b'key', 'cert.pem': b'cert'}


@pytest.fixture
def here(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Give a lab whose home is that of this process."""
    for name in ('HOME', 'LAUNCH_SERVICE_STATE_DIR'):
        monkeypatch.setenv(name, lab.environment[name])
    return lab


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Give a list of what an instance was started with, in place of starting one."""
    found: list[dict[str, Any]] = []

    def start_instance(namespace: str, allow_list: list[str], parameters: dict[str, Any],
                       ros_arguments: list[str], timeout: float) -> Outcome:
        found.append({'allow_list': allow_list, 'parameters': parameters,
                      'ros_arguments': ros_arguments,
                      'files': sorted(str(path) for path in Path.home().rglob('*.*'))})
        if parameters.get('fail'):
            raise parameters['fail']
        return Outcome(STARTED, {})

    monkeypatch.setattr(acting, 'start_instance', start_instance)
    monkeypatch.setattr(acting._BringUp, '_answer', lambda self, what, differing: {'what': what})
    return found


def test_an_enclave_is_for_the_node_alone(here: Lab, started: list[dict[str, Any]]) -> None:
    environ = {'ROS_SECURITY_ENCLAVE_OVERRIDE': '/mine'}
    assert acting.bring_up(Order('/a', enclave=ENCLAVE), print, environ) == {'what': STARTED}
    store = environ['ROS_SECURITY_KEYSTORE']
    assert (environ['ROS_SECURITY_ENABLE'], environ['ROS_SECURITY_STRATEGY']) == (
        'true', 'Enforce')
    assert started[0]['ros_arguments'] == ['--enclave', '/launch_service']
    assert f'{store}/enclaves/launch_service/key.pem' in started[0]['files']


@pytest.mark.parametrize('error', [ProcessError('it does not start'), OverflowError()],
                         ids=['told', 'a fault'])
def test_what_does_not_start_leaves_neither_files_nor_enclave(
        here: Lab, started: list[dict[str, Any]], error: Exception) -> None:
    order = Order('/a', files={'a.yaml': b'x'}, enclave=ENCLAVE, parameters={'fail': error})
    with pytest.raises(type(error)):
        acting.bring_up(order, print, {})
    assert any(path.endswith('a.yaml') for path in started[0]['files'])
    assert not [path for path in (Path.home() / '.config').rglob('*') if path.is_file()]


def test_defaults_give_way_and_the_environment_does_not(
        here: Lab, started: list[dict[str, Any]]) -> None:
    environ = {'ROS_DOMAIN_ID': '1', 'RMW_IMPLEMENTATION': 'a'}
    acting.bring_up(Order('/a', environment={'RMW_IMPLEMENTATION': 'b'},
                          defaults={'ROS_DOMAIN_ID': '2', 'RMW_IMPLEMENTATION': 'c',
                                    'ROS_X': 'd'}), print, environ)
    assert environ == {'ROS_DOMAIN_ID': '1', 'RMW_IMPLEMENTATION': 'b', 'ROS_X': 'd'}


def test_who_takes_long_is_not_waited_for_for_ever(
        here: Lab, started: list[dict[str, Any]]) -> None:
    told: list[str] = []
    with acting._alone('/a', 0.0, told.append):
        with pytest.raises(LaunchServiceError, match='somebody else is bringing up /a'):
            acting.bring_up(Order('/a', timeout=0.3), told.append, {})
    assert told == ['waiting for somebody else who brings it up'] and not started


def test_whoever_does_not_listen_any_more_misses_nothing_but_news(
        here: Lab, started: list[dict[str, Any]]) -> None:
    said: list[Any] = []
    assert carry_out(Order('/a'), lambda **told: said.append(told)) == 0
    assert said[-1] == {'result': {'what': STARTED}}
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    code = ('import sys; from launch_service_node.bootstrap import robot_end; '
            'robot_end.bring_up = lambda order, tell: tell("a step") or {}; '
            'sys.exit(robot_end.main(["WORD"]))')
    done = subprocess.run([sys.executable, '-c', code], stdout=write_fd, timeout=60, check=False,
                          input=b'2\n{}', stderr=subprocess.PIPE)
    assert done.returncode == 2  # no order
    from launch_service_node.bootstrap.order import pack
    done = subprocess.run([sys.executable, '-c', code], stdout=write_fd, timeout=60, check=False,
                          input=pack(Order('/a')), stderr=subprocess.PIPE)
    os.close(write_fd)
    assert (done.returncode, done.stderr) == (0, b'')


@pytest.fixture
def foreground(here: Lab) -> Iterator[Any]:
    """Give an instance whose node was started in a terminal, or by a service manager."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    popen = subprocess.Popen(
        [sys.executable, '-m', 'launch_service_node.cli', 'up', '/robot1', '--foreground'],
        env=here.environment, cwd=here.folder, stderr=subprocess.DEVNULL)

    def is_up() -> bool:
        try:
            return acting.look('/robot1') is not None
        except LaunchServiceError:
            return False
    try:
        wait_until(is_up)
        yield popen
    finally:
        popen.terminate()
        popen.wait(60)


def test_what_a_service_manager_looks_after_is_not_taken_from_it(foreground: Any) -> None:
    order = Order('/robot1', parameters={'heartbeat_period': '0.5'}, replace=True)
    with pytest.raises(InstanceError, match='change it where it is started'):
        acting.bring_up(order, print, dict(os.environ))
    assert foreground.poll() is None
    with SupervisorClient('/robot1') as client:
        assert client.call('status')['instance']['node']['pid'] == foreground.pid


def test_another_version_takes_over_what_runs(
        here: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    allow_list = here.allow_list({'id': 'idle', 'cmd': ['/bin/sleep', '1000']})
    order = Order('/robot1', allow_list=(allow_list,))
    before = acting.bring_up(order, print, dict(here.environment))
    with SupervisorClient('/robot1') as client:
        process = client.call('start', cmd='idle')['process']
    try:
        monkeypatch.setattr(acting, '__version__', '99.0.0')
        attached = acting.bring_up(order, print, dict(here.environment))
        assert attached['outcome'] == 'attached'
        assert attached['instance']['supervisor_pid'] == before['instance']['supervisor_pid']
        steps: list[str] = []
        after = acting.bring_up(order._replace(replace=True), steps.append,
                                dict(here.environment))
        assert steps[0].startswith('replacing: it is version ') and after['outcome'] == 'replaced'
        assert after['instance']['supervisor_pid'] != before['instance']['supervisor_pid']
        assert after['instance']['instance_id'] == before['instance']['instance_id']
        with SupervisorClient('/robot1') as client:
            now, = client.call('list')['processes']
        for field in ('os_pid', 'process_id', 'process_status', 'restart_count'):
            assert now[field] == process[field]
    finally:
        with SupervisorClient('/robot1') as client:
            client.call('shutdown', 60.0)


def ended(namespace: str) -> None:
    with SupervisorClient(namespace) as client:
        client.call('shutdown', 60.0)


def sent(text: bytes, **more: Any) -> Order:
    return Order('/robot1', files={'a.yaml': text}, **more)


def list_of(*ids: str) -> bytes:
    return json.dumps({'allowable_processes': [
        {'id': one, 'cmd': ['/bin/sleep', '1000']} for one in ids]}).encode()


def in_force() -> list[str]:
    with SupervisorClient('/robot1') as client:
        return [one['id'] for one in client.call('executables')['executables']]


def stored() -> dict[str, bytes]:
    folder = Path.home() / '.config'
    return {path.name: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.fixture
def between_two_starts(here: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Give an instance whose node isn't up when one looks, and is back right after."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    told = acting.bring_up(sent(list_of('idle')), print, dict(here.environment))
    seen = []

    def look(namespace: str) -> Any:
        seen.append(namespace)
        return real(namespace) if len(seen) > 1 else None
    real = acting.look
    monkeypatch.setattr(acting, 'look', look)
    try:
        yield told
    finally:
        ended('/robot1')


@pytest.mark.parametrize('order', [
    sent(list_of('other')),
    sent(list_of('other'), parameters={'heartbeat_period': '0.5'}),
    sent(list_of('idle'), parameters={'heartbeat_period': '0.5'}, enclave=ENCLAVE),
    Order('/robot1', files={'b.yaml': list_of('other')})],
    ids=['a text', 'a text and a parameter', 'an enclave', 'another list'])
def test_what_was_between_two_starts_is_left_as_it_was(
        here: Lab, between_two_starts: dict[str, Any], order: Order) -> None:
    with pytest.raises(InstanceError, match='ask for replacing it') as caught:
        acting.bring_up(order, print, dict(here.environment))
    assert caught.value.facts['differences']
    assert stored() == {'a.yaml': list_of('idle')} and in_force() == ['idle']


@pytest.mark.parametrize('order', [
    sent(list_of('other'), replace=True),
    sent(list_of('other'), parameters={'heartbeat_period': '0.5'}, replace=True),
    Order('/robot1', files={'b.yaml': list_of('other')}, replace=True)],
    ids=['a text', 'a text and a parameter', 'another list'])
def test_what_was_between_two_starts_is_replaced_on_demand(
        here: Lab, between_two_starts: dict[str, Any], order: Order) -> None:
    with SupervisorClient('/robot1') as client:
        process = client.call('start', cmd='idle')['process']
    told = acting.bring_up(order, print, dict(here.environment))
    assert told['outcome'] == 'replaced' and in_force() == ['other']
    assert told['instance']['supervisor_pid'] == between_two_starts['instance']['supervisor_pid']
    with SupervisorClient('/robot1') as client:
        now, = client.call('list')['processes']
    assert (now['os_pid'], now['process_id']) == (process['os_pid'], process['process_id'])


def test_what_was_between_two_starts_is_attached_to_when_it_is_the_same(
        here: Lab, between_two_starts: dict[str, Any]) -> None:
    told = acting.bring_up(sent(list_of('idle'), replace=True), print, dict(here.environment))
    assert told['outcome'] == 'attached'
    assert told['instance']['node'] == between_two_starts['instance']['node']


def test_a_node_that_joins_what_was_kept_brings_the_text_that_was_sent(here: Lab) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    told = acting.bring_up(sent(list_of('idle')), print, dict(here.environment))
    try:
        end_node('/robot1', told['instance']['node']['pid'])
        told = acting.bring_up(sent(list_of('other')), print, dict(here.environment))
        assert told['outcome'] == 'started' and in_force() == ['other']
    finally:
        ended('/robot1')


@pytest.fixture(params=[['/bin/false'], ['/bin/sleep', '1000']], ids=['falls', 'hangs'])
def never_up(here: Lab, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Give a process of an instance whose node falls again and again, or hangs."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    here.supervisor({'id': 'idle', 'cmd': ['/bin/sleep', '1000']})
    try:
        with SupervisorClient('/robot1') as client:
            process = client.call('start', cmd='idle')['process']
            client.call('manage_node', argv=request.param, environment={})
        yield process
    finally:
        ended('/robot1')


def test_a_node_that_never_comes_up_is_replaced_on_demand(
        here: Lab, never_up: dict[str, Any]) -> None:
    order = sent(list_of('other'), timeout=30.0)
    with pytest.raises(LaunchServiceError, match='the node (ends as soon as|is not up)'):
        acting.bring_up(order._replace(timeout=5.0), print, dict(here.environment))
    assert stored() == {}
    steps: list[str] = []
    told = acting.bring_up(order._replace(replace=True), steps.append, dict(here.environment))
    assert told['outcome'] == 'replaced' and in_force() == ['other']
    assert [one for one in steps if one.startswith('replacing: its node is not up: ')]
    with SupervisorClient('/robot1') as client:
        now, = client.call('list')['processes']
    assert (now['os_pid'], now['process_id']) == (never_up['os_pid'], never_up['process_id'])


def test_what_is_brought_back_has_its_allow_list_back(
        here: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    acting.bring_up(sent(list_of('idle')), print, dict(here.environment))
    try:
        with SupervisorClient('/robot1') as client:
            client.call('start', cmd='idle')  # or the supervisor in between ends
        monkeypatch.setattr(acting, '__version__', '99.0.0')
        order = sent(list_of('other'), parameters={'heartbeat_period': 'never'}, replace=True)
        with pytest.raises(LaunchServiceError, match='; what ran before is back'):
            acting.bring_up(order, print, dict(here.environment))
        assert stored() == {'a.yaml': list_of('idle')} and in_force() == ['idle']
    finally:
        ended('/robot1')


def test_it_is_brought_back_also_when_its_allow_list_can_not_be_read_again(
        here: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    acting.bring_up(sent(list_of('idle')), print, dict(here.environment))
    try:
        def reload(self: Any) -> None:
            raise Unreachable('the supervisor does not answer')
        monkeypatch.setattr(acting._BringUp, '_reload', reload)
        order = sent(list_of('other'), parameters={'heartbeat_period': 'never'}, replace=True)
        with pytest.raises(LaunchServiceError, match='; what ran before is back, but .* reload '):
            acting.bring_up(order, print, dict(here.environment))
        assert acting.look('/robot1') is not None
    finally:
        ended('/robot1')


@pytest.mark.parametrize('late', [False, True])
def test_a_text_that_cannot_be_put_in_force_is_not_left_there(
        here: Lab, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    acting.bring_up(sent(list_of('idle')), print, dict(here.environment))
    try:
        real, asked = acting._BringUp._reload, []

        def reload(self: Any) -> None:
            asked.append(self)
            if late or len(asked) > 1:
                real(self)
            if len(asked) == 1:
                raise Unreachable('the supervisor does not answer')
        with monkeypatch.context() as patch, pytest.raises(Unreachable):
            patch.setattr(acting._BringUp, '_reload', reload)
            acting.bring_up(sent(list_of('other'), replace=True), print, dict(here.environment))
        assert stored() == {'a.yaml': list_of('idle')} and in_force() == ['idle']
    finally:
        ended('/robot1')
