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

"""Commands on a machine: they run as asked, tell how they ended, and die with their link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
import hashlib
import json
import os
from pathlib import Path
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any
import uuid

from harness import wait_until
import paramiko
import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.errors import (
    ConnectionLost,
    ConnectTimedOut,
    InterpreterMissing,
    InvalidRequest,
    LaunchServiceError,
    RemoteFailed,
    ResultCode,
    SetupScriptMissing,
    Unreachable,
)
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect, Connection
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.remote import frames
from launch_service_node.ssh.running import run


@pytest.fixture(scope='module')
def shared_connection(shared: Sshd) -> Iterator[Connection]:
    """Give a connection for all tests here."""
    shared.write_config()
    shared.know()
    connection = connect(shared.target())
    yield connection
    connection.close()


@pytest.fixture
def connection(sshd: Sshd, shared_connection: Connection) -> Iterator[Connection]:
    """Give a connection to the shared server, which is left without sessions."""
    yield shared_connection
    assert shared_connection.channels == 0


def command(*argv: str, **options: Any) -> Command:
    return Command(argv=argv, **{'sigterm_timeout': 0.3, 'sigkill_timeout': 0.3, **options})


def python(program: str, *argv: str, **options: Any) -> Command:
    return command(sys.executable, '-c', program, *argv, **options)


def start(connection: Connection, what: Command, **options: Any) -> RemoteProcess:
    process = RemoteProcess(what, **options)
    process.start(connection.open_session(PATIENCE))
    return process


def complete(connection: Connection, what: Command, **options: Any) -> Any:
    return run(connection.open_session(PATIENCE), what, PATIENCE, **options)


def alive(pid: int) -> bool:
    try:
        stat = Path(f'/proc/{pid}/stat').read_bytes()
    except FileNotFoundError:
        return False
    return stat[stat.rindex(b')') + 2:stat.rindex(b')') + 3] not in b'ZX'


def pid_from(path: Path) -> int:
    return int(wait_until(lambda: path.exists() and path.read_text()))


_SHOW = """
import json, os, sys
json.dump([sys.argv[1:], dict(os.environ), os.getcwd()], sys.stdout)
"""


def test_a_command_gets_what_it_was_given(connection: Connection, tmp_path: Path) -> None:
    argv = ["it's", 'a\n', '', '\\', '!', '日本', '$HOME', '\udcff', 'x' * 120000]
    done = complete(connection, python(_SHOW, *argv, env={'A': ' \'"\n!', 'ROS_DOMAIN_ID': '7'},
                                       cwd=str(tmp_path)))
    found, env, cwd = json.loads(done.stdout)
    assert found == argv
    assert (env['A'], env['ROS_DOMAIN_ID'], cwd) == (' \'"\n!', '7', str(tmp_path))


def test_stdout_and_stderr_stay_apart(connection: Connection) -> None:
    done = complete(connection, command('sh', '-c', 'echo out; echo err >&2'))
    assert (done.stdout, done.stderr, done.exit.code) == (b'out\n', b'err\n', 0)


@pytest.mark.parametrize('code', [0, 1, 42, 126, 127, 255])
def test_every_exit_status_is_exact(connection: Connection, code: int) -> None:
    done = complete(connection, command('sh', '-c', f'exit {code}'), check=False)
    assert (done.exit.code, done.exit.signal) == (code, None)


def test_a_command_that_closes_its_terminal_before_it_ends_is_not_hung_up(
        connection: Connection) -> None:
    program = 'import os, select; [os.close(n) for n in range(3)]; select.select([], [], [], 0.5)'
    assert complete(connection, python(program, pty=(24, 80))).exit.code == 0


@pytest.mark.parametrize('number', [signal.SIGSEGV, signal.SIGKILL, signal.SIGUSR1])
def test_every_signal_is_exact(connection: Connection, number: signal.Signals) -> None:
    done = complete(connection, command('sh', '-c', f'kill -{int(number)} $$'), check=False)
    assert (done.exit.code, done.exit.signal) == (None, number)


def test_a_failure_says_how_and_the_last_line(connection: Connection) -> None:
    with pytest.raises(RemoteFailed) as caught:
        complete(connection, command('sh', '-c', 'echo one; printf "no\\033 way\n" >&2; exit 3'))
    assert str(caught.value) == 'sh on robot failed (exit status 3): no way'
    assert caught.value.facts['exit_status'] == 3
    assert caught.value.facts['host'] == 'robot'


def resident() -> int:
    """Return the bytes of memory that this process uses."""
    return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def test_a_hundred_megabytes_arrive_whole_at_a_slow_reader(connection: Connection) -> None:
    size = 100_000_000
    program = f"""
