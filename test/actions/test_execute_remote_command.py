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

"""What a remote process gets: words, folder, environment, prefix, shell, terminal, machine."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from harness import wait_until  # noqa: E402
from launch.actions import SetEnvironmentVariable, SetLaunchConfiguration  # noqa: E402
from launch.conditions import IfCondition, UnlessCondition  # noqa: E402
from launch.descriptions import Executable  # noqa: E402
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution  # noqa: E402
from launching import Launcher, machine_on, ssh_arguments, Told  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.actions import ExecuteRemote, ExecuteRemoteSSH  # noqa: E402
from launch_service_node.machines import pool_of, SSHMachine  # noqa: E402

WORDS = ['printf', r'<%s>', 'a b', '', "it's", '$HOME', '*', '-n', 'é\n"']


def output(launcher: Launcher, action: ExecuteRemote, *before: Any, **configurations: str) -> str:
    """Run it, and return what it wrote to stdout."""
    told = Told(action)
    assert launcher.run(*before, action, *told.hear(), **configurations) == 0
    assert told.codes == [0], launcher.log()
    return told.stdout.decode()


def test_words_arrive_as_they_are(launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=WORDS, machine=machine_on(robot))
    assert output(launcher, action) == ''.join(f'<{word}>' for word in WORDS[2:])


def test_everything_takes_substitutions(launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    def given(name: str) -> LaunchConfiguration:
        return LaunchConfiguration(name)
    values = {
        'program': 'printenv', 'letter': 'A', 'word': 'a value', 'folder': str(tmp_path),
        'yes': 'true', 'no': 'false', 'half': '0.5', 'long': '40', 'none': '0',
        'who': 'it', 'log': 'log', 'robot': 'robot'}
    action = ExecuteRemote(
        cmd=[[given('program')], ['', given('letter')]], machine=given('robot'),
        name=['na', given('who')], cwd=PathJoinSubstitution([given('folder'), '.']),
        env={('', given('letter')): ['x', given('word')]}, prefix=['env ', given('letter'), '=1'],
        shell=given('no'), emulate_tty=given('no'), output=given('log'),
        cached_output=given('yes'), log_cmd=given('yes'), respawn=given('no'),
        respawn_delay=given('half'), respawn_max_retries=given('none'),
        sigterm_timeout=given('half'), sigkill_timeout=given('half'), silence=given('long'),
        persistent_connection=given('no'))
    assert output(launcher, action, machine_on(robot), **values) == '1\n'
    assert action.get_stdout() == '1\n'
    assert action.process_details['name'].startswith('nait-')
    assert action.process_details['env'] == {'A': 'xa value'}
    assert "cmd='env A=1 printenv A', cwd='" in launcher.log()


def test_the_default_machine_runs_it(launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=['echo', 'hi'])
    assert output(launcher, action, machine_on(robot, name='r', default=True)) == 'hi\n'
    assert action.machine_name == 'r'


def test_the_environment_is_that_of_the_machine_and_the_action_not_of_this_side(
        launcher: Launcher, robot: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = tmp_path / 'set up.sh'
    setup.write_text('export FROM_SETUP=1 BOTH=setup')
    monkeypatch.setenv('OF_THIS_SIDE', '1')
    action = ExecuteRemote(
        cmd=['env', '-0'], env={'FROM_ENV': 'a b\n$c', 'BOTH': 'env'},
        additional_env={'FROM_MORE': '1', 'MACHINE_AND': 'action'},
        machine=machine_on(robot, setup=[str(setup)],
                           env={'FROM_MACHINE': '1', 'MACHINE_AND': 'machine'}))
    said = output(launcher, action, SetEnvironmentVariable('ALSO_OF_THIS_SIDE', '1'))
    found = dict(line.split('=', 1) for line in said.split('\0') if line)
    assert {name: value for name, value in found.items() if name in (
        'FROM_SETUP', 'FROM_ENV', 'BOTH', 'FROM_MORE', 'FROM_MACHINE', 'MACHINE_AND',
        'OF_THIS_SIDE', 'ALSO_OF_THIS_SIDE')} == {
            'FROM_SETUP': '1', 'FROM_ENV': 'a b\n$c', 'BOTH': 'env', 'FROM_MORE': '1',
            'FROM_MACHINE': '1', 'MACHINE_AND': 'action'}
    said = output(launcher, ExecuteRemote(
        cmd=['env'], additional_env={'FROM_MORE': '1'}, machine=machine_on(robot)))
    assert 'FROM_MORE=1\n' in said and 'OF_THIS_SIDE' not in said


def test_shell(launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(  # noqa: S604 - that is the point
        cmd=['echo "$((1 + 1))"', '| tr 2 3'], machine=machine_on(robot), shell=True)
    assert output(launcher, action) == '3\n'


def test_prefix(launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=['printenv', 'P'], prefix="env 'P=a b'", machine=machine_on(robot))
    assert output(launcher, action) == 'a b\n'


@pytest.mark.parametrize(('filter', 'prefixed'), [('', True), ('printe', True), ('other', False)])
def test_the_prefix_of_the_launch_and_its_filter(
        launcher: Launcher, robot: Sshd, filter: str, prefixed: bool) -> None:
    action = ExecuteRemote(cmd=['printenv', 'P'], machine=machine_on(robot), env={'P': 'own'})
    said = output(launcher, action, **{'launch-prefix': 'env P=prefix',
                                       'launch-prefix-filter': filter})
    assert said == ('prefix\n' if prefixed else 'own\n')


@pytest.mark.parametrize('how', ['argument', 'configuration'])
def test_a_terminal_is_there_when_it_is_asked_for(
        launcher: Launcher, robot: Sshd, how: str) -> None:
    script = 'test -t 0 && test -t 1 && test -t 2 && echo tty || echo none; echo err >&2'
    action = ExecuteRemote(cmd=['sh', '-c', script], machine=machine_on(robot),
                           emulate_tty=how == 'argument')
    said = output(launcher, action, *(
        [SetLaunchConfiguration('emulate_tty', 'true')] if how == 'configuration' else []))
    assert said == 'tty\r\nerr\r\n'


def test_the_configuration_overrides_the_argument_as_for_executeprocess(
        launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=['sh', '-c', 'test -t 1 || echo none'], machine=machine_on(robot),
                           emulate_tty=True)
    assert output(launcher, action, emulate_tty='0') == 'none\n'


def test_a_terminal_that_goes_takes_its_process_along(launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemote(cmd=['sh', '-c', 'kill -INT $$'], machine=machine_on(robot),
                           emulate_tty=True)
    told = Told(action)
    launcher.run(action, *told.hear())
    assert told.codes == [-2]


@pytest.mark.parametrize(('condition', 'runs'), [
    (IfCondition('true'), True), (IfCondition('false'), False), (UnlessCondition('1'), False)])
def test_a_condition_holds(launcher: Launcher, robot: Sshd, condition: Any, runs: bool) -> None:
    action = ExecuteRemote(cmd=['echo', 'ran'], machine=machine_on(robot), condition=condition)
    told = Told(action)
    assert launcher.run(action, *told.hear()) == 0
    assert (told.stdout == b'ran\n') is runs and len(told.codes) == runs


def test_an_executable_is_a_command_too(launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    executable = Executable(
        cmd=['printenv'], arguments=['P'], name='named', cwd=str(tmp_path), prefix='env P=1',
        additional_env={'Q': '2'})
    action = ExecuteRemote(cmd=executable, machine=machine_on(robot))
    assert output(launcher, action) == '1\n'
    assert action.process_details['name'].startswith('named-')
    assert action.process_details['env'] == {'Q': '2'}
    assert action.process_details['cwd'] == str(tmp_path)
    with pytest.raises(TypeError, match='prefix, cwd: give these to the Executable'):
        ExecuteRemote(cmd=executable, prefix='nice', cwd='/')


@pytest.mark.parametrize('persistent', [True, False])
def test_a_persistent_connection_serves_the_next_action_too(
        launcher: Launcher, robot: Sshd, persistent: bool) -> None:
    machine = machine_on(robot)
    before = robot.connections()
    second = ExecuteRemote(cmd=['echo', 'two'], machine=machine,
                           persistent_connection=persistent)
    first = ExecuteRemote(cmd=['echo', 'one'], machine=machine, on_exit=[second],
                          persistent_connection=persistent)
    assert launcher.run(first) == 0
    assert robot.connections() - before == (1 if persistent else 2)


def test_connections_are_closed_when_the_launch_has_shut_down(
        launcher: Launcher, robot: Sshd) -> None:
    pools: list[Any] = []
    action = ExecuteRemote(cmd=['true'], machine=machine_on(robot), on_exit=lambda _, context: (
        pools.append((pool_of(context), pool_of(context).connections())) or None))
    launcher.run(action)
    [(pool, before)] = pools
    assert len(before) == 1
    wait_until(lambda: not pool.connections() and not before[0].alive)
    assert pool_of(launcher.context) is pool and not pool.keeps


def test_everything_about_ssh_can_be_said_with_the_process(
        launcher: Launcher, robot: Sshd) -> None:
    action = ExecuteRemoteSSH(cmd=['printenv', 'A'], env={'A': 'b'}, name='it',
                              **ssh_arguments(robot))
    assert output(launcher, action) == 'b\n'
    machine = machine_on(robot)
    action = ExecuteRemoteSSH(cmd=['echo', 'hi'], machine=machine)
    assert output(launcher, action) == 'hi\n'
    for wrong in ({}, {'hostname': 'h', 'machine': machine}, {'machine': machine, 'port': 22},
                  {'machine': 'robot'}):
        with pytest.raises(TypeError):
            ExecuteRemoteSSH(cmd=['true'], **wrong)


@pytest.mark.parametrize(('given', 'message'), [
    ({'machine': 'nobody'}, 'no machine nobody was declared before this action'),
    ({'machine': None}, 'no machine is named, and there is no default here'),
    ({'sigterm_timeout': 'soon'}, 'sigterm_timeout of true-'),
    ({'silence': -1}, 'has to be 0 seconds or more'),
    ({'silence': 'inf'}, "is 'inf', which is no time that can be waited for"),
    ({'respawn_delay': 'nan'}, "is 'nan', which is no time that can be waited for"),
    ({'respawn': 'perhaps'}, 'give true or false'),
    ({'cmd': ['']}, 'there is no command to run'),
    ({'env': {'NOT A NAME=': 'x'}}, 'NOT A NAME='),
])
def test_what_can_not_be_right_ends_the_launch_with_one_line(
        launcher: Launcher, given: dict[str, Any], message: str) -> None:
    action = ExecuteRemote(**{'cmd': ['true'], 'machine': SSHMachine('h'), **given})
    assert launcher.run(action) == 1
    [line] = [one for one in launcher.log().splitlines() if 'Caught exception' in one]
    assert message in line


def test_a_description_holds_what_launch_shows_of_it_but_no_environment() -> None:
    from launch import LaunchDescription, LaunchIntrospector
    action = ExecuteRemoteSSH(cmd=['talker', '--fast'], env={'TOKEN': 's3cret'}, hostname='h',
                              user=getpass.getuser(), password='s3cret', cwd='folder')
    shown = LaunchIntrospector().format_launch_description(LaunchDescription([action]))
    assert "'talker', '--fast'" in shown and 's3cret' not in shown
    assert os.environ.get('TOKEN') is None
