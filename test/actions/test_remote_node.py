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

"""A remote node is told what Node of launch_ros would tell it; files go along and go again."""

from __future__ import annotations

import json
import os
from pathlib import Path
import sys
from typing import Any

import pytest
from ssh_servers import Sshd

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from launch.actions import (  # noqa: E402
    GroupAction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    Shutdown,
)
from launch.event_handlers import OnProcessExit  # noqa: E402
from launch.substitutions import LaunchConfiguration, TextSubstitution  # noqa: E402
from launch_ros.actions import (  # noqa: E402
    Node,
    PushROSNamespace,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
)
from launch_ros.descriptions import Parameter, ParameterFile  # noqa: E402
from launching import Launcher, machine_in_xml, machine_on, Told, when_it_says  # noqa: E402
import yaml  # noqa: E402

from launch_service_node.actions import RemoteNode  # noqa: E402

_SHOW = f"""#!{sys.executable} -ISE
import json, os, sys
files = [open(sys.argv[at + 1]).read() for at, one in enumerate(sys.argv)
         if one == '--params-file']
json.dump([sys.argv, files, dict(os.environ)], sys.stdout)
"""

# Says where its files are, then waits.
_STAY = f"""#!{sys.executable} -ISE
import signal, sys
print(*(sys.argv[at + 1] for at, one in enumerate(sys.argv) if one == '--params-file'))
print('ready', flush=True)
signal.pause()
"""


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an ament prefix with the package `arm`, which is also found on this side."""
    prefix = tmp_path / 'install'
    (prefix / 'share/ament_index/resource_index/packages').mkdir(parents=True)
    (prefix / 'share/ament_index/resource_index/packages/arm').touch()
    lib = prefix / 'lib/arm'
    lib.mkdir(parents=True)
    for name, program in (('show', _SHOW), ('stay', _STAY)):
        (lib / name).write_text(program)
        (lib / name).chmod(0o755)
    (prefix / 'setup.bash').write_text(
        f'export AMENT_PREFIX_PATH={prefix} ROS_DOMAIN_ID=99 RMW_IMPLEMENTATION=rmw_theirs\n')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{prefix}:{os.environ["AMENT_PREFIX_PATH"]}')
    return prefix


class Shown:
    """What a node was told, and its environment."""

    def __init__(self, told: Told) -> None:
        argv, self.files, self.env = json.loads(told.stdout)
        self.executable, *self.argv = argv
        at = [number for number, word in enumerate(self.argv) if word == '--params-file']
        self.paths = [Path(self.argv[number + 1]) for number in at]
        #: Without the paths of files, which differ.
        self.words = ['*' if number - 1 in at else word for number, word in enumerate(self.argv)]
        self.parameters = [yaml.unsafe_load(one) for one in self.files]


class Robot:
    """Runs nodes on a server."""

    def __init__(self, sshd: Sshd, launcher: Launcher, prefix: Path) -> None:
        self.sshd, self.launcher, self.prefix = sshd, launcher, prefix
        self.machine = machine_on(sshd, setup=[str(prefix / 'setup.bash')])

    def node(self, **arguments: Any) -> RemoteNode:
        return RemoteNode(**{'machine': self.machine, 'package': 'arm', 'executable': 'show',
                             **arguments})

    def show(self, *before: Any, **arguments: Any) -> Shown:
        """Return what a node is told that runs behind these actions."""
        return self._shown(self.node(**arguments), *before)

    def show_here(self, *before: Any, **arguments: Any) -> Shown:
        """Return what Node tells it."""
        return self._shown(Node(**{'package': 'arm', 'executable': 'show', **arguments}), *before)

    def _shown(self, node: Any, *before: Any) -> Shown:
        told = Told(node)
        assert self.launcher.run(*told.hear(), *before, node) == 0, self.launcher.log()
        assert told.codes == [0], self.launcher.log()
        return Shown(told)


@pytest.fixture
def arm(robot: Sshd, launcher: Launcher, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> Robot:
    """Give a robot with the package `arm`; the launch itself is on no graph."""
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    monkeypatch.delenv('RMW_IMPLEMENTATION', raising=False)
    return Robot(robot, launcher, prefix)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Give parameter files on this side."""
    texts = {'plain': '/**:\n  ros__parameters:\n    speed: 1.5 # fast\n',
             'with': 'side: $(var side)\n'}
    for name, text in texts.items():
        (tmp_path / f'{name}.yaml').write_text(text)
    return {name: tmp_path / f'{name}.yaml' for name in texts}


