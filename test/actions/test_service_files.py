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

"""Launch files that have a node start and stop processes, under the real `ros2 launch`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import platform
import re
import signal

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from actions.service_lab import LONG, new_program, NODE, Robot  # noqa: E402

from launch_service_node.instance import namespace_from_hostname  # noqa: E402

HERE = namespace_from_hostname(platform.node())

FILES = {
    'all.launch.py': """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo
from launch.substitutions import LaunchConfiguration
from launch_service_node.actions import StartProcess, StopProcess

def generate_launch_description():
    robot = LaunchConfiguration('robot')
    return LaunchDescription([
        DeclareLaunchArgument('robot'),
        StartProcess(namespace=robot, cmd='lidar', launch_id='bringup', on_ready=[
            StartProcess(namespace=robot, cmd='show', args=['map:=lab', 'two words'],
                         env={'GREETING': 'hi', 'WHOM': robot}, on_exit=[
                StopProcess(namespace=robot, launch_id='bringup', sigterm_timeout=0,
                            on_stopped=[LogInfo(msg='all done')])])]),
    ])
""",
    'all.launch.xml': """
<launch>
  <arg name="robot"/>
  <arg name="what" default="words"/>
  <start_process namespace="$(var robot)" cmd="lidar" launch_id="bringup">
    <on_ready>
      <start_process namespace="$(var robot)" cmd="show" args="map:=lab 'two $(var what)'">
        <env name="GREETING" value="hi"/>
        <env name="WHOM" value="$(var robot)"/>
        <on_exit>
          <stop_process namespace="$(var robot)" launch_id="bringup" sigterm_timeout="0">
            <on_stopped><log message="all done"/></on_stopped>
          </stop_process>
        </on_exit>
      </start_process>
    </on_ready>
  </start_process>
</launch>
""",
    'all.launch.yaml': """
launch:
- arg: {name: robot}
- start_process:
    namespace: $(var robot)
    cmd: lidar
    launch_id: bringup
    on_ready:
    - start_process:
        namespace: $(var robot)
        cmd: show
        args: ['map:=lab', two words]
        env:
        - {name: GREETING, value: hi}
        - {name: WHOM, value: $(var robot)}
        on_exit:
        - stop_process:
            namespace: $(var robot)
            launch_id: bringup
            sigterm_timeout: 0.0
            on_stopped:
            - log: {message: all done}
""",
}
ENDS = {
    'end.launch.py': """
from launch import LaunchDescription
from launch_service_node.actions import ShutdownLaunchService

def generate_launch_description():
    return LaunchDescription([ShutdownLaunchService(namespace='robot1', keep_processes=True)])
""",
    'end.launch.xml': """
<launch><shutdown_launch_service namespace="robot1" keep_processes="true"/></launch>
""",
    'end.launch.yaml': """
launch:
- shutdown_launch_service: {namespace: robot1, keep_processes: true}
""",
}
DETACHING = """
<launch>
  <start_process cmd="idle" allow_list="$(dirname)/robot1.yaml"/>
  <start_process cmd="hello" args="hello hello" allow_list="$(dirname)/robot1.yaml"/>
  <executable cmd="/bin/sleep 3600"/>
</launch>
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Robot]:
    """Give a host where nothing is up."""
    robot1 = Robot(new_program(tmp_path))
    try:
        yield robot1
        robot1.program('down', '--local', HERE)
    finally:
        robot1.program.lab.close()


@pytest.mark.parametrize('file', FILES)
def test_a_file_starts_one_after_the_other_and_stops_them(robot1: Robot, file: str) -> None:
    done = robot1.ros2_launch(file, FILES[file], 'robot:=robot1')
    assert done.returncode == 0, done.stdout
    assert 'remap rule' not in done.stdout  # arguments of launch are none of ROS
    said = re.findall(r'\[/robot1/launch_service\]: (.*)|(all done)', done.stdout)
    # A short one may have ended when the answer comes.
    assert [re.sub(r' \(id \d+\)|pid \d+, |STARTING|RUNNING|STOPPED$', '', ''.join(line))
            for line in said] == [
        'lidar: ', 'show: ', 'show: STOPPED, exit code 0',
        'lidar: STOPPED, ended by signal 15', 'stopped: lidar', 'all done']
    assert robot1.output('show') == [
        f'hi|robot1|{robot1.folder}', '<map:=lab>', '<two words>']


