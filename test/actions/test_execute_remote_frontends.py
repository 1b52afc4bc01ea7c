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

"""Remote processes in XML and YAML launch files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch.actions import RegisterEventHandler  # noqa: E402
from launch.event_handlers import OnProcessExit  # noqa: E402
from launching import Launcher, machine_in_xml, Told  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

FULL_XML = """\
<launch>
  <arg name="word" default="two words"/>
  <arg name="yes" default="true"/>
  <ssh_machine {machine} name="r"/>
  <execute_remote machine="r"
      cmd="sh -c 'echo $A; printenv B; pwd; test -t 1 &amp;&amp; echo tty' x"
      name="na$(var word)" cwd="{folder}" launch-prefix="env B=prefix" output="log"
      output_format="{{this.machine_name}}: {{line}}" log_cmd="$(var yes)" emulate_tty="true"
      respawn="false" respawn_delay="0.5" respawn_max_retries="1" sigterm_timeout="3"
      sigkill_timeout="$(eval '1 + 1')" silence="40" shell="false" cached_output="true"
      persistent_connection="false" on_exit="shutdown" if="$(var yes)">
    <env name="A" value="a $(var word)"/>
  </execute_remote>
  <execute_remote machine="r" cmd="echo never" unless="$(var yes)"/>
</launch>
"""
FULL_YAML = """\
launch:
- arg: {{name: word, default: two words}}
- arg: {{name: 'yes', default: 'true'}}
- ssh_machine: {{{machine}, name: r}}
- execute_remote:
    machine: r
    cmd: sh -c 'echo $A; printenv B; pwd; test -t 1 && echo tty' x
    name: na$(var word)
    cwd: {folder}
    launch-prefix: env B=prefix
    output: log
    output_format: '{{this.machine_name}}: {{line}}'
    log_cmd: $(var yes)
    emulate_tty: true
    respawn: false
    respawn_delay: 0.5
    respawn_max_retries: 1
    sigterm_timeout: 3.0
    sigkill_timeout: $(eval '1 + 1')
    silence: 40.0
    shell: false
    cached_output: true
    persistent_connection: false
    on_exit: shutdown
    if: $(var yes)
    env: [{{name: A, value: a $(var word)}}]
- execute_remote: {{machine: r, cmd: echo never, unless: $(var yes)}}
"""


def in_yaml(xml_attributes: str) -> str:
    return ', '.join(part.replace('=', ': ', 1) for part in xml_attributes.split(' '))


@pytest.mark.parametrize('form', ['xml', 'yaml'])
def test_everything_that_a_remote_process_has(
        launcher: Launcher, robot: Sshd, tmp_path: Path, form: str) -> None:
    machine = machine_in_xml(robot)
    text = FULL_XML.format(machine=machine, folder=tmp_path) if form == 'xml' else (
        FULL_YAML.format(machine=in_yaml(machine), folder=tmp_path))
    told = Told()
    assert launcher.run(*told.hear(), launcher.file(f'l.launch.{form}', text)) == 0
    assert told.codes == [0]
    assert told.stdout.decode().split('\r\n') == [
        'a two words', 'prefix', str(tmp_path), 'tty', '']
    [event] = told.all('exit')
    assert event.process_name.startswith('natwo words-') and event.env == {'A': 'a two words'}
    assert ' r: prefix' in launcher.log()
    assert event.action.get_stdout().startswith('a two words')
    assert 'process details: cmd=' in launcher.log()


ELSEWHERE_XML = """\
<launch>
  <execute_remote_ssh {machine} cmd="printenv A B" name="it" on_exit="shutdown">
    <setup file="{setup}"/>
    <env name="A" value="1"/>
  </execute_remote_ssh>
  <execute_remote_ssh {machine} cmd="sleep 1000" setup="{setup}"/>
</launch>
"""
ELSEWHERE_YAML = """\
launch:
- execute_remote_ssh: {{{machine}, cmd: printenv A B, name: it, on_exit: shutdown,
                       setup: [{setup}], env: [{{name: A, value: '1'}}]}}
- execute_remote_ssh: {{{machine}, cmd: sleep 1000, setup: {setup}}}
"""


@pytest.mark.parametrize('form', ['xml', 'yaml'])
def test_a_host_that_is_described_on_the_spot(
        launcher: Launcher, robot: Sshd, tmp_path: Path, form: str) -> None:
    setup = tmp_path / 'setup.sh'
    setup.write_text('export B=2')
    machine = machine_in_xml(robot)
    text = ELSEWHERE_XML if form == 'xml' else ELSEWHERE_YAML
    text = text.format(machine=machine if form == 'xml' else in_yaml(machine), setup=setup)
    told = Told()
    assert launcher.run(*told.hear(), launcher.file(f'l.launch.{form}', text)) == 0
    assert told.stdout == b'1\n2\n'
    assert 0 in told.codes and len(told.codes) == 2


GROUPS = """\
<launch>
  <arg name="who" default="a"/>
  <ssh_machine {machine} name="a" default="true"/>
  <ssh_machine {machine} name="b"/>
  <execute_remote cmd="true"/>
  <group>
    <default_machine machine="b"/>
    <execute_remote cmd="true"/>
    <execute_remote cmd="true" machine="$(var who)"/>
  </group>
  <execute_remote cmd="true"/>
</launch>
"""


def test_the_default_machine_of_a_group(launcher: Launcher, robot: Sshd) -> None:
    told = Told()
    assert launcher.run(*told.hear(), launcher.file(
        'l.launch.xml', GROUPS.format(machine=machine_in_xml(robot)))) == 0
    names = sorted((event.process_name, event.action.machine_name) for event in told.all('exit'))
    assert [machine for _, machine in sorted(
        names, key=lambda one: int(one[0].rpartition('-')[2]))] == ['a', 'b', 'a', 'a']


@pytest.mark.parametrize(('element', 'message'), [
    ('<execute_remote/>', 'cmd'),
    ('<execute_remote cmd="true" on_exit="explode"/>', 'it can only be shutdown'),
    ('<execute_remote cmd="true" surprise="1"/>', 'surprise'),
    ('<execute_remote cmd="echo \'open"/>', 'a quotation is not closed'),
    ('<execute_remote_ssh cmd="true"/>', 'hostname'),
    ('<default_machine/>', 'machine'),
    ('<ssh_machine/>', 'hostname'),
    ('<ssh_machine hostname="h" password="x" colour="red"/>', 'colour'),
])
def test_what_is_wrong_in_a_file_is_told(launcher: Launcher, element: str, message: str) -> None:
    assert launcher.run(launcher.file('l.launch.xml', f'<launch>{element}</launch>')) == 1
    assert message in launcher.log()


def test_a_process_of_a_launch_file_can_be_reached_by_handlers(
        launcher: Launcher, robot: Sshd) -> None:
    done: list[Any] = []
    assert launcher.run(
        RegisterEventHandler(OnProcessExit(on_exit=lambda event, _: done.append(event.cmd))),
        launcher.file('l.launch.xml', f"""\
            <launch><ssh_machine {machine_in_xml(robot)} default="true"/>
            <execute_remote cmd="echo hi"/></launch>""")) == 0
    assert done == [['echo', 'hi']]
