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

"""The output of a command on a machine, as a substitution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch import Substitution  # noqa: E402
from launch.actions import LogInfo  # noqa: E402
from launch.substitutions import LaunchConfiguration  # noqa: E402
from launching import Launcher, machine_in_xml, machine_on  # noqa: E402
from ssh_servers import free_port, Sshd  # noqa: E402

from launch_service_node.substitutions import RemoteSubstitution  # noqa: E402


def said(launcher: Launcher) -> list[str]:
    return [line.partition('[launch.user]: ')[2] for line in launcher.log().splitlines()
            if '[launch.user]' in line]


def value(launcher: Launcher, *parts: str | Substitution, **configurations: str) -> str:
    """Return what substitutions come to in a launch."""
    assert launcher.run(LogInfo(msg=parts), **configurations) == 0
    return '\n'.join(said(launcher))


def failure(launcher: Launcher, substitution: RemoteSubstitution) -> str:
    """Return the one line that launch says about a substitution that fails."""
    assert launcher.run(LogInfo(msg=substitution)) == 1
    [line] = [line for line in launcher.log().splitlines() if 'Caught exception' in line]
    return line.partition('traceback): ')[2]


def test_it_is_what_the_command_writes_stripped(launcher: Launcher, robot: Sshd) -> None:
    found = value(launcher, '<', RemoteSubstitution(
        ['printf " %s é\\n" ', LaunchConfiguration('word')], machine=machine_on(robot)), '>',
        word="'a b'")
    assert found == '<a b é>'


def test_the_environment_and_set_up_of_the_machine_hold(
        launcher: Launcher, robot: Sshd, tmp_path: Path) -> None:
    (tmp_path / 'setup.sh').write_text('export B=setup')
    machine = machine_on(robot, env={'A': 'machine'}, setup=[str(tmp_path / 'setup.sh')])
    assert value(launcher, RemoteSubstitution('printenv A B', machine=machine)) == 'machine'
    assert 'setup' in launcher.log()


def test_no_shell_touches_the_command(launcher: Launcher, robot: Sshd) -> None:
    assert value(launcher, RemoteSubstitution("echo '$HOME' * ;", machine=machine_on(robot))) \
        == '$HOME * ;'


XML = """\
<launch>
  <arg name="word" default="two words"/>
  <ssh_machine {machine} name="robot1" default="true"/>
  <let name="one" value="$(remote robot1 'echo a $(var word)')"/>
  <log message="$(var one)|$(remote 'printenv PWD')|$(remote robot1 'ls /none' ignore 30)|"/>
</launch>
"""
YAML = """\
launch:
- arg: {{name: word, default: two words}}
- ssh_machine: {{{machine}, name: robot1, default: true}}
- let: {{name: one, value: "$(remote robot1 'echo a $(var word)')"}}
- log: {{message: "$(var one)|$(remote 'printenv PWD')|$(remote robot1 'sh -c pwd' fail)|"}}
"""


def test_in_xml(launcher: Launcher, robot: Sshd) -> None:
    text = XML.format(machine=machine_in_xml(robot)).replace("'ls /none'", "'sh -c pwd'")
    assert launcher.run(launcher.file('s.launch.xml', text)) == 0
    [line] = said(launcher)
    one, home, again, _ = line.split('|')
    assert one == 'a two words' and home == again != ''


def test_in_yaml(launcher: Launcher, robot: Sshd) -> None:
    machine = ', '.join(part.replace('=', ': ', 1) for part in machine_in_xml(robot).split(' '))
    assert launcher.run(launcher.file('s.launch.yaml', YAML.format(machine=machine))) == 0
    assert said(launcher)[0].startswith('a two words|/')


@pytest.mark.parametrize(('policy', 'expected'), [
    ('ignore', 'out'), ('warn', 'out'), ('capture', 'out\nerr')])
def test_what_happens_with_stderr(launcher: Launcher, robot: Sshd, policy: str,
                                  expected: str) -> None:
    found = value(launcher, RemoteSubstitution(
        "sh -c 'echo out; echo err >&2'", machine=machine_on(robot), on_stderr=policy))
    assert found == expected.splitlines()[0]
    assert ('err' in launcher.log().splitlines()[-1]) is (policy == 'capture')
    warned = any('[WARNING] [launch]:' in line and 'writes to stderr: err' in line
                 for line in launcher.log().splitlines())
    assert warned is (policy == 'warn')


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'command': "sh -c 'echo oops >&2'"}, 'writes to stderr: oops; see on_stderr'),
    ({'command': "sh -c 'echo why >&2; exit 3'"}, 'sh on robot failed (exit status 3): why'),
    ({'command': 'no-such-program'}, "robot can't start no-such-program"),
    ({'command': 'true', 'on_stderr': 'shout'}, "on_stderr is 'shout': give one of fail, "),
    ({'command': 'sleep 1000', 'timeout': 0.5}, 'sleep still runs on robot after 0.5 s'),
    ({'command': 'true', 'timeout': 0}, 'timeout has to be more than 0 seconds'),
    ({'command': 'true', 'machine': 'nobody'}, 'no machine nobody was declared'),
])
def test_what_fails_is_one_line(launcher: Launcher, robot: Sshd, arguments: dict[str, Any],
                                message: str) -> None:
    line = failure(launcher, RemoteSubstitution(**{'machine': machine_on(robot), **arguments}))
    assert message in line


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'command': ''}, 'there is no command to run'),
    ({'command': "a 'b"}, 'has no words')])
def test_nobody_is_connected_to_for_what_can_not_be_right(
        launcher: Launcher, robot: Sshd, arguments: dict[str, Any], message: str) -> None:
    before = robot.connections()
    assert message in failure(launcher, RemoteSubstitution(
        machine=machine_on(robot), **arguments))
    assert robot.connections() == before


def test_a_host_that_is_not_reached_is_one_line(launcher: Launcher, robot: Sshd) -> None:
    assert 'refuses the connection' in failure(launcher, RemoteSubstitution(
        'true', machine=machine_on(robot, port=free_port())))


def test_one_connection_serves_all(launcher: Launcher, robot: Sshd) -> None:
    before = robot.connections()
    machine = machine_on(robot)
    assert value(launcher, *(RemoteSubstitution(f'echo {number}', machine=machine)
                             for number in range(5))) == '01234'
    assert robot.connections() - before == 1


def test_its_description_tells_no_secret() -> None:
    from launch_service_node.machines import SSHMachine
    text = RemoteSubstitution('uname -r', machine=SSHMachine('h', password='s3cret')).describe()
    assert 'uname -r' in text and 's3cret' not in text
    assert 'robot1' in RemoteSubstitution('uname -r', machine='robot1').describe()
