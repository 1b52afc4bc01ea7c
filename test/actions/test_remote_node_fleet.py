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

"""Nodes on other hosts, under the real `ros2 launch`: on the graph, and gone with the launch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import re
import shutil
import signal
import subprocess
import threading

from fleet import Computer, Fleet, why_not
from harness import alive, wait_until
import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('rclpy', reason='rclpy cannot be imported')

#: Seconds for what takes some under load: `ros2` itself, discovery.
LONG = 120.0

#: Text that a shell, YAML or XML could spoil.
MESSAGE = 'it\'s "80 %" of $HOME, 日本'

PYTHON = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, SetLaunchConfiguration
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import PushROSNamespace, SetRemap
from launch_service_node.actions import RemoteNode
from launch_service_node.machines import SSHMachine

def generate_launch_description():
    one = SSHMachine(hostname='{one}', ssh_config='{config}', setup=['{one_setup}'], silence=9)
    two = SSHMachine(hostname='{two}', ssh_config='{config}', setup=['{two_setup}'], silence=9)
    return LaunchDescription([
        DeclareLaunchArgument('topic', default_value='/talk'),
        SetLaunchConfiguration('sigterm_timeout', '60'),
        SetRemap('chatter', LaunchConfiguration('topic')),
        GroupAction([PushROSNamespace('robot1'), RemoteNode(
            machine=one, package='launch_service_node', executable='talker', name='speaker',
            namespace='arm', output='screen', sigterm_timeout='60', sigkill_timeout='60',
            parameters=['parameters.yaml', {{'rate': 20.0}}])]),
        RemoteNode(machine=two, package='launch_service_node', executable='listener',
                   output='screen', name='hearer', namespace='/'),
    ])
"""

XML = """
<launch>
  <arg name="topic" default="/talk"/>
  <let name="sigterm_timeout" value="60"/>
  <ssh_machine name="{one}" hostname="{one}" ssh_config="{config}" setup="{one_setup}"
               silence="6.0"/>
  <ssh_machine name="{two}" hostname="{two}" ssh_config="{config}" setup="{two_setup}"
               silence="6.0" default="true"/>
  <group>
    <push_ros_namespace namespace="robot1"/>
    <remote_node machine="{one}" pkg="launch_service_node" exec="talker" name="speaker"
                 namespace="arm" output="screen">
      <param from="parameters.yaml"/>
      <param name="rate" value="20.0"/>
      <remap from="chatter" to="$(var topic)"/>
    </remote_node>
  </group>
  <remote_node pkg="launch_service_node" exec="listener" output="screen" name="hearer"
               namespace="/">
    <remap from="chatter" to="$(var topic)"/>
  </remote_node>
</launch>
"""

YAML = """
launch:
- let: {{name: sigterm_timeout, value: '60'}}
- ssh_machine: {{name: {one}, hostname: {one}, ssh_config: {config}, setup: ['{one_setup}'],
                silence: 9.0}}
- ssh_machine: {{name: {two}, hostname: {two}, ssh_config: {config}, setup: ['{two_setup}'],
                silence: 9.0}}
- set_remap: {{from: chatter, to: /talk}}
- group:
  - push_ros_namespace: {{namespace: robot1}}
  - default_machine: {{machine: {one}}}
  - remote_node:
      pkg: launch_service_node
      exec: talker
      name: speaker
      namespace: arm
      output: screen
      param:
      - from: parameters.yaml
      - name: rate
        value: 20.0
- remote_node: {{machine: {two}, pkg: launch_service_node, exec: listener, output: screen,
                name: hearer, namespace: /}}
"""

FILES = {'two.launch.py': PYTHON, 'two.launch.xml': XML, 'two.launch.yaml': YAML}


@pytest.fixture(scope='module')
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Give hosts for all tests here; skip where there can be none."""
    if why_not() or shutil.which('ros2') is None:
        pytest.skip(why_not() or 'there is no ros2')
    fleet = Fleet(tmp_path_factory.mktemp('nodes') / 'fleet', robots=2)
    yield fleet
    fleet.close()


class Launched:
    """A launch on the laptop, and what it says."""

    def __init__(self, fleet: Fleet, name: str, text: str) -> None:
        self._fleet = fleet
        one, two = fleet.robots
        home = fleet.laptop.home
        (home / 'parameters.yaml').write_text(
            f'/robot1/arm/speaker:\n  ros__parameters:\n    message: {_quoted(MESSAGE)}\n'
            '    rate: 1.0\n', encoding='utf-8')
        (home / name).write_text(text.format(
            one=one.name, two=two.name, config=fleet.ssh_config, one_setup=one.setup,
            two_setup=two.setup), encoding='utf-8')
        self.popen = subprocess.Popen(
            fleet.laptop.command('ros2', 'launch', '--noninteractive', f'./{name}'), cwd=home,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said = ''
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout
        for line in self.popen.stdout:
            self.said += line

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until it says this."""
        def look() -> re.Match[str] | None:
            found = re.search(pattern, self.said)
            assert found or self._reader.is_alive(), self.said
            return found
        try:
            return wait_until(look, LONG)
        except AssertionError as error:
            raise AssertionError(f'{pattern} is not in:\n{self.said}') from error

    def end(self) -> int:
        """Wait for its end."""
        try:
            return self.popen.wait(LONG)
        finally:
            self._reader.join(LONG)

    def close(self) -> None:
        """End it whatever happened."""
        self.popen.kill()
        self.end()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def launched(fleet: Fleet, name: str = 'two.launch.xml', text: str = '') -> Iterator[Launched]:
    one = Launched(fleet, name, text or FILES[name])
    try:
        yield one
    finally:
        one.close()