import os, sys
block = bytes(range(256)) * 256
left = {size}
while left:
    left -= os.write(1, block[:left])
os.write(2, b'done')
"""
    block = bytes(range(256)) * 256
    expected = hashlib.sha256(block * (size // len(block)) + block[:size % len(block)])
    digest, count, memory = hashlib.sha256(), 0, []
    before = resident()

    def take(data: bytes) -> None:
        nonlocal count
        digest.update(data)
        count += len(data)
        if not memory:
            threading.Event().wait(3)  # longer than the silence that is allowed
            watchdog = Path(f'/proc/{process.pid}/stat').read_text().split()[3]
            status = Path(f'/proc/{watchdog}/status').read_text()
            memory.append(int(status.partition('VmHWM:')[2].split()[0]) * 1024)
            memory.append(resident() - before)

    process = start(connection, python(program, silence=1.5), on_stdout=take)
    with process:
        assert process.wait(90).code == 0
    assert count == size
    assert digest.digest() == expected.digest()
    assert max(memory) < size / 2


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
@pytest.mark.parametrize('error', [OSError, ValueError])
def test_an_error_of_who_takes_the_output_is_told_as_it_is(
        connection: Connection, error: type[Exception]) -> None:
    def take(data: bytes) -> None:
        raise error('disk full')

    process = RemoteProcess(command('sh', '-c', 'sleep 0.3; echo; sleep 1000'), take)
    with process, pytest.raises(error, match='disk full'):
        process.start(connection.open_session(PATIENCE))
        process.wait(PATIENCE)
    wait_until(lambda: not alive(process.pid))


def test_input_arrives_whole_and_ends(connection: Connection) -> None:
    data = os.urandom(3_000_000)
    got = bytearray()
    with start(connection, command('cat', stdin=True), on_stdout=got.extend) as process:
        process.write(data)
        process.close_stdin()
        assert process.wait(PATIENCE).code == 0
    assert bytes(got) == data


def test_input_that_nobody_takes_blocks_neither_side(connection: Connection) -> None:
    with start(connection, command('sleep', '1000', stdin=True)) as process:
        with pytest.raises(Unreachable, match='takes no input'):
            process.write(bytes(1_000_000), timeout=0.5)
        process.send_signal(signal.SIGUSR1)
        assert process.wait(PATIENCE).signal == signal.SIGUSR1


def test_after_the_end_signals_do_nothing_and_input_is_refused(connection: Connection) -> None:
    with start(connection, command('cat', stdin=True)) as process:
        process.close_stdin()
        assert process.wait(PATIENCE).code == 0
        process.stop()
        process.send_signal(signal.SIGINT)
        process.close_stdin()
        with pytest.raises(RemoteFailed, match='has ended .exit status 0.'):
            process.write(b'more')


def test_a_signal_before_the_start_is_a_mistake() -> None:
    with pytest.raises(InvalidRequest, match='start it first'):
        RemoteProcess(command('true')).stop()


def test_input_after_the_command_closed_it_is_dropped(connection: Connection) -> None:
    program = 'import os, signal; os.close(0); print(flush=True); signal.pause()'
    heard = threading.Event()
    with start(connection, python(program, stdin=True),
               on_stdout=lambda _: heard.set()) as process:
        assert heard.wait(PATIENCE)
        process.write(bytes(1_000_000))
        process.kill()
        assert process.wait(PATIENCE).signal == signal.SIGKILL


def test_without_input_the_command_reads_the_end(connection: Connection) -> None:
    assert complete(connection, command('cat')).stdout == b''


def test_a_terminal_is_one(connection: Connection) -> None:
    program = 'import os, sys; print(os.isatty(0), os.isatty(2), os.get_terminal_size(), ' \
              'os.tcgetpgrp(0) == os.getpgrp())'
    done = complete(connection, python(program, pty=(30, 100)))
    assert done.stdout == (b'True True os.terminal_size(columns=100, lines=30) True\r\n')


def test_a_terminal_takes_input_and_its_end(connection: Connection) -> None:
    got = bytearray()
    with start(connection, command('cat', stdin=True, pty=(24, 80)),
               on_stdout=got.extend) as process:
        process.write(b'hello\n')
        wait_until(lambda: got.count(b'hello') == 2)
        process.close_stdin()
        assert process.wait(PATIENCE).code == 0


_STUBBORN = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: print(number, flush=True))
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    open(sys.argv[1] + '.grandchild', 'w').write(str(os.getpid()))
    while True:
        signal.pause()
open(sys.argv[1], 'w').write(str(os.getpid()))
while True:
    signal.pause()
"""