def sides() -> list[Any]:
    return [SetLaunchConfiguration('side', 'left')]


_LEFT = LaunchConfiguration('side')


@pytest.mark.parametrize('arguments', [
    {},
    {'name': 'driver'},
    {'namespace': 'robot1'},
    {'namespace': '/robot1/'},
    {'name': ['driver_', _LEFT], 'namespace': ['of_', _LEFT]},
    {'arguments': ['-x', ['a ', _LEFT], ''], 'ros_arguments': ['--log-level', 'debug']},
    {'remappings': [('chatter', [_LEFT, '/chatter']), ('a', 'b')]},
    {'parameters': [{'a': 1, 'b': {'c': 'text', 'd': [1, 2], 'e': {'f': True}}, 'g': _LEFT}]},
    {'parameters': [{'a': [1.5, 2.5]}, {'b': ['x', 'y z']}], 'name': 'n', 'namespace': 'm'},
    {'parameters': [{'a': [_LEFT, 'x'], ('b', _LEFT): [True, False]}], 'name': 'n'},
    {'parameters': [Parameter('a', 5), Parameter('b', [1, 2]), Parameter('c', 1.5)]},
], ids=lambda arguments: '+'.join(arguments) or 'nothing')
def test_a_node_is_told_what_it_would_be_told_here(arm: Robot, arguments: dict[str, Any]) -> None:
    there = arm.show(*sides(), **arguments)
    here = arm.show_here(*sides(), **arguments)
    if 'Parameter' in str(arguments):
        def read(words: list[str]) -> list[Any]:
            rules = [word.split(':=') for word in words if ':=' in word]
            return [(name, list(value) if isinstance(value, tuple) else value)
                    for name, value in ((name, yaml.unsafe_load(text)) for name, text in rules)]
        assert read(there.words) == read(here.words)
    else:
        assert there.words == here.words
    assert json.dumps(there.parameters) == json.dumps(here.parameters)
    assert there.executable == here.executable == f'{arm.prefix}/lib/arm/show'


def scopes() -> dict[str, list[Any]]:
    return {
        'namespace': [PushROSNamespace('robot1'), PushROSNamespace('arms')],
        'parameter': [SetParameter('use_sim_time', True), SetParameter('a', 'text'),
                      SetParameter('b', 2.5)],
        'remap': [SetRemap('chatter', 'talk'), SetRemap('x', 'y')]}


@pytest.mark.parametrize('scope', ['namespace', 'parameter', 'remap'])
@pytest.mark.parametrize('arguments', [
    {}, {'name': 'n', 'namespace': 'own', 'remappings': [('chatter', 'z')],
         'parameters': [{'a': 1}]}, {'namespace': '/own'}], ids=['bare', 'own', 'absolute'])
def test_what_the_scope_says_holds_as_here(
        arm: Robot, scope: str, arguments: dict[str, Any]) -> None:
    there = arm.show(*scopes()[scope], **arguments)
    here = arm.show_here(*scopes()[scope], **arguments)
    assert there.words == here.words
    assert there.parameters == here.parameters


def test_a_list_for_all_nodes_arrives(arm: Robot) -> None:
    shown = arm.show(SetParameter('a', [1, 2]))
    assert shown.words == ['--ros-args', '-p', 'a:=[1, 2]']


def test_a_scope_ends(arm: Robot) -> None:
    group = GroupAction([PushROSNamespace('robot1'), SetParameter('a', 1), SetRemap('b', 'c')])
    assert arm.show(group).words == ['--ros-args']


def test_parameter_files_of_this_side_go_along_in_their_order(
        arm: Robot, files: dict[str, Path]) -> None:
    parameters = [str(files['plain']), {'a': 1}, files['plain'],
                  ParameterFile(files['with'], allow_substs=True),
                  ParameterFile([TextSubstitution(text=str(files['plain']))])]
    shown = arm.show(*sides(), SetParametersFromFile(str(files['plain'])), parameters=parameters)
    plain = files['plain'].read_text()
    assert shown.files[:2] == [plain, plain]
    assert shown.files[3:] == [plain, 'side: left\n', plain]
    assert shown.parameters[2] == {'/**': {'ros__parameters': {'a': 1}}}
    assert shown.words == ['--ros-args', *['--params-file', '*'] * 6]
    assert [one.name for one in shown.paths][:3] == [
        '0_plain.yaml', '1_plain.yaml', '2_parameters.yaml']
    assert not any(one.exists() for one in shown.paths)


