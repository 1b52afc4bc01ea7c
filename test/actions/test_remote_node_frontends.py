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

"""Remote nodes in launch files of XML and YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from actions.node_lab import Robot, Shown  # noqa: E402
from launching import machine_in_xml, Told  # noqa: E402

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
def test_launch_files_have_it(arm: Robot, tmp_path: Path, kind: str, named: bool) -> None:
    file = tmp_path / 'with.yaml'
    file.write_text('side: $(var side)\n')
    machine = machine_in_xml(arm.sshd)
    if kind == 'xml':
        text = _XML.format(machine=machine, prefix=arm.prefix, file=file,
                           name='machine="robot1"' if named else '')
    else:
        pairs = (one.split('=', 1) for one in machine.split())
        text = _YAML.format(machine=', '.join(f'{name}: {value}' for name, value in pairs),
                            prefix=arm.prefix, file=file,
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
