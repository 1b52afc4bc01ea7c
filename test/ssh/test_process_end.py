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

"""Commands on a machine end: when asked, and with their link, watchdog or guard."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading

from harness import alive, wait_until
import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.errors import (
    ConnectionLost,
    RemoteFailed,
    WatchdogDied,
)
from launch_service_node.ssh.connection import connect, Connection
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.remote import frames

from .commands import command, complete, pid_from, python, start, STUBBORN


def test_a_stop_climbs_the_ladder_for_the_whole_tree(
        connection: Connection, tmp_path: Path) -> None:
    got = bytearray()
    with start(connection, python(STUBBORN, str(tmp_path / 'pid'), sigterm_timeout=2.0,
                                  sigkill_timeout=2.0), on_stdout=got.extend) as process:
        grandchild = pid_from(tmp_path / 'pid.grandchild')
        assert pid_from(tmp_path / 'pid') == process.pid
        process.stop()
        ended = process.wait(PATIENCE)
    assert (ended.signal, ended.why, ended.left) == (signal.SIGKILL, 'asked', ())
    assert [int(one) for one in got.split()] == [2, 2, 15, 15]
    assert not alive(grandchild)


def test_a_command_that_stops_itself_when_asked_is_not_killed(connection: Connection) -> None:
    program = 'import signal, sys; signal.signal(2, lambda *_: sys.exit(7)); print(flush=True)\n' \
              'signal.pause()'
    heard = threading.Event()
    with start(connection, python(program, sigterm_timeout=PATIENCE),
               on_stdout=lambda _: heard.set()) as process:
        assert heard.wait(PATIENCE)
        process.stop()
        assert process.wait(PATIENCE).code == 7


def test_a_stopped_process_ends_too(connection: Connection) -> None:
    with start(connection, command('sleep', '1000')) as process:
        process.send_signal(signal.SIGSTOP)
        process.stop()
        assert process.wait(PATIENCE).signal == signal.SIGINT


def test_what_a_command_leaves_behind_is_ended_or_let_go(
        connection: Connection, tmp_path: Path) -> None:
    script = f'setsid sleep 1000 & echo $! > {tmp_path}/pid'
    done = complete(connection, command('sh', '-c', script))
    assert done.exit.code == 0
    assert not alive(pid_from(tmp_path / 'pid'))
    done = complete(connection, command('sh', '-c', script, leave_rest=True))
    assert done.exit.code == 0
    pid = pid_from(tmp_path / 'pid')
    try:
        assert alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_closing_ends_the_command(connection: Connection, tmp_path: Path) -> None:
    with start(connection, python(STUBBORN, str(tmp_path / 'pid'))) as process:
        pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
    wait_until(lambda: not any(map(alive, pids)))
    with pytest.raises(ConnectionLost):
        process.wait(PATIENCE)


_CLIENT = """
import sys
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.target import Target
host, config, key, user, silence, *argv = sys.argv[1:]
connection = connect(Target(host=host, config_file=config, ssh_key=key, user=user))
process = RemoteProcess(Command(argv=tuple(argv), silence=float(silence), sigterm_timeout=0.3,
                                sigkill_timeout=0.3))
process.start(connection.open_session(30))
print(process.pid, flush=True)
try:
    print(process.wait(None))
except Exception as error:
    print(type(error).__name__, error)