def test_parameters_of_a_named_node_are_for_that_node(arm: Robot) -> None:
    shown = arm.show(name='driver', namespace='/robot1', parameters=[{'a': 1}])
    assert shown.parameters == [{'/robot1/driver': {'ros__parameters': {'a': 1}}}]


def test_the_graph_of_the_launch_wins_over_the_set_up_scripts(
        arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', '77')
    env = arm.show(SetEnvironmentVariable('RMW_IMPLEMENTATION', 'rmw_ours')).env
    assert (env['ROS_DOMAIN_ID'], env['RMW_IMPLEMENTATION']) == ('77', 'rmw_ours')


def test_without_a_graph_here_that_of_the_machine_stays(arm: Robot) -> None:
    env = arm.show().env
    assert (env['ROS_DOMAIN_ID'], env['RMW_IMPLEMENTATION']) == ('99', 'rmw_theirs')


def test_the_environment_of_machine_and_action_wins_over_the_graph_of_the_launch(
        arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', '77')
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_ours')
    machine = machine_on(arm.sshd, setup=[str(arm.prefix / 'setup.bash')],
                         env={'ROS_DOMAIN_ID': '55', 'RMW_IMPLEMENTATION': 'rmw_of_machine'})
    env = arm.show(machine=machine, additional_env={'ROS_DOMAIN_ID': '56'}).env
    assert (env['ROS_DOMAIN_ID'], env['RMW_IMPLEMENTATION']) == ('56', 'rmw_of_machine')


def test_only_the_machine_needs_the_package(
        arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/nowhere')
    assert arm.show(name='n').executable == f'{arm.prefix}/lib/arm/show'


def test_without_a_package_the_executable_is_a_path_there(arm: Robot) -> None:
    shown = arm.show(package=None, executable=[str(arm.prefix), '/lib/arm/show'], name='n')
    assert shown.words == ['--ros-args', '-r', '__node:=n']


def test_a_prefix_runs_the_executable(arm: Robot) -> None:
    told = Told(node := arm.node(prefix='env -u ROS_DOMAIN_ID'))
    arm.launcher.run(*told.hear(), node)
    shown = Shown(told)
    assert shown.executable == f'{arm.prefix}/lib/arm/show'
    assert 'ROS_DOMAIN_ID' not in shown.env


def test_a_prefix_filter_matches_the_name_of_the_executable(arm: Robot) -> None:
    def env(pattern: str) -> dict[str, str]:
        return arm.show(SetLaunchConfiguration('launch-prefix', 'env FOUND=1'),
                        SetLaunchConfiguration('launch-prefix-filter', pattern)).env
    assert 'FOUND' in env('show$')
    assert 'FOUND' not in env('stay$')


def test_a_shell_runs_it(arm: Robot) -> None:
    shown = arm.show(**{'shell': True}, arguments=['$((1 + 2))'], parameters=[{'a': 1}])
    assert shown.words == ['3', '--ros-args', '--params-file', '*']
    assert shown.parameters == [{'/**': {'ros__parameters': {'a': 1}}}]


@pytest.mark.parametrize('arguments, name', [
    ({}, 'show-'), ({'name': 'driver'}, 'driver-'),
    ({'name': 'driver', 'exec_name': 'motor'}, 'motor-')])
def test_the_process_is_called_as_people_know_it(
        arm: Robot, arguments: dict[str, Any], name: str) -> None:
    told = Told(node := arm.node(**arguments))
    arm.launcher.run(*told.hear(), node)
    assert told.all('start')[0].process_name.startswith(name)


def test_events_and_the_log_show_what_people_wrote(arm: Robot) -> None:
    told = Told(node := arm.node(log_cmd=True, name='driver', parameters=[{'a': 1}]))
    arm.launcher.run(*told.hear(), node)
    words = ['arm/show', '--ros-args', '-r', '__node:=driver', '--params-file',
             '0_parameters.yaml']
    assert told.all('start')[0].cmd == words
    assert f"cmd='{' '.join(words)}'" in arm.launcher.log()


def test_names_are_known_when_it_runs(arm: Robot) -> None:
    node = arm.node(name='driver', namespace='robot1', remappings=[('a', 'b')])
    with pytest.raises(RuntimeError):
        node.node_name  # noqa: B018
    arm.launcher.run(SetRemap('c', 'd'), node)
    assert (node.node_name, node.expanded_node_namespace) == ('/robot1/driver', '/robot1')
    assert node.expanded_remapping_rules == [('c', 'd'), ('a', 'b')]
    assert node.is_node_name_fully_specified()
    assert (node.node_package, node.node_executable) == ('arm', 'show')


def test_two_nodes_of_one_name_are_told_of(arm: Robot) -> None:
    arm.launcher.run(*(arm.node(name='driver', namespace='/') for _ in range(2)))
    assert ('there are now at least 2 nodes with the name /driver in this launch'
            in arm.launcher.log())


def test_files_are_gone_after_a_stop(arm: Robot) -> None:
    told = Told(node := arm.node(executable='stay', parameters=[{'a': 1}, {'b': 2}]))
    arm.launcher.run(*told.hear(), node, when_it_says(node, b'ready', Shutdown()))
    paths = [Path(word) for word in told.stdout.decode().split()[:2]]
    assert len(paths) == 2
    assert not any(one.parent.exists() for one in paths)


def test_a_node_that_is_started_again_gets_its_files_again(arm: Robot) -> None:
    told = Told(node := arm.node(parameters=[{'a': 1}], respawn=True, respawn_max_retries=1))
    arm.launcher.run(*told.hear(), node)
    decoder, said = json.JSONDecoder(), told.stdout.decode()
    first, end = decoder.raw_decode(said)
    second, _ = decoder.raw_decode(said[end:])
    assert first[1] == second[1] == ['"/**":\n  "ros__parameters":\n    "a": 1\n']
    assert first[0] != second[0]


@pytest.mark.parametrize('arguments, line', [
    ({'package': 'leg'}, 'robot has no package leg in {prefix}: install it there, or name the '
     "set-up script of the workspace that has it, as in setup=['ws/install/setup.bash']"),
    ({'executable': 'shwo'}, 'the package arm on robot (in {prefix}) has no executable shwo: did '
     'you mean show?'),
    ({'executable': 'data'}, '{prefix}/lib/arm/data on robot may not be executed: chmod +x it '
     'there')])
def test_what_is_missing_there_is_told_in_one_line(
        arm: Robot, arguments: dict[str, Any], line: str) -> None:
    (arm.prefix / 'lib/arm/data').touch(mode=0o644)
    told = Told(node := arm.node(respawn=True, **arguments))
    ended: list[int] = []
    arm.launcher.run(*told.hear(), node, RegisterEventHandler(OnProcessExit(
        target_action=node, on_exit=lambda event, _: ended.append(event.returncode))))
    errors = [one for one in arm.launcher.log().splitlines() if '[ERROR]' in one]
    assert len(errors) == 1
    assert errors[0].endswith(line.format(prefix=arm.prefix))
    assert ended == [255]
    assert not told.all('start')


@pytest.mark.parametrize('arguments, line', [
    ({'name': 'a b'}, "'a b': invalid node name: node name must not contain characters other "
     "than alphanumerics or '_'"),
    ({'namespace': 'a//b'}, "'/a//b': invalid namespace: "),
    ({'package': '../arm'}, "'../arm' is no name of a package: use letters, digits, underscores"),
    ({'executable': '../../show'}, "'../../show' leads out of the package arm: "),
    ({'executable': ''}, 'no executable of arm is named: name one'),
    ({'parameters': ['/no/such.yaml']}, "the parameter file /no/such.yaml can't be read on this "
     'computer: No such file or directory; for one that lies on the machine, give '
     "ros_arguments=['--params-file', its path there]")])
def test_what_can_not_be_right_is_told_before_anything_runs(
        arm: Robot, arguments: dict[str, Any], line: str) -> None:
    connections = arm.sshd.connections()
    assert arm.launcher.run(arm.node(**arguments)) == 1
    assert line in arm.launcher.log()
    assert arm.sshd.connections() == connections


def test_a_parameter_file_that_is_too_large_is_told(arm: Robot, tmp_path: Path) -> None:
    (tmp_path / 'large.yaml').write_bytes(bytes((1 << 22) + 2))
    assert arm.launcher.run(arm.node(parameters=[str(tmp_path / 'large.yaml')])) == 1
    assert 'large.yaml has 4194306 bytes, and 4194304 is the most' in arm.launcher.log()


def test_without_launch_ros_that_is_told(arm: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'launch_ros.utilities', None)
    assert arm.launcher.run(arm.node()) == 1
    line, = [one for one in arm.launcher.log().splitlines() if 'Caught exception' in one]
    assert 'a remote node needs launch_ros on this computer (' in line
    assert line.endswith('): source ROS 2 before `ros2 launch`')


@pytest.mark.parametrize('arguments', [{'parameters': 'a.yaml'}, {'remappings': 'a:=b'}])
def test_what_is_no_list_is_refused_at_once(arm: Robot, arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match='have to be a list'):
        arm.node(**arguments)


_XML = """
<launch>
  <arg name="side" default="left"/>
  <ssh_machine name="robot1" {machine} default="true"><setup file="{prefix}/setup.bash"/>
  </ssh_machine>
  <group>
    <push_ros_namespace namespace="robot1"/>
    <remote_node {name} pkg="arm" exec="show" name="driver_$(var side)" namespace="arms"
                 args="-x 'a b' $(var side)" ros_args="--log-level debug" output="screen"
                 exec_name="motor">
      <param name="speed" value="1.5"/>
      <param name="limits"><param name="low" value="1"/><param name="text" value="1" type="str"/>
      </param>
      <param from="{file}" allow_substs="true"/>
      <remap from="chatter" to="$(var side)/chatter"/>
      <env name="SIDE" value="$(var side)"/>
    </remote_node>
  </group>
</launch>
"""

_YAML = """
launch:
- arg: {{name: side, default: left}}
- ssh_machine: {{name: robot1, {machine}, setup: ['{prefix}/setup.bash'], default: true}}
- group:
  - push_ros_namespace: {{namespace: robot1}}
  - remote_node:
      {name}
      pkg: arm
      exec: show
      name: driver_$(var side)
      namespace: arms
      args: -x 'a b' $(var side)
      ros_args: --log-level debug
      output: screen
      exec_name: motor
      param:
      - {{name: speed, value: 1.5}}
      - name: limits
        param:
        - {{name: low, value: 1}}
        - {{name: text, value: '1', type: str}}
      - {{from: '{file}', allow_substs: true}}
      remap:
      - {{from: chatter, to: $(var side)/chatter}}
      env:
      - {{name: SIDE, value: $(var side)}}
"""


@pytest.mark.parametrize('named', [True, False], ids=['named', 'default'])
@pytest.mark.parametrize('kind', ['xml', 'yaml'])
def test_launch_files_have_it(arm: Robot, files: dict[str, Path], kind: str, named: bool) -> None:
    machine = machine_in_xml(arm.sshd)
    if kind == 'xml':
        text = _XML.format(machine=machine, prefix=arm.prefix, file=files['with'],
                           name='machine="robot1"' if named else '')
    else:
        pairs = (one.split('=', 1) for one in machine.split())
        text = _YAML.format(machine=', '.join(f'{name}: {value}' for name, value in pairs),
                            prefix=arm.prefix, file=files['with'],
                            name='machine: robot1' if named else '')
    told = Told()
    arm.launcher.run(*told.hear(), arm.launcher.file(f'a.launch.{kind}', text))
    assert told.codes == [0], arm.launcher.log()
    shown = Shown(told)
    assert shown.words == [
        '-x', 'a b', 'left', '--ros-args', '--log-level', 'debug', '--ros-args',
        '-r', '__node:=driver_left', '-r', '__ns:=/robot1/arms',
        '--params-file', '*', '--params-file', '*', '--params-file', '*',
        '-r', 'chatter:=left/chatter']
    node = '/robot1/arms/driver_left'
    assert shown.parameters == [
        {node: {'ros__parameters': {'speed': 1.5}}},
        {node: {'ros__parameters': {'limits.low': 1, 'limits.text': '1'}}},
        {'side': 'left'}]
    assert shown.env['SIDE'] == 'left'
    assert told.all('start')[0].process_name.startswith('motor-')


def test_a_launch_file_with_a_wrong_attribute_is_refused(arm: Robot) -> None:
    text = '<launch><remote_node pkg="arm" exec="show" paket="arm"/></launch>'
    assert arm.launcher.run(arm.launcher.file('a.launch.xml', text)) == 1
    assert 'paket' in arm.launcher.log()
