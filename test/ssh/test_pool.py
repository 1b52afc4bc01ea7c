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

"""Connections are shared, limited, renewed with pauses, and closed for certain."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from harness import wait_until
from hypothesis import given
from hypothesis import strategies as st
import pytest
from ssh_servers import free_port, PATIENCE, Sshd

from launch_service_node.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    ConnectRefused,
    HostKeyUnknown,
    InvalidRequest,
)
from launch_service_node.ssh.backoff import Backoff, FIRST, MOST
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.config import resolve
from launch_service_node.ssh.connection import connect, Connection, Session
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.running import run
from launch_service_node.ssh.target import Resolved, Target


def echo(session: Session) -> bool:
    return run(session, Command(('echo', 'here')), PATIENCE).stdout == b'here\n'


def test_one_connection_serves_many(sshd: Sshd) -> None:
    before = sshd.connections()
    with Pool() as pool, ThreadPoolExecutor(5) as threads:
        assert all(threads.map(lambda _: echo(pool.open_session(sshd.target())), range(8)))
        assert len(pool.connections()) == 1
    assert sshd.connections() == before + 1


def test_a_burst_of_commands_asks_ssh_once(sshd: Sshd) -> None:
    asked = []

    def resolver(target: Target) -> Resolved:
        asked.append(target)
        return resolve(target)

    with Pool(resolver=resolver) as pool:
        for _ in range(4):
            pool.open_session(sshd.target())
        pool.open_session(sshd.target(connect_timeout=10.0))
    assert len(asked) == 2


def test_the_eleventh_channel_opens_a_second_connection(sshd: Sshd) -> None:
    with Pool() as pool:
        sessions = [pool.open_session(sshd.target()) for _ in range(10)]  # sshd's default
        assert len(pool.connections()) == 1
        sessions.append(pool.open_session(sshd.target()))
        assert [one.channels for one in pool.connections()] == [10, 1]
        for session in sessions:
            session.close()
            session.close()
        assert [one.channels for one in pool.connections()] == [0, 0]


def test_a_server_that_allows_fewer_is_understood(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(MaxSessions=2)
    with Pool() as pool:
        sessions = [pool.open_session(server.target()) for _ in range(5)]
        assert [one.channels for one in pool.connections()] == [2, 2, 1]
        assert echo(sessions[1])
        assert echo(pool.open_session(server.target()))
    assert server.connections() == 3


def test_a_server_that_allows_more_is_used_up(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(MaxSessions=30)
    with Pool() as pool:
        for _ in range(30):
            pool.open_session(server.target())
        assert [one.channels for one in pool.connections()] == [30]


def test_a_place_that_is_given_back_is_used_again(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(MaxSessions=2)
    with Pool() as pool:
        sessions = [pool.open_session(server.target()) for _ in range(3)]
        for session in sessions:
            assert echo(session)
        wait_until(lambda: server.log().count('Close session:') >= 3)
        assert all(echo(pool.open_session(server.target())) for _ in range(5))
        assert len(pool.connections()) == 2


def test_a_place_that_the_server_holds_still_is_no_failure(
        make_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    server = make_sshd(MaxSessions=1)
    ready = tmp_path / 'ready'
    script = f"trap '' INT TERM; echo > {ready}; sleep 1000; sleep 1000"
    with Pool() as pool:
        stubborn = RemoteProcess(Command(('sh', '-c', script), sigterm_timeout=PATIENCE))
        with stubborn:
            stubborn.start(pool.open_session(server.target()))
            wait_until(ready.exists)
        # Let go of here, and on its ladder there.
        assert [one.channels for one in pool.connections()] == [0]
        assert echo(pool.open_session(server.target()))
        assert len(pool.connections()) == 2
        os.kill(stubborn.pid, signal.SIGKILL)


def test_a_new_connection_is_not_filled_up_before_who_dialled_it_has_a_place(
        make_sshd: Callable[..., Sshd]) -> None:
    """Otherwise it would be closed again, with what others have begun to run over it."""
    server = make_sshd(MaxSessions=1)
    others: list[Session] = []

    def dial(target: Target) -> Connection:
        connection = connect(target)
        open_session = connection.open_session

        def late(timeout: float) -> Session:
            connection.open_session = open_session  # type: ignore[method-assign]
            # Now is the time for others, if they know of it.
            others.extend(one.open_session(timeout) for one in pool.connections()
                          if one is connection)
            return open_session(timeout)
        connection.open_session = late  # type: ignore[method-assign]
        return connection

    with Pool(dial=dial) as pool:
        sessions = [pool.open_session(server.target()) for _ in range(2)]
        assert all(map(echo, [*others, *sessions]))


def test_a_connection_that_is_slow_keeps_what_runs_over_it(sshd: Sshd) -> None:
    with Pool() as pool:
        process = RemoteProcess(Command(('sh', '-c', 'read line; exit 7'), stdin=True))
        process.start(pool.open_session(sshd.target()))
        slow, = pool.connections()

        def late(timeout: float) -> Session:
            raise ConnectionLost('Timeout opening channel.')
        slow.open_session = late  # type: ignore[method-assign]
        assert echo(pool.open_session(sshd.target()))
        assert len(pool.connections()) == 2
        process.write(b'go on\n')
        assert process.wait(PATIENCE).code == 7
        process.close()
        assert echo(pool.open_session(sshd.target()))
        assert slow not in pool.connections()


def test_who_has_another_key_gets_another_connection(sshd: Sshd) -> None:
    with Pool() as pool:
        assert echo(pool.open_session(sshd.target()))
        with pytest.raises(AuthenticationFailed):
            pool.open_session(sshd.target(ssh_key='/nowhere'))


def test_a_connection_that_is_not_kept_is_closed_with_its_last_session(sshd: Sshd) -> None:
    with Pool(keep=False) as pool:
        first, second = (pool.open_session(sshd.target()) for _ in range(2))
        connection = pool.connections()[0]
        first.close()
        assert connection.alive
        second.close()
        assert not connection.alive
        assert pool.connections() == []


def test_a_closed_pool_has_no_connections_and_opens_none(sshd: Sshd) -> None:
    pool = Pool()
    session = pool.open_session(sshd.target())
    connection = pool.connections()[0]
    pool.close()
    session.close()
    assert not connection.alive
    with pytest.raises(InvalidRequest):
        pool.open_session(sshd.target())


def test_a_pool_that_nobody_closed_lets_the_program_end(sshd: Sshd) -> None:
    program = """