def test_a_stop_climbs_the_ladder_for_the_whole_tree(
        connection: Connection, tmp_path: Path) -> None:
    got = bytearray()
    with start(connection, python(_STUBBORN, str(tmp_path / 'pid')),
               on_stdout=got.extend) as process:
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
    with start(connection, python(_STUBBORN, str(tmp_path / 'pid'))) as process:
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
    argv = [sys.executable, '-c', _STUBBORN, str(tmp_path / 'pid')] if ignoring else [
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
    with client(sshd, 3.0, sys.executable, '-c', _STUBBORN, str(tmp_path / 'pid')) as popen:
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
    with start(connection, python(_STUBBORN, str(tmp_path / 'pid'))) as process:
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
        with start(connection, python(_STUBBORN, str(tmp_path / 'pid'))) as process:
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
    with start(connection, python(_STUBBORN, str(tmp_path / 'pid'))) as process:
        pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
        guard = parent(parent(process.pid))
        os.kill(parent(process.pid), signal.SIGKILL)
        with pytest.raises(RemoteFailed) as caught:
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
        assert isinstance(starting.exception(PATIENCE), RemoteFailed)
    assert not alive(pid)


def test_a_watchdog_that_fails_takes_all_that_it_watched_along(
        connection: Connection, tmp_path: Path) -> None:
    with start(connection, python(_STUBBORN, str(tmp_path / 'pid'))) as process:
        pids = [pid_from(tmp_path / 'pid'), pid_from(tmp_path / 'pid.grandchild')]
        process._send(frames.START, b'no order')
        with pytest.raises(RemoteFailed) as caught:
            process.wait(PATIENCE)
        assert not any(map(alive, pids))
    assert str(caught.value) == (
        f'what watches {sys.executable} on robot failed (json.decoder.JSONDecodeError: Expecting '
        f'value: line 1 column 1 (char 0)); {sys.executable} was ended with it; that is a mistake '
        'in launch_service_node: please report it')


def test_a_guard_that_is_killed_takes_all_along_too(
        connection: Connection, tmp_path: Path) -> None:
    with start(connection, python(_STUBBORN, str(tmp_path / 'pid'))) as process:
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


def test_a_set_up_script_changes_the_environment(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / 'tool').write_text('#!/bin/sh\necho found $A $B\n')
    (tmp_path / 'tool').chmod(0o755)
    (tmp_path / "it's.bash").write_text(
        f'echo noise; [[ 1 ]] && export A=setup B=setup PATH={tmp_path}:$PATH; cd /')
    done = complete(connection, command('tool', env={'B': 'mine'},
                                        setup=(str(tmp_path / "it's.bash"),)))
    assert done.stdout == b'found setup mine\n'
    assert done.stderr == b'noise\n'


def fails(connection: Connection, error: type[LaunchServiceError], what: Command,
          *words: str) -> LaunchServiceError:
    process = RemoteProcess(what)
    with pytest.raises(error) as caught, process:
        process.start(connection.open_session(PATIENCE))
    message = str(caught.value)
    assert type(caught.value) is error
    assert '\n' not in message
    for word in words:
        assert word in message
    assert caught.value.facts['host'] == 'robot'
    assert caught.value.facts['command'] == what.argv
    return caught.value


def test_a_set_up_script_that_is_missing(connection: Connection) -> None:
    error = fails(connection, SetupScriptMissing, command('true', setup=('/no/setup.bash',)),
                  'robot has no set-up script /no/setup.bash')
    assert error.facts['script'] == '/no/setup.bash'


def test_a_set_up_script_that_exits(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / 'setup.sh').write_text('echo out of order >&2; exit 5')
    error = fails(connection, SetupScriptMissing,
                  command('true', setup=(str(tmp_path / 'setup.sh'),)), 'status 5', 'out of order')
    assert error.facts['exit_status'] == 5


def test_a_set_up_script_that_waits_for_ever(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / 'setup.sh').write_text(f'echo $$ > {tmp_path}/pid; sleep 1000')
    for timeout in (2.0, 8.0, PATIENCE):
        fails(connection, ConnectTimedOut,
              command('true', setup=(str(tmp_path / 'setup.sh'),), start_timeout=timeout),
              'a set-up script that waits')
        if (tmp_path / 'pid').exists():  # a busy machine may not get there before
            break
    wait_until(lambda: not alive(pid_from(tmp_path / 'pid')))


def test_a_shell_for_the_set_up_that_is_missing(
        make_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    few = tmp_path / 'few'
    few.mkdir()
    (tmp_path / 'setup.zsh').touch()
    server = make_sshd(SetEnv=f'PATH={few}')
    connection = connect(server.target())
    try:
        fails(connection, InterpreterMissing,
              command('true', setup=(str(tmp_path / 'setup.zsh'),), python=sys.executable),
              'robot lacks what runs zsh')
    finally:
        connection.close()


def test_python_that_is_missing(connection: Connection) -> None:
    error = fails(connection, InterpreterMissing, command('true', python='python9'),
                  'robot has no python9', 'install Python')
    assert error.facts['exit_status'] == 127


def test_python_that_is_missing_is_told_also_when_the_shell_is_faster(
        connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    send = paramiko.Channel.sendall

    def late(channel: paramiko.Channel, data: bytes) -> None:
        wait_until(lambda: channel.closed)
        send(channel, data)
    monkeypatch.setattr(paramiko.Channel, 'sendall', late)
    fails(connection, InterpreterMissing, command('true', python='python9'),
          'robot has no python9')


def test_python_that_is_too_old(connection: Connection, tmp_path: Path) -> None:
    old = tmp_path / 'python'
    old.write_text(f'#!{sys.executable}\nimport sys\nsys.version_info = (3, 6, 9)\n'
                   'sys.argv = sys.argv[2:]\nexec(sys.argv.pop(1))\n')
    old.chmod(0o755)
    fails(connection, InterpreterMissing, command('true', python=str(old)), 'too old', '(3.6)')


def test_a_login_shell_that_runs_nothing(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(ForceCommand='echo This account is closed. >&2; exit 1')
    connection = connect(server.target())
    try:
        error = fails(connection, RemoteFailed, command('true'), 'account is closed',
                      'exit status 1')
        assert error.facts['exit_status'] == 1
    finally:
        connection.close()


def test_a_login_shell_that_says_something_first(make_sshd: Callable[..., Sshd]) -> None:
    server = make_sshd(ForceCommand='echo Welcome; exec sh -c "$SSH_ORIGINAL_COMMAND"')
    connection = connect(server.target())
    try:
        assert complete(connection, command('echo', 'here')).stdout == b'here\n'
    finally:
        connection.close()


@pytest.mark.parametrize('shell', ['bash', 'dash', 'zsh', 'fish', 'tcsh'])
def test_every_login_shell_will_do(make_sshd: Callable[..., Sshd], shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f'there is no {shell}')
    server = make_sshd(ForceCommand=f'exec {shell} -c "$SSH_ORIGINAL_COMMAND"')
    connection = connect(server.target())
    try:
        argv = ["it's", '!', '\n', '\\']
        done = complete(connection, python(_SHOW, *argv))
        assert json.loads(done.stdout)[0] == argv
    finally:
        connection.close()


def test_a_program_that_is_missing_or_none(connection: Connection, tmp_path: Path) -> None:
    fails(connection, RemoteFailed, command('no-such-program'), "can't start no-such-program",
          'No such file')
    (tmp_path / 'file').touch(0o644)
    fails(connection, RemoteFailed, command(str(tmp_path / 'file')), 'Permission denied')
    fails(connection, RemoteFailed, command('true', cwd='/nowhere'), 'the folder /nowhere')
    (tmp_path / 'tool').write_text('#!/no/such/interpreter\n')
    (tmp_path / 'tool').chmod(0o755)
    fails(connection, InterpreterMissing, command(str(tmp_path / 'tool')), 'the first line')


def test_an_answer_that_is_too_long_or_too_late(connection: Connection) -> None:
    with pytest.raises(RemoteFailed, match='says more than 1000 bytes'):
        complete(connection, command('yes'), most_output=1000)
    with pytest.raises(Unreachable, match='still runs') as caught:
        run(connection.open_session(PATIENCE), command('sleep', '1000'), 0.2)
    assert caught.value.code == ResultCode.TIMED_OUT


def test_secrets_are_in_no_command_line(connection: Connection, sshd: Sshd) -> None:
    token = uuid.uuid4().hex  # nobody else's: everybody on this host is looked at
    what = command('sleep', '1000', env={'TOKEN': token})
    assert token not in repr(what)
    with start(connection, what) as process:
        environ = Path(f'/proc/{process.pid}/environ').read_bytes()
        assert f'TOKEN={token}'.encode() in environ
        for entry in Path('/proc').iterdir():
            if entry.name.isdigit():
                try:
                    assert token.encode() not in (entry / 'cmdline').read_bytes()
                except (FileNotFoundError, ProcessLookupError):
                    continue
    assert token not in sshd.log()


def test_what_cannot_run_is_refused_at_once() -> None:
    for wrong in ({'argv': ()}, {'argv': ('a\0b',)}, {'argv': ('a',), 'env': {'A=B': ''}},
                  {'argv': ('a',), 'silence': -1}):
        with pytest.raises(InvalidRequest):
            Command(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize('version', ['3.8', '3.9', '3.13'])
def test_older_and_newer_pythons_will_do(
        connection: Connection, tmp_path: Path, version: str) -> None:
    # Also those of pyenv, by themselves: what it puts in the PATH may refuse.
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    places = [shutil.which(f'python{version}'),
              *home.glob(f'.pyenv/versions/{version}.*/bin/python3')]
    program = next((str(one) for one in places if one and not subprocess.run(
        [one, '-c', ''], capture_output=True, check=False, timeout=PATIENCE).returncode), None)
    if program is None:
        pytest.skip(f'there is no Python {version}')
    what = python(_STUBBORN, str(tmp_path / 'pid'), python=program)
    with start(connection, what) as process:
        pid = pid_from(tmp_path / 'pid.grandchild')
        process.stop()
        assert process.wait(PATIENCE).signal == signal.SIGKILL
    assert not alive(pid)


def test_two_processes_share_a_connection(connection: Connection) -> None:
    began = time.monotonic()
    first = start(connection, command('sleep', '1000'))
    with first, start(connection, command('echo', 'here')) as second:
        assert second.wait(PATIENCE).code == 0
        first.kill()
        assert first.wait(PATIENCE).signal == signal.SIGKILL
    assert time.monotonic() - began < 1000
