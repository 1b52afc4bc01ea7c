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

"""Files that are sent along: whole, private, and gone with the command, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import stat
import subprocess
import sys
import threading
from typing import Any

from harness import alive, wait_until
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.errors import InvalidRequest, LaunchServiceError, RemoteFailed
from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import connect, Connection
from launch_service_node.ssh.files import MOST_BYTES, SentFile
from launch_service_node.ssh.places import Place, stand_in
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.remote.folder import Folder
from launch_service_node.ssh.running import run
from launch_service_node.supervisor.kernel.identity import open_handle

_SHOW = """
import os, sys
path = sys.argv[1]
for one in (os.path.dirname(path), path):
    print(one, oct(os.stat(one).st_mode & 0o7777), os.stat(one).st_uid)
"""

# Says where the file is, then waits for its end.
_STAY = """
import signal, sys
print(sys.argv[1], flush=True)
signal.pause()
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """Give a runtime folder, as logind makes one."""
    folder = tmp_path / 'runtime'
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def robot(make_sshd: Any, runtime: Path) -> Sshd:
    """Give a server whose logins have that runtime folder."""
    server: Sshd = make_sshd(SetEnv=f'XDG_RUNTIME_DIR={runtime}')
    return server


@pytest.fixture
def connection(robot: Sshd) -> Iterator[Connection]:
    """Give a connection to it."""
    connection = connect(robot.target())
    yield connection
    connection.close()


def python(program: str, *files: SentFile, argv: tuple[str, ...] = (), **changes: Any) -> Command:
    places: dict[str, Place] = {stand_in(one): one for one in files}
    return Command((sys.executable, '-ISE', '-c', program, *argv, *places), places=places,
                   **{'sigterm_timeout': 0.3, 'sigkill_timeout': 0.3, **changes})


def complete(connection: Connection, command: Command, **options: Any) -> Any:
    return run(connection.open_session(PATIENCE), command, PATIENCE, **options)


class Staying:
    """A command that stays, with a file."""

    def __init__(self, connection: Connection, program: str = _STAY, **changes: Any) -> None:
        self._said = bytearray()
        self._line = threading.Event()
        self.process = RemoteProcess(python(program, SentFile('a.yaml', b'a: 1'), **changes),
                                     self._take, self._take)
        self.process.start(connection.open_session(PATIENCE))
        assert self._line.wait(PATIENCE)
        self.path = Path(self._said.decode().strip())

    def _take(self, data: bytes) -> None:
        self._said += data
        if self._said.endswith(b'\n'):
            self._line.set()


def parent_of(pid: int) -> int:
    return int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])


def test_a_file_is_private_and_whole(connection: Connection, runtime: Path) -> None:
    done = complete(connection, python(_SHOW, SentFile('a.yaml', b'x')))
    folder, file = (line.split() for line in done.stdout.decode().splitlines())
    assert Path(folder[0]).parent == runtime
    assert Path(file[0]).name == 'a.yaml'
    assert folder[1:] == ['0o700', str(os.getuid())]
    assert file[1:] == ['0o600', str(os.getuid())]
    assert list(runtime.iterdir()) == []


@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4))
def test_files_arrive_as_they_are(connection: Connection, runtime: Path, files: list[bytes]
                                  ) -> None:
    sent = [SentFile(f'{number}.bin', data) for number, data in enumerate(files)]
    done = complete(connection, python(
        'import sys\nfor one in sys.argv[1:]: sys.stdout.buffer.write(open(one, "rb").read())',
        *sent))
    assert done.stdout == b''.join(files)
    assert list(runtime.iterdir()) == []


def test_the_largest_file_arrives_and_a_larger_one_is_refused(connection: Connection) -> None:
    done = complete(connection, python(
        'import os, sys; print(os.stat(sys.argv[1]).st_size)',
        SentFile('a.bin', os.urandom(MOST_BYTES))))
    assert int(done.stdout) == MOST_BYTES
    with pytest.raises(InvalidRequest) as caught:
        SentFile('a.bin', bytes(MOST_BYTES + 1))
    assert caught.value.message == (
        f'a.bin has {MOST_BYTES + 1} bytes, and {MOST_BYTES} is the most that is sent along with '
        'a command: copy it to the machine before, and name its path there')


@pytest.mark.parametrize('name', ['', '.', '..', '../a', 'a/b', '/a', 'a\0', 'a b', '.a', 'a\n'])
def test_a_name_that_is_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        SentFile(name, b'')


def test_what_is_in_a_file_is_not_shown(connection: Connection) -> None:
    file = SentFile('a.yaml', b'the secret')
    command = python('import sys; sys.exit(sys.argv[1])', file)
    with pytest.raises(RemoteFailed) as caught:
        complete(connection, command)
    for text in (repr(file), str(file), repr(command), str(caught.value), str(caught.value.facts)):
        assert 'the secret' not in text


def test_an_error_names_the_file_as_people_do() -> None:
    word = stand_in(SentFile('a.yaml', b''))
    command = Command((word, f'--file={word}'))
    assert (command.name, command.words) == ('a.yaml', ('a.yaml', '--file=a.yaml'))


@pytest.mark.parametrize('program', [
    'pass', 'import sys; sys.exit(3)', 'import os; os.abort()',
    'import os, sys; os.unlink(sys.argv[1])',
    'import os, sys; open(os.path.join(os.path.dirname(sys.argv[1]), "more"), "w")'])
def test_it_is_gone_when_the_command_has_ended(
        connection: Connection, runtime: Path, program: str) -> None:
    complete(connection, python(program, SentFile('a.yaml', b'x')), check=False)
    assert list(runtime.iterdir()) == []


