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

"""`ros2 launch` on a laptop, processes on three robots: nothing is left behind, whatever falls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import signal
import subprocess
import textwrap
from typing import Any
import uuid

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_xml', reason='launch_xml cannot be imported')
pytest.importorskip('ros2launch', reason='ros2launch cannot be imported')

from fleet import Computer, Fleet  # noqa: E402
from harness import alive, PATIENCE, wait_until  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[2] / 'launch'

#: Three processes: the second in the group of the first, the third in a session of its
#: own; all deaf to SIGINT and SIGTERM. The mark stands in their command lines.
TREE = r"""
trap '' INT TERM HUP
case $2 in
  '') setsid sh "$0" "$1" 1 & sh "$0" "$1" 1 & echo begun ;;
esac
while :; do sleep 0.1; done
"""


class Ros2Launch:
    """A running `ros2 launch` on the laptop; `close` ends it."""

    def __init__(self, fleet: Fleet, path: Path, *arguments: str) -> None:
        self.output = path.with_suffix('.out')
        with open(self.output, 'wb') as output:
            self.popen = subprocess.Popen(
                fleet.laptop.command('ros2', 'launch', str(path), *arguments),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd=fleet.laptop.home)

    def said(self) -> str:
        return self.output.read_text(errors='replace')

    def wait(self) -> int:
        try:
            return self.popen.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'it has not ended:\n{self.said()}') from None

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(PATIENCE)


class Bench:
    """What a test has: the fleet, launch files on the laptop, and marks of processes."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.mark = f'mark-{uuid.uuid4().hex}'
        self._running: list[Ros2Launch] = []

    def machine(self, robot: Computer, **more: Any) -> str:
        """Return an element of XML for a robot."""
        given = {'name': robot.name, 'hostname': robot.name,
                 'ssh_config': self.fleet.ssh_config, 'connect_timeout': PATIENCE,
                 'start_timeout': PATIENCE, **more}
        return f'<ssh_machine {" ".join(f"""{k}="{v}" """ for k, v in given.items())}/>'

    def launch(self, text: str, *arguments: str, name: str = 'it.launch.xml') -> Ros2Launch:
        """Write a launch file, and launch it."""
        path = self.fleet.laptop.home / name
        path.write_text(textwrap.dedent(text))
        self._running.append(Ros2Launch(self.fleet, path, *arguments))
        return self._running[-1]

    def trees(self, *attributes: str, **of_machine: Any) -> Ros2Launch:
        """Launch a file that has a tree of deaf processes on each robot, and wait for them."""
        script = self.fleet.laptop.home / 'tree.sh'
        script.write_text(TREE)
        lines = ''.join(f"""
            {self.machine(robot, **of_machine)}
            <execute_remote machine="{robot.name}" cmd="sh {script} {self.mark}"
                output="screen" {' '.join(attributes)}/>""" for robot in self.fleet.robots)
        launched = self.launch(f'<launch>{lines}</launch>')
        # What launch has not heard of yet is not stopped but dropped.
        wait_until(lambda: launched.said().count('] begun') == 3
                   and all(len(self.left(robot)) >= 3 for robot in self.fleet.robots)
                   or launched.popen.poll() is not None, 2 * PATIENCE)
        assert launched.popen.poll() is None, launched.said()
        return launched

    def left(self, robot: Computer) -> list[int]:
        """Return those of its processes that bear the mark and are no zombies."""
        return [pid for pid in robot.running(self.mark) if alive(pid)]

    def none_left(self) -> bool:
        return not any(self.left(robot) for robot in self.fleet.robots)

    def close(self) -> None:
        for one in self._running:
            one.close()


@pytest.fixture
def bench(fleet: Fleet) -> Iterator[Bench]:
    bench = Bench(fleet)
    yield bench
    bench.close()


