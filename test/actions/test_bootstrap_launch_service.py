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

"""Launch files that bring robots up and leave them, under the real `ros2 launch`."""

from __future__ import annotations

from collections.abc import Iterator
import getpass
import shutil
import signal
import subprocess
from typing import Any

from bootstrap.conftest import LONG, Site
from fleet import Computer, Fleet, why_not
from harness import alive, wait_until
import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('rclpy', reason='rclpy cannot be imported')

PYTHON = """
from launch import LaunchDescription
from launch.actions import LogInfo, RegisterEventHandler
from launch_service_node.actions import BootstrapLaunchService, StartProcess
from launch_service_node.event_handlers import OnRemoteReady
from launch_service_node.machines import SSHMachine

def generate_launch_description():
    found = []
    for name, setup in (('{one}', '{one_setup}'), ('{two}', '{two_setup}')):
        robot = SSHMachine(hostname=name, ssh_config='{config}', setup=[setup])
        up = BootstrapLaunchService(
            machine=robot, namespace='py_' + name, allow_list='robot.yaml',
            labels={{'room': 'lab'}}, parameters={{'heartbeat_period': 0.5}},
            on_ready=[StartProcess(namespace='py_' + name, cmd='idle')])
        found += [up, RegisterEventHandler(OnRemoteReady(
            target_action=up, on_ready=lambda event, context: [LogInfo(
                msg='HANDLED ' + event.outcome.what + ' on ' + event.outcome.host)]))]
    return LaunchDescription(found)
"""

XML = """
<launch>
  <arg name="process" default="idle"/>
  <ssh_machine name="{one}" hostname="{one}" ssh_config="{config}" setup="{one_setup}"/>
  <ssh_machine name="{two}" hostname="{two}" ssh_config="{config}" setup="{two_setup}"/>
  <bootstrap_launch_service machine="{one}" namespace="xml_{one}" allow_list="robot.yaml">
    <param name="heartbeat_period" value="0.5"/>
    <label name="room" value="lab"/>
    <on_ready>
      <start_process namespace="xml_{one}" cmd="$(var process)"/>
      <bootstrap_launch_service machine="{two}" namespace="xml_{two}" allow_list="robot.yaml"
                                graph_timeout="30">
        <on_ready>
          <start_process namespace="xml_{two}" cmd="idle"/>
        </on_ready>
      </bootstrap_launch_service>
    </on_ready>
  </bootstrap_launch_service>
</launch>
"""

YAML = """
launch:
- ssh_machine:
    name: {one}
    hostname: {one}
    ssh_config: {config}
    setup: [{one_setup}]
    default: true
- bootstrap_launch_service:
    namespace: yaml_{one}
    allow_list: [robot.yaml]
    timeout: 60.0
    param:
    - name: heartbeat_period
      value: 0.5
    on_ready:
    - start_process:
        namespace: yaml_{one}
        cmd: idle
- ssh_machine:
    name: {two}
    hostname: {two}
    ssh_config: {config}
    setup: [{two_setup}]
- bootstrap_launch_service:
    machine: {two}
    namespace: yaml_{two}
    allow_list: robot.yaml
    on_ready:
    - start_process:
        namespace: yaml_{two}
        cmd: idle
"""

STOPPING = """
<launch>
  <ssh_machine hostname="{one}" ssh_config="{config}" setup="{one_setup}" default="true"/>
  <bootstrap_launch_service namespace="shared">
    <on_ready>
      <stop_process namespace="shared" name="*"/>
    </on_ready>
  </bootstrap_launch_service>
</launch>
"""

