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

"""Commands on a machine run as asked, and all that they say and how they ended arrives."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
import signal
import threading
import time
import uuid

from harness import alive, wait_until
import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.errors import (
    ConnectionFailed,
    InvalidRequest,
    RemoteFailed,
    ResultCode,
    Unreachable,
)
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import Connection
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.running import run

from .commands import command, complete, python, SHOW, start


def test_a_command_gets_what_it_was_given(connection: Connection, tmp_path: Path) -> None:
    argv = ["it's", 'a\n', '', '\\', '!', '日本', '$HOME', '\udcff', 'x' * 120000]
    done = complete(connection, python(SHOW, *argv, env={'A': ' \'"\n!', 'ROS_DOMAIN_ID': '7'},
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
            threading.Event().wait(6)  # longer than the silence that is allowed
            watchdog = Path(f'/proc/{process.pid}/stat').read_text().split()[3]
            status = Path(f'/proc/{watchdog}/status').read_text()
            memory.append(int(status.partition('VmHWM:')[2].split()[0]) * 1024)
            memory.append(resident() - before)

    process = start(connection, python(program, silence=4.0), on_stdout=take)
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
        # It is empty while exec is at work still.
        environ = wait_until(Path(f'/proc/{process.pid}/environ').read_bytes)
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


def test_two_processes_share_a_connection(connection: Connection) -> None:
    began = time.monotonic()
    first = start(connection, command('sleep', '1000'))
    with first, start(connection, command('echo', 'here')) as second:
        assert second.wait(PATIENCE).code == 0
        first.kill()
        assert first.wait(PATIENCE).signal == signal.SIGKILL
    assert time.monotonic() - began < 1000


@pytest.mark.parametrize('name', ['remote output', 'remote ping'])
def test_a_computer_without_threads_says_so(
        connection: Connection, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    begin = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == name:
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, 'start', refuse)
    with pytest.raises(ConnectionFailed, match="^this computer can't connect to robot: can't "):
        start(connection, command('true'))
