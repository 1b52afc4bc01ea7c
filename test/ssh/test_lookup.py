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

"""Packages are looked up on the machine; what isn't there is told in one line."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import shlex
import signal
import string
import sys
from typing import Any

from harness import wait_until
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from ssh_servers import PATIENCE, Sshd

from launch_service_node.errors import InvalidRequest, RemoteFailed
from launch_service_node.ssh.connection import connect, Connection
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.lookup import Executable, find, InPackage, Prefix, Share
from launch_service_node.ssh.places import readable, stand_in
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.running import run


@pytest.fixture
def connection(sshd: Sshd) -> Iterator[Connection]:
    """Give a connection."""
    connection = connect(sshd.target())
    yield connection
    connection.close()


class Workspace:
    """An ament prefix, and the script that makes it known."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder
        self.setup = folder / 'setup.bash'
        folder.mkdir(parents=True)
        self.setup.write_text(
            f'export AMENT_PREFIX_PATH={shlex.quote(str(folder))}'
            '"${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}"\n')

    def package(self, name: str, *executables: str, marker: bool = True,
                script: str = '#!/bin/sh\necho "$0" "$@"\n') -> Path:
        """Install a package, and return the folder of its executables."""
        index = self.prefix / 'share/ament_index/resource_index/packages'
        index.mkdir(parents=True, exist_ok=True)
        if marker:
            (index / name).touch()
        (self.prefix / 'share' / name).mkdir(exist_ok=True)
        lib = self.prefix / 'lib' / name
        lib.mkdir(parents=True)
        for one in executables:
            (lib / one).write_text(script)
            (lib / one).chmod(0o755)
        return lib


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Give a workspace with a robot's packages."""
    workspace = Workspace(tmp_path / 'it\'s a "ws" 日本')
    workspace.package('arm', 'arm_driver', 'arm_planner')
    return workspace


def host(sshd: Sshd, *setup: Workspace, **changes: Any) -> Host:
    return Host(sshd.target(), setup=tuple(str(one.setup) for one in setup), **changes)


def ask(connection: Connection, host: Host, what: InPackage) -> str:
    return find(connection.open_session(PATIENCE), host, what, PATIENCE)


def command(host: Host, what: InPackage, *words: str, before: tuple[str, ...] = ()) -> Any:
    word = stand_in(what)
    return host.command((*before, word, *words), places={word: what})