STOCK = """\
from launch import LaunchDescription
from launch.actions import LogInfo, RegisterEventHandler, Shutdown
from launch.event_handlers import OnProcessExit, OnProcessIO, OnProcessStart
from launch_service_node.actions import ExecuteRemote
from launch_service_node.machines import SSHMachine


def generate_launch_description():
    machines = [SSHMachine(name, ssh_config={config!r}, connect_timeout=30) for name in {names!r}]
    first, second, third = [
        ExecuteRemote(cmd=['sh', '-c', 'hostname; exit 3'], machine=machine, output='screen')
        for machine in machines]
    return LaunchDescription([
        first,
        RegisterEventHandler(OnProcessStart(target_action=first, on_start=[
            LogInfo(msg='first started')])),
        RegisterEventHandler(OnProcessExit(target_action=first, on_exit=[second])),
        RegisterEventHandler(OnProcessIO(target_action=second, on_stdout=lambda event: [
            LogInfo(msg='second said ' + event.text.decode().strip()), third])),
        RegisterEventHandler(OnProcessExit(target_action=third, on_exit=lambda event, _: Shutdown(
            reason=f'third ended with {{event.returncode}}'))),
    ])
"""


def test_stock_handlers_order_processes_on_three_robots(bench: Bench) -> None:
    names = [robot.name for robot in bench.fleet.robots]
    launched = bench.launch(STOCK.format(config=str(bench.fleet.ssh_config), names=names),
                            name='it.launch.py')
    assert launched.wait() == 0, launched.said()
    said = launched.said()
    steps = ['first started', f'[{names[0]}/sh-1] {names[0]}', f'second said {names[1]}',
             f'[{names[2]}/sh-3] {names[2]}']
    places = [said.index(step) for step in steps]
    assert places == sorted(places), said
    assert said.count('exit code 3') == 3 and 'Traceback' not in said


def test_ctrl_c_ends_all_trees_whole(bench: Bench) -> None:
    launched = bench.trees('sigterm_timeout="0.3"', 'sigkill_timeout="0.3"')
    launched.popen.send_signal(signal.SIGINT)
    assert launched.wait() == 0, launched.said()
    assert bench.none_left()
    assert launched.said().count('exit code -9') == 3


def test_ctrl_c_twice_changes_nothing_about_it(bench: Bench) -> None:
    launched = bench.trees('sigterm_timeout="0.5"', 'sigkill_timeout="0.5"')
    launched.popen.send_signal(signal.SIGINT)
    wait_until(lambda: 'user interrupted with ctrl-c (SIGINT)' in launched.said())
    launched.popen.send_signal(signal.SIGINT)
    assert launched.wait() == 0, launched.said()
    assert bench.none_left()


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM], ids=['kill -9', 'TERM'])
def test_a_launch_that_falls_leaves_nothing(bench: Bench, number: signal.Signals) -> None:
    launched = bench.trees('sigterm_timeout="0.3"', 'sigkill_timeout="0.3"')
    launched.popen.send_signal(number)
    launched.wait()
    wait_until(bench.none_left)


def test_a_cable_that_is_pulled_leaves_nothing_and_is_told(bench: Bench) -> None:
    launched = bench.trees('sigterm_timeout="0.3"', 'sigkill_timeout="0.3"', silence=6)
    cut = bench.fleet.robots[1]
    cut.host.cut()
    wait_until(lambda: not bench.left(cut))
    wait_until(lambda: f'the connection to {cut.name} is lost' in launched.said())
    others = [robot for robot in bench.fleet.robots if robot is not cut]
    # A shell that forks for its next command counts twice until that is executed.
    assert all(len(bench.left(robot)) >= 3 for robot in others)
    assert launched.popen.poll() is None
    launched.popen.send_signal(signal.SIGINT)
    assert launched.wait() == 0
    assert bench.none_left()


def test_respawn_finds_a_robot_again_whose_cable_was_out(bench: Bench) -> None:
    robot = bench.fleet.robots[0]
    launched = bench.launch(f"""\
        <launch>{bench.machine(robot, silence=6, connect_timeout=6)}
        <execute_remote machine="{robot.name}" cmd="sh -c 'echo begun; exec sleep 1000'"
            respawn="true" respawn_delay="0.2" output="screen"/>
        </launch>""")
    wait_until(lambda: launched.said().count('] begun') == 1)
    robot.host.cut()
    wait_until(lambda: f'the connection to {robot.name} is lost' in launched.said())
    robot.host.mend()
    wait_until(lambda: launched.said().count('] begun') == 2, 2 * PATIENCE)
    launched.popen.send_signal(signal.SIGINT)
    assert launched.wait() == 0
    # The robot may still be about to notice that the first one's cable was out.
    wait_until(lambda: not robot.running('sleep', '1000'))