FAILING = """
<launch>
  <ssh_machine name="robot" hostname="{one}" ssh_config="{config}"/>
  <bootstrap_launch_service machine="robot" namespace="fails">{more}</bootstrap_launch_service>
</launch>
"""


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a fleet; skip where there can be none."""
    if why_not() or shutil.which('ros2') is None:
        pytest.skip(why_not() or 'there is no ros2')
    fleet = Fleet(tmp_path_factory.mktemp('launch') / 'fleet')
    yield Site(fleet)
    fleet.close()


def command(site: Site, name: str, text: str, *words: str, **more: str) -> list[str]:
    """Write a launch file, and return the command that launches it."""
    one, two = site.robots[:2]
    path = site.laptop.home / name
    path.write_text(text.format(one=one.name, two=two.name, config=site.fleet.ssh_config,
                                one_setup=one.setup, two_setup=two.setup, **more))
    return site.laptop.command('ros2', 'launch', str(path), *words)


def launch(site: Site, name: str, text: str, *words: str,
           **more: str) -> subprocess.CompletedProcess[str]:
    """Launch a file to its end."""
    return subprocess.run(command(site, name, text, *words, **more), capture_output=True,
                          text=True, check=False, timeout=2 * LONG, cwd=site.laptop.home)


def only_process(site: Site, robot: Computer, namespace: str) -> dict[str, Any]:
    """Return the process of an instance, as the robot itself says."""
    process, = site.processes(robot, namespace)
    return process


@pytest.mark.parametrize(('name', 'text'), [
    ('py.launch.py', PYTHON), ('xml.launch.xml', XML), ('yaml.launch.yaml', YAML)],
    ids=['python', 'xml', 'yaml'])
def test_two_robots_come_up_and_stay_up_when_the_launch_has_ended(
        site: Site, name: str, text: str) -> None:
    done = launch(site, name, text)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    kind = name.split('.')[0]
    one, two = site.robots[:2]
    for robot in (one, two):
        namespace = f'/{kind}_{robot.name}'
        assert f'{namespace} is up (started): node {namespace}/launch_service' in said
        process = only_process(site, robot, namespace)
        assert process['state'] == 'RUNNING' and alive(process['os_pid'])
        if kind == 'py':
            assert f'HANDLED started on {robot.name}' in said
    told = site.document(one, f'/{kind}_{one.name}', '--param', 'heartbeat_period:=0.5',
                         *(['--label', 'room=lab'] if kind == 'py' else []))
    assert told['outcome'] == 'attached'
    # From another computer, when this one has left.
    site.laptop.host.cut()
    try:
        for robot in (one, two):
            stopped = site('stop', f'/{kind}_{robot.name}', 'idle', on=site.robots[2])
            assert stopped.returncode == 0 and 'is STOPPED' in stopped.stdout, stopped.stderr
    finally:
        site.laptop.host.mend()


def test_another_launch_from_another_computer_finds_it_and_stops_what_runs(site: Site) -> None:
    robot, other = site.robots[0], site.robots[2]
    site.document(robot, '/shared', '--allow-list', 'robot.yaml')
    assert site('start', '/shared', 'idle').returncode == 0
    pid = only_process(site, robot, '/shared')['os_pid']
    site.laptop.host.cut()
    try:
        path = other.home / 'stop.launch.xml'
        path.write_text(STOPPING.format(one=robot.name, config=site.fleet.ssh_config,
                                        one_setup=robot.setup))
        done = other.run('ros2', 'launch', str(path), timeout=LONG)
    finally:
        site.laptop.host.mend()
    said = done.stdout + done.stderr
    assert done.returncode == 0 and '/shared is up (attached)' in said, said
    assert not alive(pid) and only_process(site, robot, '/shared')['state'] == 'STOPPED'


def test_a_failure_is_one_line_and_ends_the_launch(site: Site) -> None:
    done = launch(site, 'failing.launch.xml', FAILING, more='')
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    lines = [line for line in said.splitlines() if 'cannot bring up a LaunchServiceNode' in line]
    assert len(lines) == 1 and f'robot ({getpass.getuser()}, Python ' in lines[0], said
    assert "can't import launch_service_node" in lines[0] and 'Traceback' not in said


def test_a_failure_that_is_dealt_with_is_none(site: Site) -> None:
    done = launch(site, 'dealt.launch.xml', FAILING, more='<on_failure><let name="a" value="b"/>'
                  '<log message="WENT ON $(var a)"/></on_failure>')
    said = done.stdout + done.stderr
    assert done.returncode == 0 and 'WENT ON b' in said, said
    assert "can't import launch_service_node" in said


def test_ctrl_c_ends_the_launch_and_not_what_is_begun(site: Site) -> None:
    robot = site.robots[2]
    popen = subprocess.Popen(
        command(site, 'long.launch.xml', FAILING.replace(
            'ssh_config="{config}"', 'ssh_config="{config}" setup="{three_setup}"').replace(
            '{one}', robot.name).replace('fails"', 'long" domain_id="180" graph_timeout="1000" '
                                         'remote_allow_list="setup.bash"'),
            more='<param name="diagnostics_period" value="0"/>', three_setup=str(robot.setup)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=site.laptop.home)
    try:
        said = ''
        assert popen.stdout
        while 'starting ...' not in said:  # it has the whole order
            line = popen.stdout.readline()
            assert line, said
            said += line
        popen.send_signal(signal.SIGINT)
        rest, _ = popen.communicate(timeout=LONG)
    finally:
        popen.kill()
        popen.wait(LONG)
    assert 'Traceback' not in rest and 'the launch ends before' in rest, rest
    assert popen.returncode == 0 or popen.returncode == 1, rest
    wait_until(lambda: not robot.running('launch_service_node.bootstrap.robot_end'))
    wait_until(lambda: site.runs(robot, '/long'), LONG)


def test_a_launch_file_is_checked_before_anything_happens(site: Site) -> None:
    done = launch(site, 'odd.launch.xml', FAILING.replace('namespace="fails"', 'nonsense="a"'),
                  more='')
    assert done.returncode == 1 and 'nonsense' in done.stdout + done.stderr
    assert 'connecting' not in done.stdout + done.stderr