def test_an_executable_is_found_behind_the_set_up_scripts(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    done = run(connection.open_session(PATIENCE),
               command(host(sshd, workspace), Executable('arm', 'arm_driver'), '-x', 'a b'),
               PATIENCE)
    assert done.stdout.decode() == f'{workspace.prefix}/lib/arm/arm_driver -x a b\n'


def test_share_files_and_prefixes_are_found(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    robot = host(sshd, workspace)
    (workspace.prefix / 'share/arm/arm.urdf').touch()
    assert ask(connection, robot, Share('arm', 'arm.urdf')) == (
        f'{workspace.prefix}/share/arm/arm.urdf')
    assert ask(connection, robot, Share('arm')) == f'{workspace.prefix}/share/arm'
    assert ask(connection, robot, Prefix('arm')) == str(workspace.prefix)
    assert ask(connection, robot, Executable('arm', 'arm_planner')) == (
        f'{workspace.prefix}/lib/arm/arm_planner')


def test_a_host_that_can_not_be_right_leaves_no_session(
        sshd: Sshd, connection: Connection) -> None:
    session = connection.open_session(PATIENCE)
    with pytest.raises(InvalidRequest, match='NOT A NAME'):
        find(session, host(sshd, env={'NOT A NAME=': 'x'}), Prefix('arm'), PATIENCE)
    assert session.channel.closed


def test_the_last_workspace_that_was_sourced_counts(
        sshd: Sshd, connection: Connection, workspace: Workspace, tmp_path: Path) -> None:
    overlay = Workspace(tmp_path / 'overlay')
    overlay.package('arm', 'arm_driver')
    robot = host(sshd, workspace, overlay)
    assert ask(connection, robot, Prefix('arm')) == str(overlay.prefix)
    with pytest.raises(RemoteFailed, match='has no executable arm_planner: '):
        ask(connection, robot, Executable('arm', 'arm_planner'))


def test_the_index_comes_before_a_folder_of_the_name(
        sshd: Sshd, connection: Connection, workspace: Workspace, tmp_path: Path) -> None:
    stray = Workspace(tmp_path / 'stray')
    stray.package('arm', 'arm_driver', marker=False)
    stray.package('leg', 'leg_driver', marker=False)
    robot = host(sshd, workspace, stray)
    assert ask(connection, robot, Prefix('arm')) == str(workspace.prefix)
    assert ask(connection, robot, Prefix('leg')) == str(stray.prefix)


def test_the_environment_of_the_machine_counts_too(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    robot = host(sshd, env={'AMENT_PREFIX_PATH': f'/nowhere:{workspace.prefix}'})
    assert ask(connection, robot, Prefix('arm')) == str(workspace.prefix)


def test_a_package_that_is_missing_is_told_with_where_it_was_looked_for(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    with pytest.raises(RemoteFailed) as caught:
        ask(connection, host(sshd, workspace, env={
            'AMENT_PREFIX_PATH': f'/a:/b:{workspace.prefix}:/c:/a'}), Executable('leg', 'driver'))
    assert caught.value.message == (
        f'robot has no package leg in /a, /b, {workspace.prefix} and 1 more: install it there, or '
        'name the set-up script of the workspace that has it, as in '
        "setup=['ws/install/setup.bash']")
    assert caught.value.facts['package'] == 'leg'
    assert caught.value.facts['searched'] == ['/a', '/b', str(workspace.prefix), '/c']


def test_without_any_ros_the_missing_set_up_is_told(sshd: Sshd, connection: Connection) -> None:
    with pytest.raises(RemoteFailed) as caught:
        ask(connection, host(sshd), Executable('arm', 'arm_driver'))
    assert caught.value.message.startswith(
        "robot can't look for the package arm: no ROS is set up for this command there; name the "
        "set-up script, as in setup=['/opt/ros/")


@pytest.mark.parametrize('name, line', [
    ('arm_drivr', 'has no executable arm_drivr: did you mean arm_driver?'),
    ('zzz', 'has no executable zzz: it has arm_driver, arm_planner'),
    ('sub/arm_driver', 'has no executable sub/arm_driver: did you mean arm_driver?')])
def test_an_executable_that_is_missing_is_told_with_those_that_are_near(
        sshd: Sshd, connection: Connection, workspace: Workspace, name: str, line: str) -> None:
    with pytest.raises(RemoteFailed) as caught:
        ask(connection, host(sshd, workspace), Executable('arm', name))
    assert caught.value.message == f'the package arm on robot (in {workspace.prefix}) {line}'


def test_a_package_without_executables_is_told(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    (workspace.package('leg') / 'data').touch()
    with pytest.raises(RemoteFailed, match=r'leg_driver: it has none at all; is it built there\?'):
        ask(connection, host(sshd, workspace), Executable('leg', 'leg_driver'))


def test_a_file_that_may_not_be_executed_is_told(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    path = workspace.prefix / 'lib/arm/arm_driver'
    path.chmod(0o644)
    with pytest.raises(RemoteFailed) as caught:
        ask(connection, host(sshd, workspace), Executable('arm', 'arm_driver'))
    assert caught.value.message == f'{path} on robot may not be executed: chmod +x it there'


def test_a_share_file_that_is_missing_is_told(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    with pytest.raises(RemoteFailed) as caught:
        ask(connection, host(sshd, workspace), Share('arm', 'arm.urdf'))
    assert caught.value.message == (f'robot has no {workspace.prefix}/share/arm/arm.urdf: check '
                                    'the path, and whether it is installed there')


@pytest.mark.parametrize('make', [
    lambda: Prefix('../etc'), lambda: Prefix(''), lambda: Prefix('a/b'), lambda: Prefix('a\n'),
    lambda: Share('arm', '../../etc'), lambda: Share('arm', '/etc'),
    lambda: Executable('arm', ''), lambda: Executable('arm', '../x'),
    lambda: Executable('arm', 'a\0')])
def test_a_way_out_of_the_package_is_refused(make: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        make()
    assert '\n' not in caught.value.message


def test_the_process_is_the_executable_itself(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    workspace.package('leg', 'leg_driver', script=f'#!{sys.executable} -ISE\n'
                      'import signal; print("ready", flush=True); signal.pause()\n')
    said = bytearray()
    with RemoteProcess(command(host(sshd, workspace), Executable('leg', 'leg_driver')),
                       said.extend) as process:
        process.start(connection.open_session(PATIENCE))
        # It is empty while exec is at work still.
        line = wait_until(Path(f'/proc/{process.pid}/cmdline').read_bytes).split(b'\0')
        assert os.fsencode(workspace.prefix / 'lib/leg/leg_driver') in line
        process.send_signal(signal.SIGUSR1)
        assert process.wait(PATIENCE).signal == signal.SIGUSR1


def test_what_stands_before_the_executable_gets_it_too(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    done = run(connection.open_session(PATIENCE),
               command(host(sshd, workspace), Executable('arm', 'arm_driver'), 'x',
                       before=('env', 'A=b', 'sh')), PATIENCE)
    assert done.stdout.decode() == f'{workspace.prefix}/lib/arm/arm_driver x\n'


def test_the_command_is_the_only_login(
        sshd: Sshd, connection: Connection, workspace: Workspace) -> None:
    before = sshd.log().count('Starting session')
    run(connection.open_session(PATIENCE),
        command(host(sshd, workspace), Executable('arm', 'arm_driver')), PATIENCE)
    assert sshd.log().count('Starting session') == before + 1


@given(st.text(string.printable))
@settings(max_examples=200)
def test_only_what_stands_for_a_place_reads_otherwise(text: str) -> None:
    word = stand_in(Executable('arm', 'driver'))
    assert readable(f'{text}{word}{text}') == f'{readable(text)}arm/driver{readable(text)}'