"""


def client(sshd: Sshd, silence: float, *argv: str,
           wrap: Callable[..., list[str]] = lambda *words: list(words)) -> subprocess.Popen[str]:
    target = sshd.target()
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(
        wrap(sys.executable, '-c', _CLIENT, target.host, str(target.config_file),
             str(target.ssh_key), str(target.user), str(silence), *argv),
        stdout=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': root})


@pytest.mark.parametrize('ignoring', [True, False])
def test_a_client_that_is_killed_takes_its_command_along(
        sshd: Sshd, tmp_path: Path, ignoring: bool) -> None:
    argv = [sys.executable, '-c', STUBBORN, str(tmp_path / 'pid')] if ignoring else [
        'sh', '-c', f'echo $$ > {tmp_path}/pid; sleep 1000 & wait']
    with client(sshd, 60, *argv) as popen:
        try:
            pids = [pid_from(tmp_path / 'pid')]
            if ignoring:
                pids.append(pid_from(tmp_path / 'pid.grandchild'))
            assert all(map(alive, pids))
        finally:
            popen.kill()
    wait_until(lambda: not any(map(alive, pids)))


def test_a_client_that_is_frozen_takes_its_command_along(sshd: Sshd, tmp_path: Path) -> None:
    with client(sshd, 3.0, sys.executable, '-c', STUBBORN, str(tmp_path / 'pid')) as popen:
        try:
            pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
            assert popen.stdout
            assert int(popen.stdout.readline()) in pids
            popen.send_signal(signal.SIGSTOP)
            wait_until(lambda: not any(map(alive, pids)))
            popen.send_signal(signal.SIGCONT)
            assert 'ConnectionLost' in popen.stdout.read()
        finally:
            popen.kill()


def test_a_watchdog_that_is_frozen_is_noticed(connection: Connection) -> None:
    with start(connection, command('sleep', '1000', silence=2.0)) as process:
        watchdog = parent(process.pid)
        os.kill(watchdog, signal.SIGSTOP)
        try:
            with pytest.raises(ConnectionLost, match='silent for'):
                process.wait(PATIENCE)
        finally:
            os.kill(watchdog, signal.SIGCONT)
    wait_until(lambda: not alive(process.pid))


def test_a_watchdog_that_is_frozen_is_ended_after_its_line(
        connection: Connection, tmp_path: Path) -> None:
    with start(connection, python(STUBBORN, str(tmp_path / 'pid'))) as process:
        pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
        watchdog = parent(process.pid)
        os.kill(watchdog, signal.SIGSTOP)
    try:
        wait_until(lambda: not any(map(alive, [*pids, watchdog])), 60.0)
    finally:
        if alive(watchdog):
            os.kill(watchdog, signal.SIGCONT)


def test_a_server_that_drops_the_connection_is_told_and_the_command_ends(
        make_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    server = make_sshd()
    connection = connect(server.target())
    try:
        with start(connection, python(STUBBORN, str(tmp_path / 'pid'))) as process:
            pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
            os.kill(parent(parent(parent(process.pid))), signal.SIGKILL)  # sshd's
            with pytest.raises(ConnectionLost, match='the connection to robot is lost'):
                process.wait(PATIENCE)
            wait_until(lambda: not any(map(alive, pids)))
    finally:
        connection.close()


def parent(pid: int) -> int:
    return int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])


def test_a_watchdog_that_is_killed_takes_all_that_it_watched_along(
        connection: Connection, tmp_path: Path) -> None:
    with start(connection, python(STUBBORN, str(tmp_path / 'pid'))) as process:
        pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
        guard = parent(parent(process.pid))
        os.kill(parent(process.pid), signal.SIGKILL)
        with pytest.raises(WatchdogDied) as caught:
            process.wait(PATIENCE)
        assert not any(map(alive, pids))
        wait_until(lambda: not alive(guard))
    assert str(caught.value) == (
        f'what watches {sys.executable} on robot was killed (SIGKILL); {sys.executable} was ended '
        'with it; look into `dmesg` there: memory may have run out')
    assert caught.value.facts['signal'] == signal.SIGKILL


def test_a_set_up_script_ends_with_a_watchdog_that_is_killed(
        connection: Connection, tmp_path: Path) -> None:
    (tmp_path / 'setup.sh').write_text(f'echo $$ > {tmp_path}/pid; sleep 1000')
    process = RemoteProcess(command('true', setup=(str(tmp_path / 'setup.sh'),)))
    with process, ThreadPoolExecutor(1) as threads:
        starting = threads.submit(process.start, connection.open_session(PATIENCE))
        pid = pid_from(tmp_path / 'pid')
        os.kill(parent(pid), signal.SIGKILL)
        assert isinstance(starting.exception(PATIENCE), WatchdogDied)
    assert not alive(pid)


def test_a_watchdog_that_fails_takes_all_that_it_watched_along(
        connection: Connection, tmp_path: Path) -> None:
    with start(connection, python(STUBBORN, str(tmp_path / 'pid'))) as process:
        pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
        process._send(frames.START, b'no order')
        with pytest.raises(WatchdogDied) as caught:
            process.wait(PATIENCE)
        assert not any(map(alive, pids))
    assert str(caught.value) == (
        f'what watches {sys.executable} on robot failed (json.decoder.JSONDecodeError: Expecting '
        f'value: line 1 column 1 (char 0)); {sys.executable} was ended with it; that is a mistake '
        'in launch_service_node: please report it')


def test_a_guard_that_is_killed_takes_all_along_too(
        connection: Connection, tmp_path: Path) -> None:
    with start(connection, python(STUBBORN, str(tmp_path / 'pid'))) as process:
        pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
        watchdog = parent(process.pid)
        os.kill(parent(watchdog), signal.SIGKILL)
        with pytest.raises(ConnectionLost):
            process.wait(PATIENCE)
        wait_until(lambda: not any(map(alive, [*pids, watchdog])))


def test_a_guard_passes_on_what_asks_it_to_end(connection: Connection) -> None:
    with start(connection, command('sleep', '1000')) as process:
        os.kill(parent(parent(process.pid)), signal.SIGTERM)
        ended = process.wait(PATIENCE)
    assert (ended.signal, ended.why) == (signal.SIGINT, f'signal {int(signal.SIGTERM)}')


@pytest.mark.parametrize('program', ['true', 'no-such-program'])
def test_no_guard_stays_behind(connection: Connection, tmp_path: Path, program: str) -> None:
    word = f'{tmp_path}/only-here'
    with RemoteProcess(command(program, python=_link_to_python(word))) as process:
        try:
            process.start(connection.open_session(PATIENCE))
            process.wait(PATIENCE)
        except RemoteFailed:
            pass
    wait_until(lambda: not _running(word))


def _link_to_python(path: str) -> str:
    Path(path).symlink_to(sys.executable)
    return path


def _running(word: str) -> list[int]:
    found = []
    for entry in Path('/proc').iterdir():
        try:
            if entry.name.isdigit() and word.encode() in (entry / 'cmdline').read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_what_is_let_go_outlives_watchdog_and_guard(
        connection: Connection, tmp_path: Path) -> None:
    script = f'setsid sleep 1000 & echo $! > {tmp_path}/pid'
    word = f'{tmp_path}/only-here'
    complete(connection, command('sh', '-c', script, leave_rest=True,
                                 python=_link_to_python(word)))
    pid = pid_from(tmp_path / 'pid')
    try:
        wait_until(lambda: not _running(word))
        assert alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