class Pair:
    """The two nodes, as their hosts know them."""

    def __init__(self, fleet: Fleet, launch: Launched) -> None:
        one, two = fleet.robots
        launch.until(rf'\[{two.name}/hearer-\d+\] heard: .* \d+\n')
        self.talker, = one.running('__node:=speaker')
        self.listener, = two.running('__node:=hearer')
        words = Path(f'/proc/{self.talker}/cmdline').read_bytes().decode().split('\0')
        self.files = [Path(words[at + 1]) for at, word in enumerate(words)
                      if word == '--params-file']
        assert len(self.files) == 2 and all(one.exists() for one in self.files)

    def gone(self) -> bool:
        """Say whether nothing of them is left."""
        return not (alive(self.talker) or alive(self.listener)
                    or any(one.parent.exists() for one in self.files))


def ros2(laptop: Computer, wanted: str, *words: str) -> None:
    """Have `ros2` on the laptop say a line; it looks at the graph itself, and looks again."""
    answers = []

    def ask() -> bool:
        done = laptop.run('ros2', *words, '--no-daemon', '--spin-time', '2', timeout=LONG)
        answers.append(done.stdout + done.stderr)
        return done.returncode == 0 and any(
            line.startswith(wanted) for line in done.stdout.splitlines())
    try:
        wait_until(ask, LONG)
    except AssertionError as error:
        raise AssertionError(f'{wanted} is not in:\n' + '\n'.join(answers)) from error


@pytest.mark.parametrize('name', FILES)
def test_nodes_on_two_hosts_are_on_one_graph(fleet: Fleet, name: str) -> None:
    laptop, (one, two) = fleet.laptop, fleet.robots
    with launched(fleet, name) as launch:
        pair = Pair(fleet, launch)
        assert f'heard: {MESSAGE} ' in launch.said
        for robot, process, pid in ((one, 'speaker', pair.talker), (two, 'hearer', pair.listener)):
            assert re.search(rf'\[{robot.name}/{process}-\d\]: process started with pid \[{pid}\]',
                             launch.said), launch.said
        for node in ('/robot1/arm/speaker', '/hearer'):
            ros2(laptop, node, 'node', 'list')
        speaker = '/robot1/arm/speaker'
        ros2(laptop, f'String value is: {MESSAGE}', 'param', 'get', speaker, 'message')
        ros2(laptop, 'Double value is: 20.0', 'param', 'get', speaker, 'rate')
        ros2(laptop, MESSAGE, 'topic', 'echo', '--once', '--field', 'data', '/talk',
             'std_msgs/msg/String')
        launch.popen.send_signal(signal.SIGINT)
        assert launch.end() == 0, launch.said
        assert pair.gone()
        assert launch.said.count('process has finished cleanly') == 2, launch.said
        assert 'Traceback' not in launch.said


def test_kill_9_of_the_launch_leaves_nothing(fleet: Fleet) -> None:
    with launched(fleet) as launch:
        pair = Pair(fleet, launch)
        pid, = fleet.laptop.running('launch', './two.launch.xml')
        launch.popen.send_signal(signal.SIGKILL)
        launch.end()
        assert not alive(pid)
        wait_until(pair.gone, LONG)


def test_a_cut_leaves_nothing_there_and_is_told_here(fleet: Fleet) -> None:
    with launched(fleet) as launch:
        pair = Pair(fleet, launch)
        try:
            fleet.laptop.host.cut()
            wait_until(pair.gone, LONG)
            launch.until(r'(?s)process is out of reach.*process is out of reach')
            assert launch.end() == 0, launch.said
        finally:
            fleet.laptop.host.mend()


MISSING = """
<launch>
  <ssh_machine hostname="{one}" ssh_config="{config}" default="true"
               setup="{one_setup}"/>
  <remote_node pkg="no_such_package" exec="talker"/>
  <remote_node pkg="launch_service_node" exec="talkr"/>
  <remote_node pkg="launch_service_node" exec="crasher" args="--after never"/>
</launch>
"""


def test_what_is_missing_there_is_one_line_each(fleet: Fleet) -> None:
    with launched(fleet, 'missing.launch.xml', MISSING) as launch:
        assert launch.end() == 0, launch.said
    errors = sorted(line.partition(']: ')[2] for line in launch.said.splitlines()
                    if line.startswith('[ERROR]'))
    assert len(errors) == 3, launch.said
    assert errors[0].startswith(f'{fleet.robots[0].name} has no package no_such_package in /')
    assert errors[1].startswith('process has died [pid ') and 'exit code 2,' in errors[1]
    assert errors[2].startswith('the package launch_service_node on ')
    assert errors[2].endswith(' has no executable talkr: did you mean talker?')
    assert 'Traceback' not in launch.said