def test_an_error_is_one_line_of_launch_and_the_rest_goes_on(bench: Bench) -> None:
    first, second = bench.fleet.robots[:2]
    first.sshd.stop()
    bench.fleet.known_hosts.write_text(''.join(
        line for line in bench.fleet.known_hosts.read_text().splitlines(keepends=True)
        if not line.startswith(f'{second.address} ')))
    launched = bench.launch(f"""\
        <launch>{''.join(bench.machine(robot) for robot in bench.fleet.robots)}
        {''.join(f'<execute_remote machine="{robot.name}" cmd="hostname" output="screen"/>'
                 for robot in bench.fleet.robots)}
        <execute_remote_ssh hostname="nobody.invalid" cmd="true"/>
        </launch>""")
    assert launched.wait() == 0, launched.said()
    errors = [line for line in launched.said().splitlines() if '[ERROR]' in line]
    assert len(errors) == 3 and 'Traceback' not in launched.said()
    assert any('refuses the connection' in line for line in errors)
    assert any('known_hosts' in line and second.address in line for line in errors)
    assert any('nobody.invalid' in line for line in errors)
    assert f'] {bench.fleet.robots[2].name}\n' in launched.said()


def test_secrets_are_in_no_log_and_no_command_line(bench: Bench, tmp_path: Path) -> None:
    robot = bench.fleet.robots[0]
    secret = uuid.uuid4().hex
    launched = bench.launch(f"""\
        <launch>
        <ssh_machine name="r" hostname="{robot.name}" ssh_config="{bench.fleet.ssh_config}"
                     password="{secret}" passphrase="{secret}" default="true">
          <env name="OF_MACHINE" value="{secret}"/>
        </ssh_machine>
        <execute_remote cmd="sh -c '[ $OF_MACHINE = $TOKEN ] &amp;&amp; echo same; sleep 1000'"
                        log_cmd="true" output="full" respawn="true">
          <env name="TOKEN" value="{secret}"/>
        </execute_remote>
        </launch>""", '--debug')
    wait_until(lambda: '] same' in launched.said())
    for computer in (robot, bench.fleet.laptop):
        for pid in computer.pids():
            try:
                line = Path(f'/proc/{pid}/cmdline').read_bytes()
            except OSError:
                continue
            assert secret.encode() not in line
    launched.popen.send_signal(signal.SIGINT)
    assert launched.wait() == 0, launched.said()
    logs = [path for path in (bench.fleet.laptop.home / '.ros').rglob('*') if path.is_file()]
    assert logs and all(secret not in path.read_text(errors='replace') for path in logs)
    assert secret not in launched.said() and secret not in robot.sshd.log()
    shown = bench.fleet.laptop.run(
        'ros2', 'launch', '-p', str(launched.output.with_suffix('.xml')))
    assert shown.returncode == 0 and secret not in shown.stdout + shown.stderr, shown


def test_remote_substitution_and_default_machine_under_ros2_launch(bench: Bench) -> None:
    names = [robot.name for robot in bench.fleet.robots]
    launched = bench.launch(f"""\
        launch:
        - ssh_machine: {{hostname: {names[0]}, ssh_config: {bench.fleet.ssh_config},
                         default: true}}
        - ssh_machine: {{hostname: {names[1]}, ssh_config: {bench.fleet.ssh_config}}}
        - execute_remote: {{cmd: echo $(remote 'hostname') $(remote {names[1]} 'hostname'),
                            output: screen}}
        """, name='it.launch.yaml')
    assert launched.wait() == 0, launched.said()
    assert f'[{names[0]}/echo-1] {names[0]} {names[1]}\n' in launched.said()


@pytest.mark.parametrize('form', ['py', 'xml', 'yaml'])
def test_the_examples_run(bench: Bench, form: str) -> None:
    robot = bench.fleet.robots[0]
    done = bench.fleet.laptop.run(
        'ros2', 'launch', str(EXAMPLES / f'remote_process.launch.{form}'),
        f'hostname:={robot.name}', f'ssh_config:={bench.fleet.ssh_config}',
        f'setup:={robot.setup}', 'cmd:=hostname; echo "$ROS_DOMAIN_ID" | wc -l',
        timeout=2 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert f'{robot.name} runs Linux ' in said
    assert f'command-1] {robot.name}\n' in said and 'command-1] 1\n' in said