def test_it_is_gone_when_the_command_can_not_be_started(
        connection: Connection, runtime: Path) -> None:
    file = SentFile('a.yaml', b'x')
    word = stand_in(file)
    with pytest.raises(RemoteFailed, match="can't start /no/such"):
        complete(connection, Command(('/no/such', word), places={word: file}))
    assert list(runtime.iterdir()) == []


def test_it_is_gone_when_the_command_was_killed(connection: Connection, runtime: Path) -> None:
    staying = Staying(connection)
    assert staying.path.read_bytes() == b'a: 1'
    with staying.process as process:
        process.kill()
        assert process.wait(PATIENCE).signal == signal.SIGKILL
    assert list(runtime.iterdir()) == []


def test_it_is_gone_when_the_connection_is(connection: Connection, runtime: Path) -> None:
    staying = Staying(connection)
    assert staying.path.exists()
    connection.close()
    wait_until(lambda: not list(runtime.iterdir()))
    with pytest.raises(LaunchServiceError):
        staying.process.wait(PATIENCE)


def test_it_is_gone_when_who_sent_it_is_killed(robot: Sshd, runtime: Path) -> None:
    target = robot.target()
    program = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
from test_files import connect, Staying
from launch_service_node.ssh.target import Target
staying = Staying(connect(Target(host='robot', config_file={str(target.config_file)!r},
                                 ssh_key={str(target.ssh_key)!r})))
print(staying.path, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, '-c', program], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as popen:
        try:
            assert popen.stdout
            assert Path(popen.stdout.readline().strip()).exists()
        finally:
            popen.kill()
    wait_until(lambda: not list(runtime.iterdir()))


def test_it_is_gone_when_the_watchdog_is_killed(connection: Connection, runtime: Path) -> None:
    staying = Staying(connection)
    watchdog = open_handle(parent_of(staying.process.pid))
    assert watchdog
    watchdog.send(signal.SIGKILL)
    watchdog.close()
    with pytest.raises(LaunchServiceError):
        staying.process.wait(PATIENCE)
    wait_until(lambda: not list(runtime.iterdir()))


def test_what_is_left_when_all_are_killed_goes_with_the_next_file(
        connection: Connection, runtime: Path) -> None:
    staying = Staying(connection)
    watchdog = parent_of(staying.process.pid)
    handles = [open_handle(pid) for pid in (watchdog, parent_of(watchdog), staying.process.pid)]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for handle in handles:
            assert handle
            handle.send(number)
    with pytest.raises(LaunchServiceError):
        staying.process.wait(PATIENCE)
    assert staying.path.exists()
    complete(connection, python('pass', SentFile('a.yaml', b'x')))
    assert list(runtime.iterdir()) == []
    for handle in handles:
        assert handle
        handle.close()


def test_what_is_in_use_and_what_is_not_ours_stays(
        connection: Connection, runtime: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    (elsewhere / 'kept').touch()
    (runtime / 'launch_service_node.link').symlink_to(elsewhere)
    (runtime / 'other').mkdir()
    staying = Staying(connection)
    complete(connection, python('pass', SentFile('a.yaml', b'x')))
    assert staying.path.exists()
    staying.process.close()
    assert (elsewhere / 'kept').exists()
    wait_until(lambda: {one.name for one in runtime.iterdir()}
               == {'launch_service_node.link', 'other'})


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can make what belongs to another user')
def test_a_runtime_folder_of_another_user_is_not_used(
        make_sshd: Any, tmp_path: Path) -> None:
    runtime, temporary = tmp_path / 'runtime', tmp_path / 'temporary'
    temporary.mkdir()
    runtime.mkdir()
    os.chown(runtime, 12345, 12345)
    server = make_sshd(SetEnv=f'XDG_RUNTIME_DIR={runtime} TMPDIR={temporary}')
    connection = connect(server.target())
    try:
        done = complete(connection, python('import sys; print(sys.argv[1])',
                                           SentFile('a.yaml', b'')))
    finally:
        connection.close()
    assert Path(done.stdout.decode()).parents[1] == temporary
    assert list(temporary.iterdir()) == []


def test_without_a_place_for_it_that_is_told(make_sshd: Any, tmp_path: Path) -> None:
    server = make_sshd(SetEnv=f'TMPDIR={tmp_path}/none')
    connection = connect(server.target())
    try:
        with pytest.raises(RemoteFailed) as caught:
            complete(connection, python('pass', SentFile('a.yaml', b'')))
    finally:
        connection.close()
    assert caught.value.message.startswith(f"robot can't store a.yaml (in {tmp_path}/none/")
    assert caught.value.message.endswith(
        'No such file or directory; free some space there, or name a folder in TMPDIR')


def test_where_the_runtime_folder_is_full_another_one_serves(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    file = tmp_path / 'file'  # a file takes no folder, as a full disk takes none
    file.touch()
    monkeypatch.setenv('XDG_RUNTIME_DIR', str(file))
    monkeypatch.setenv('TMPDIR', str(temporary))
    folder = Folder()
    written = folder.write({b'a': b'x'})
    assert Path(os.fsdecode(written[b'a'])).parents[1] == temporary
    assert stat.S_IMODE(os.stat(folder.path).st_mode) == 0o700
    folder.remove()
    assert list(temporary.iterdir()) == []


def test_many_at_once_keep_their_own_files(connection: Connection, runtime: Path) -> None:
    staying = [Staying(connection) for _ in range(6)]
    assert len({one.path for one in staying}) == 6
    assert all(one.path.exists() for one in staying)
    pids = [one.process.pid for one in staying]
    for one in staying:
        one.process.close()
    wait_until(lambda: not list(runtime.iterdir()) and not any(map(alive, pids)))
