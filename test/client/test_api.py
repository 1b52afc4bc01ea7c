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

"""Every method against a real LaunchServiceNode."""

from __future__ import annotations

from collections.abc import Iterator
import os
import signal
import subprocess
import threading
import time
from typing import Any

from cli.program import Program, write_allow_list
from harness import freeze, Lab, wait_until
import pytest

pytest.importorskip('rclpy', reason='rclpy cannot be imported')
from launch_service_node.client import (  # noqa: E402
    api,
    find_nodes,
    LaunchServiceClient,
    names,
    RosSession,
)
from launch_service_node.client.records import state_name  # noqa: E402
from launch_service_node.errors import (  # noqa: E402
    AllowListError,
    InstanceError,
    InvalidRequest,
    LaunchServiceError,
    NotAllowed,
    ResultCode,
    Unreachable,
)
from launch_service_node.protocol import SupervisorClient  # noqa: E402

LONG = 30.0


@pytest.fixture(scope='module')
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Give a host with one instance, /robot1."""
    lab = Lab(tmp_path_factory.mktemp('client'))
    try:
        write_allow_list(lab)
        program = Program(lab)
        done = program('up', '/robot1', '--allow-list', 'robot1.yaml')
        assert done.returncode == 0, done.stderr
        yield program
        program('down', '--local', '/robot1')
    finally:
        lab.close()


@pytest.fixture(scope='module')
def session(program: Program) -> Iterator[RosSession]:
    with RosSession() as session:
        yield session


@pytest.fixture
def client(session: RosSession, program: Program) -> Iterator[LaunchServiceClient]:
    with LaunchServiceClient(session.node, '/robot1', find_within=LONG) as client:
        yield client
        program('stop', '--local', '/robot1', '*')


def refused(error: pytest.ExceptionInfo[LaunchServiceError]) -> ResultCode:
    """Return the code of an error that came with a response."""
    assert '\n' not in error.value.message
    assert getattr(error.value.facts['response'], 'code', None) == error.value.code
    return error.value.code


def test_start_and_stop(client: LaunchServiceClient) -> None:
    status = client.start('greet', ['world'], name='hi', launch_id='tour', wait_ready=True)
    assert (status.process_name, status.launch_id) == ('hi', 'tour')
    stopped = client.stop(launch_id='tour')
    assert [one.process_id for one in stopped] == [status.process_id]


def test_every_start_is_a_process_of_its_own(client: LaunchServiceClient) -> None:
    assert client.start('idle').process_id != client.start('idle').process_id


def test_the_same_uid_is_the_same_process(client: LaunchServiceClient) -> None:
    first = client.start('idle', uid=2 ** 64 - 1)
    assert client.start('idle', uid=2 ** 64 - 1).process_id == first.process_id
    with pytest.raises(InvalidRequest) as error:
        client.start('greet', uid=2 ** 64 - 1)
    assert refused(error) == ResultCode.UID_CONFLICT


def test_what_is_not_listed_is_not_allowed(client: LaunchServiceClient) -> None:
    with pytest.raises(NotAllowed) as error:
        client.start('rm')
    assert refused(error) == ResultCode.NOT_ALLOWED
    with pytest.raises(NotAllowed) as error:
        client.start('greet', ['-x'])
    assert refused(error) == ResultCode.ARGUMENT_NOT_ALLOWED
    with pytest.raises(NotAllowed) as error:
        client.start('greet', env={'LD_PRELOAD': 'x'})
    assert refused(error) == ResultCode.ENVIRONMENT_NOT_ALLOWED


def test_values_that_no_message_carries_are_refused_at_once(client: LaunchServiceClient) -> None:
    for call in (lambda: client.start('greet', uid=-1), lambda: client.start('a\0b'),
                 lambda: client.stop(proc_id=2 ** 64), lambda: client.start('x', ['\udc80'])):
        with pytest.raises(InvalidRequest):
            call()


def test_a_signal_reaches_a_process(client: LaunchServiceClient) -> None:
    status = client.start('idle', name='nap')  # a shell that is about to fork does not stop
    assert [one.process_id for one in client.signal(signal.SIGSTOP, 'nap')] == [status.process_id]
    wait_until(lambda: state_name(client.list('nap').processes[-1].process_status)
               == 'SUSPENDED')
    client.signal('CONT', proc_id=status.process_id)


def test_restart_and_output(client: LaunchServiceClient) -> None:
    before = client.start('counter')
    after = client.restart(proc_id=before.process_id)
    assert after.process_id == before.process_id and after.os_pid != before.os_pid
    wait_until(lambda: 'line 1' in client.read_output('counter', lines=1000).data)
    part = client.read_output(proc_id=before.process_id, offset=5, max_bytes=4)
    assert part.offset == 5 and len(part.data) == 4 and part.next_offset == 9


def test_a_ladder_of_no_time_kills_at_once(client: LaunchServiceClient) -> None:
    client.start('idle')
    stopped = client.stop('idle', sigterm_timeout=0, sigkill_timeout=0)
    assert {one.term_signal for one in stopped if one.exit_known} == {signal.SIGKILL}


def test_what_may_be_started(client: LaunchServiceClient) -> None:
    assert [one.id for one in client.executables().executables] == [
        'greet', 'idle', 'counter', 'again']
    assert [one.id for one in client.executables('g*').executables] == ['greet']


def test_a_reload_with_a_bad_file_raises_and_the_good_entries_stay(
        client: LaunchServiceClient, program: Program) -> None:
    assert '4 executables' in client.reload()
    path = program.folder / 'robot1.yaml'
    good = path.read_text()
    try:
        path.write_text(good + '  - id: bad\n    cdm: x\n')
        with pytest.raises(AllowListError, match='robot1.yaml'):
            client.reload()
        response = client.executables()
        assert response.errors and len(response.executables) == 4
    finally:
        path.write_text(good)
        client.reload()


def test_nobody_of_that_name_is_unavailable(session: RosSession) -> None:
    find_nodes(session.node, within=LONG, stop=bool)
    with LaunchServiceClient(session.node, '/nowhere', find_within=0.3) as client:
        with pytest.raises(Unreachable, match='the graph has /robot1') as error:
            client.list()
    assert error.value.code == ResultCode.SERVICE_UNAVAILABLE


def test_a_node_that_hangs_times_out_and_later_answers(
        client: LaunchServiceClient, program: Program) -> None:
    client.list()
    with SupervisorClient('/robot1', str(program.lab.home)) as supervisor:
        pid = supervisor.call('status')['instance']['node']['pid']
    freeze(pid)
    try:
        with pytest.raises(Unreachable) as error:
            client.list(timeout=1.0)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert error.value.code == ResultCode.TIMED_OUT
    assert client.list(timeout=LONG).success


def test_a_start_is_not_done_twice_when_its_answer_comes_late(
        client: LaunchServiceClient, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    client.start('greet')
    service = client._caller._client(names.START)
    ask, asked = service.call_async, []
    with SupervisorClient('/robot1', str(program.lab.home)) as supervisor:
        pid = supervisor.call('status')['instance']['node']['pid']

    def ask_and_wake(request: Any) -> Any:
        asked.append(ask(request))
        if len(asked) == 2:
            os.kill(pid, signal.SIGCONT)
        return asked[-1]
    monkeypatch.setattr(service, 'call_async', ask_and_wake)
    monkeypatch.setattr(api, 'ATTEMPTS', 10)
    freeze(pid)
    try:
        status = client.start('idle', name='late', timeout=LONG)  # sent at 0, 3, 6 ... s
    finally:
        os.kill(pid, signal.SIGCONT)
    assert len(asked) > 1
    found = client.list('late*').processes
    assert [one.process_id for one in found] == [status.process_id]


def test_the_node_comes_back_after_kill_9_and_so_do_the_answers(
        client: LaunchServiceClient, program: Program) -> None:
    status = client.start('idle', name='survivor')
    with SupervisorClient('/robot1', str(program.lab.home)) as supervisor:
        before = supervisor.call('status')['instance']['node']['pid']
        os.kill(before, signal.SIGKILL)

        def back() -> bool:
            node = supervisor.call('status')['instance']['node']
            return node is not None and node['pid'] != before
        wait_until(back)

    def answered() -> bool:
        try:
            return [one.os_pid for one in client.list('survivor', timeout=2.0).processes] == [
                status.os_pid]
        except Unreachable:
            return False
    wait_until(answered)


def test_calls_from_many_threads(client: LaunchServiceClient) -> None:
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(client.list(timeout=LONG).success))
               for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert done == [True] * 10


def test_the_search_finds_the_node_by_the_type_of_its_service(session: RosSession) -> None:
    assert find_nodes(session.node, within=LONG) == ['/robot1/launch_service']


def test_the_search_for_one_ends_when_it_is_there(session: RosSession) -> None:
    find_nodes(session.node, within=LONG)
    started = time.monotonic()
    find_nodes(session.node, within=LONG, settled=LONG,
               stop=lambda names: '/robot1/launch_service' in names)
    assert time.monotonic() - started < LONG


def test_a_search_in_an_empty_domain_ends_at_its_bound(domain: int) -> None:
    with RosSession(domain_id=(domain % 100) + 101) as session:
        assert find_nodes(session.node, within=0.3) == []


def test_a_second_up_elsewhere_finds_a_conflict(program: Program) -> None:
    code = ('from launch_service_node.starting import start_instance\n'
            'from launch_service_node.errors import InstanceError\n'
            'try:\n    start_instance("/robot1", ["other.yaml"])\n'
            'except InstanceError as error:\n    print(error.code.name)\n')
    done = subprocess.run([program.command[0], '-c', code], capture_output=True, text=True,
                          cwd=program.folder, env=program.environ, timeout=2 * LONG)
    assert done.stdout == 'CONFLICT\n', done.stderr
    assert issubclass(InstanceError, LaunchServiceError)


def test_shutdown_that_keeps_processes_leaves_them_to_the_supervisor(
        client: LaunchServiceClient, program: Program) -> None:
    status = client.start('idle', name='kept')
    kept = client.shutdown(keep_processes=True)
    assert status.process_id in [one.process_id for one in kept]
    os.kill(status.os_pid, 0)
    assert program('list', '--local', 'kept').returncode == 0
    done = program('up', '/robot1')
    assert done.returncode == 0 and 'is up:' in done.stdout, done.stderr
    wait_until(lambda: status.process_id in [
        one.process_id for one in client.list('kept', timeout=LONG).processes])