@pytest.mark.parametrize('file', ENDS)
def test_a_file_ends_a_node_without_its_processes(robot1: Robot, file: str) -> None:
    robot1.call('start', cmd='idle')
    done = robot1.ros2_launch(file, ENDS[file])
    assert done.returncode == 0, done.stdout
    assert robot1.processes()['idle'] == 'RUNNING'
    assert robot1.call('status')['instance']['node'] is None
    back = robot1.program('up', '/robot1', '--allow-list', 'robot1.yaml')
    assert back.returncode == 0, back.stderr


def test_a_failure_ends_all_with_one_line_and_1(robot1: Robot) -> None:
    done = robot1.ros2_launch('fails.launch.xml', """
<launch>
  <executable cmd="/bin/sleep 3600"/>
  <start_process namespace="robot1" cmd="rm" args="-rf /"/>
</launch>
""")
    assert done.returncode == 1
    said = [line for line in done.stdout.splitlines() if 'cannot start' in line]
    assert said == [
        '[ERROR] [launch]: Caught exception in launch (see debug for traceback): cannot start rm '
        f"on {NODE}: no executable 'rm' on the allow-list; see the list of executables "
        '(NOT_ALLOWED)']


def test_a_failure_may_be_followed_by_something_else(robot1: Robot) -> None:
    done = robot1.ros2_launch('goes_on.launch.yaml', """
launch:
- start_process:
    namespace: robot1
    cmd: rm
    on_failure:
    - start_process: {namespace: robot1, cmd: idle}
""")
    assert done.returncode == 0, done.stdout
    assert f'[ERROR] [{NODE}]: cannot start rm on {NODE}: ' in done.stdout
    assert robot1.processes()['idle'] == 'RUNNING'


def test_ctrl_c_ends_a_launch_that_watches_and_the_process_stays(robot1: Robot) -> None:
    running = robot1.begin('watches.launch.xml', """
<launch>
  <start_process namespace="robot1" cmd="idle" watch="true">
    <on_start><executable cmd="/bin/echo begins" output="screen"/></on_start>
  </start_process>
</launch>
""")
    assert running.stdout is not None
    try:
        while '] begins' not in (line := running.stdout.readline()):
            assert line, 'it ended'
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=LONG)
    finally:
        running.kill()
    assert running.returncode == 0
    assert robot1.processes()['idle'] == 'RUNNING'


def test_ctrl_c_ends_a_launch_that_waits_for_a_node(robot1: Robot) -> None:
    running = robot1.begin('waits.launch.xml', f"""
<launch>
  <start_process namespace="robot9" cmd="idle" find_within="{10 * LONG}"/>
  <executable cmd="/bin/echo begins" output="screen"/>
</launch>
""")
    assert running.stdout is not None
    try:
        while '] begins' not in (line := running.stdout.readline()):
            assert line, 'it ended'
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=LONG)
    finally:
        running.kill()
    assert running.returncode == 0
    assert 'the launch ends before the answer to: start idle' in said


def test_a_launch_detaches_what_outlives_it_on_its_own_host(elsewhere: Robot) -> None:
    running = elsewhere.begin('detaches.launch.xml', DETACHING)
    assert running.stdout is not None
    said = ''
    try:
        # Its output is looked at below.
        while 'STOPPED, exit code 0' not in said or 'idle (id' not in said:
            line = running.stdout.readline()
            said += line
            assert line, f'it ended: {said}'
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=LONG)
    finally:
        running.kill()
    assert said.count(f'{HERE} is up, and stays up after this launch') == 1
    listed = elsewhere.program('list', '--local', HERE, 'idle')
    assert 'RUNNING' in listed.stdout
    assert elsewhere.program('logs', '--local', HERE, 'hello').stdout == 'hello hello hello\n'
    again = elsewhere.ros2_launch(
        'stops.launch.xml', '<launch><stop_process name="*"/></launch>')
    assert again.returncode == 0, again.stdout


@pytest.mark.parametrize('element', [
    '<start_process cmd="idle"/>', '<stop_process name="idle"/>', '<shutdown_launch_service/>'])
def test_without_an_instance_here_it_says_what_to_do(elsewhere: Robot, element: str) -> None:
    done = elsewhere.ros2_launch('nowhere.launch.xml', f'<launch>{element}</launch>')
    assert done.returncode == 1
    assert (f'no instance {HERE} runs here for this user; start one with `launch-service up '
            f'{HERE}`, or name the instance that is meant') in done.stdout


def test_a_misspelt_attribute_is_refused(elsewhere: Robot) -> None:
    done = elsewhere.ros2_launch(
        'misspelt.launch.xml', '<launch><start_process cmd="idle" nmespace="robot1"/></launch>')
    assert done.returncode == 1
    assert 'nmespace' in done.stdout
