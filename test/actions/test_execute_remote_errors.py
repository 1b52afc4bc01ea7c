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

"""What goes wrong on the way to a machine: one line, an exit with 255, a launch that goes on."""

from __future__ import annotations

from collections.abc import Callable
import getpass
from pathlib import Path
import threading
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from harness import wait_until  # noqa: E402
from launch.actions import LogInfo, Shutdown  # noqa: E402
from launching import Launcher, machine_on, Told  # noqa: E402
from ssh_servers import free_port, keygen, odd_server, Sshd  # noqa: E402

from launch_service_node.actions import ExecuteRemote  # noqa: E402
from launch_service_node.machines import SSHMachine  # noqa: E402
from launch_service_node.ssh.pool import Pool  # noqa: E402


def error_of(launcher: Launcher, machine: SSHMachine, *cmd: str, **arguments: Any) -> str:
    """Return the one line that launch says when a process can't be run on a machine."""
    action = ExecuteRemote(cmd=cmd or ('true',), machine=machine, name='it',
                           on_exit=[LogInfo(msg='it goes on')], **arguments)
    told = Told(action)
    assert launcher.run(action, *told.hear()) == 0
    log = launcher.log()
    assert told.codes == [255] and not told.all('start') and told.all('exit')[0].pid == 0
    assert '[INFO] [launch.user]: it goes on' in log and 'Traceback' not in log
    [line] = [line for line in log.splitlines() if '[ERROR]' in line]
    return line.partition('[ERROR] ')[2]


def test_a_name_that_nobody_knows(launcher: Launcher, robot: Sshd) -> None:
    line = error_of(launcher, machine_on(robot, hostname='no-such-host.invalid'))
    assert 'nobody knows a host named no-such-host.invalid' in line


def test_a_port_where_nobody_listens(launcher: Launcher, robot: Sshd) -> None:
    line = error_of(launcher, machine_on(robot, port=free_port()))
    assert 'refuses the connection' in line


def test_a_host_that_says_nothing(launcher: Launcher, robot: Sshd) -> None:
    with odd_server() as port:
        line = error_of(launcher, machine_on(robot, port=port, connect_timeout=4))
    assert 'accepts the connection and then says nothing' in line


def test_a_port_that_is_no_ssh(launcher: Launcher, robot: Sshd) -> None:
    with odd_server(b'HTTP/1.1 400 Bad Request\r\n\r\n') as port:
        line = error_of(launcher, machine_on(robot, port=port))
    assert "doesn't speak SSH" in line


def test_a_host_key_that_is_not_known(launcher: Launcher, robot: Sshd) -> None:
    robot.know('')
    try:
        line = error_of(launcher, machine_on(robot))
    finally:
        robot.know()
    assert 'known_hosts' in line and str(robot.known_hosts) in line


def test_a_host_key_that_has_changed(launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    robot.know(f'{robot.name} {Sshd.public(keygen(tmp_path / "other"))}')
    try:
        line = error_of(launcher, machine_on(robot))
    finally:
        robot.know()
    assert 'shows another host key' in line


def test_a_user_who_is_not_let_in_and_no_secret_in_the_log(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    key = keygen(tmp_path / 'key', passphrase='s3cret pass')
    line = error_of(launcher, machine_on(robot, ssh_key=str(key), passphrase='s3cret pass',
                                         password='s3cret word'))
    assert getpass.getuser() in line
    line = error_of(launcher, machine_on(robot, ssh_key=str(key), passphrase='s3cret wrong'))
    assert str(key) in line
    for run in (1, 2):
        assert 's3cret' not in (tmp_path / f'log{run}' / 'launch.log').read_text()
    assert 's3cret' not in robot.log()


def test_a_set_up_script_that_is_missing(launcher: Launcher, robot: Sshd) -> None:
    line = error_of(launcher, machine_on(robot, setup=['/opt/ros/none/setup.bash']))
    assert 'has no set-up script /opt/ros/none/setup.bash' in line


def test_a_python_that_is_missing(launcher: Launcher, robot: Sshd) -> None:
    assert 'has no python3.2' in error_of(launcher, machine_on(robot, python='python3.2'))


def test_a_program_that_is_missing(launcher: Launcher, robot: Sshd) -> None:
    assert "can't start no such program" in error_of(
        launcher, machine_on(robot), 'no such program')


def test_a_folder_that_is_missing(launcher: Launcher, robot: Sshd) -> None:
    assert "can't enter the folder /no/where" in error_of(
        launcher, machine_on(robot), cwd='/no/where')


def test_a_start_that_takes_too_long(launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    (tmp_path / 'slow.sh').write_text('sleep 1000')
    line = error_of(launcher, machine_on(robot, setup=[str(tmp_path / 'slow.sh')],
                                         start_timeout=1))
    assert 'has not started true after 1 s' in line


def test_a_host_that_is_slow_to_begin_is_not_taken_for_dead(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    slow = tmp_path / 'python'
    slow.write_text('#!/bin/sh\nsleep 6\nexec python3 "$@"\n')
    slow.chmod(0o755)
    action = ExecuteRemote(cmd=['true'], machine=machine_on(robot, python=str(slow)), silence=4)
    told = Told(action)
    launcher.run(action, *told.hear())
    assert told.codes == [0]


def test_a_server_that_is_full_serves_all_the_same(
        launcher: Launcher, make_robot: Callable[..., Sshd]) -> None:
    server = make_robot(MaxSessions=1)
    told = Told()
    assert launcher.run(*told.hear(), *(
        ExecuteRemote(cmd=['true'], machine=machine_on(server)) for _ in range(4))) == 0
    assert told.codes == [0] * 4


def test_a_host_that_comes_up_later_is_reached_by_respawn(
        launcher: Launcher, make_robot: Callable[..., Sshd]) -> None:
    server = make_robot(started=False)
    def react(event: Any, _: Any) -> Any:
        if event.returncode == 0:
            return Shutdown()
        if not (server.folder / 'log').exists():
            server.start()
        return None
    action = ExecuteRemote(cmd=['echo', 'hi'], machine=machine_on(server), respawn=True,
                           respawn_max_retries=20, respawn_delay=0.1, on_exit=react)
    told = Told(action)
    launcher.run(action, *told.hear())
    assert told.codes[0] == 255 and told.codes[-1] == 0 and b'hi\n' in told.stdout


def test_an_error_of_this_package_is_an_exit_too(
        launcher: Launcher, robot: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(threading, 'excepthook', lambda given: shown.append(given.exc_value))

    def broken(*_: Any) -> Any:
        raise KeyError('broken')
    monkeypatch.setattr(Pool, 'open_session', broken)
    assert 'an error in this package' in error_of(launcher, machine_on(robot))
    # The thread tells its end before it shows what it died of.
    wait_until(lambda: shown)
    assert [str(error) for error in shown] == ["'broken'"]