import sys
from launch_service_node.ssh.pool import Pool
from launch_service_node.ssh.target import Target
pool = Pool()
pool.open_session(Target(host='robot', user=sys.argv[1], ssh_key=sys.argv[2],
                         config_file=sys.argv[3]))
"""
    target = sshd.target()
    done = subprocess.run(
        [sys.executable, '-c', program, str(target.user), str(target.ssh_key),
         str(target.config_file)], timeout=PATIENCE, check=False, capture_output=True, text=True,
        env={**os.environ, 'PYTHONWARNINGS': 'ignore',
             'PYTHONPATH': str(Path(__file__).resolve().parents[2])})
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_a_lost_connection_is_replaced(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd()
    with Pool() as pool:
        assert echo(pool.open_session(server.target()))
        old = pool.connections()[0]
        _end_sessions_of(server)
        wait_until(lambda: not old.alive)
        assert echo(pool.open_session(server.target()))
        assert old not in pool.connections()


def _end_sessions_of(server: Sshd) -> None:
    import psutil
    pid = int((server.folder / 'pid').read_text())
    for one in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended just now
            one.terminate()


def test_a_server_that_comes_later_is_waited_for(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(started=False)
    attempts: list[float] = []

    def dial(target: Any) -> Any:
        attempts.append(time.monotonic())
        if len(attempts) == 2:
            server.start()
        return connect(target)

    with Pool(dial=dial) as pool:
        assert echo(pool.open_session(server.target(), patience=PATIENCE))
    assert len(attempts) == 2
    assert attempts[1] - attempts[0] >= FIRST / 2


def test_many_who_wait_for_a_dead_server_do_not_hammer_it(sshd: Sshd) -> None:
    attempts: list[float] = []

    def dial(target: Any) -> Any:
        attempts.append(time.monotonic())
        return connect(target)

    target = sshd.target(port=free_port())
    with Pool(dial=dial) as pool, ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(pool.open_session, target, 2.0) for _ in range(8)]
        for one in waiting:
            assert isinstance(one.exception(PATIENCE), ConnectRefused)
    gaps = [after - before for before, after in zip(attempts, attempts[1:], strict=False)]
    assert all(gap >= FIRST / 2 for gap in gaps)


def test_a_server_that_lets_in_and_opens_no_session_is_not_hammered(
        make_sshd: Callable[..., Sshd]) -> None:
    server, patience = make_sshd(MaxSessions=0), 3.0
    with Pool() as pool:
        with pytest.raises(ConnectionFailed, match='opens no session'):
            pool.open_session(server.target(), patience)
        assert pool.connections() == []
    pauses = [FIRST / 2 * 2 ** number for number in range(10)]  # at least
    most = 1 + sum(sum(pauses[:end]) < patience for end in range(1, len(pauses)))
    assert 1 <= server.connections() <= most < 6


def test_a_server_that_opens_no_session_at_first_is_waited_for(sshd: Sshd) -> None:
    dialled: list[Connection] = []

    def refuse(timeout: float) -> Session:
        raise ConnectionLost('hung up')

    def dial(target: Target) -> Connection:
        dialled.append(connect(target))
        if len(dialled) < 3:
            dialled[-1].open_session = refuse  # type: ignore[method-assign]
        return dialled[-1]

    with Pool(dial=dial) as pool:
        assert echo(pool.open_session(sshd.target(), patience=PATIENCE))
        assert [one.alive for one in dialled] == [False, False, True]
        place, = pool._places.values()
        place.backoff.failed(0.0)
        assert place.backoff.pause(0.0) <= FIRST, 'this failure is not the first in a row'


@pytest.mark.parametrize('wrong', ['host key', 'user key'])
def test_what_another_attempt_does_not_mend_is_not_tried_again(
        sshd: Sshd, tmp_path: Path, wrong: str) -> None:
    attempts = []

    def dial(target: Any) -> Any:
        attempts.append(target)
        return connect(target)

    target = sshd.target()
    if wrong == 'host key':
        sshd.know('')
    else:
        target = sshd.target(ssh_key=str(tmp_path / 'none'))
    with Pool(dial=dial) as pool, pytest.raises((HostKeyUnknown, AuthenticationFailed)):
        pool.open_session(target, patience=PATIENCE)
    assert len(attempts) == 1


def test_one_who_dials_in_vain_holds_up_nobody_elsewhere(sshd: Sshd) -> None:
    go_on = threading.Event()

    def dial(target: Any) -> Any:
        if target.host == 'elsewhere':
            assert go_on.wait(PATIENCE)
            raise ConnectionFailed('no way')
        return connect(target)

    with Pool(dial=dial) as pool, ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(pool.open_session, sshd.target(host='elsewhere'))
        try:
            assert echo(pool.open_session(sshd.target()))
        finally:
            go_on.set()
        assert isinstance(stuck.exception(PATIENCE), ConnectionFailed)


@given(st.integers(1, 60), st.integers())
def test_pauses_grow_to_a_limit_and_differ(failures: int, seed: int) -> None:
    backoff = Backoff(draw=random.Random(seed))
    assert backoff.pause(0.0) == 0.0
    for _ in range(failures):
        backoff.failed(100.0)
    longest = min(MOST, FIRST * 2 ** (failures - 1))
    assert longest / 2 <= backoff.pause(100.0) <= longest
    assert backoff.pause(1000.0) == 0.0
    backoff.succeeded()
    assert backoff.pause(100.0) == 0.0
