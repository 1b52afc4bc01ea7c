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

"""Machines in launch files: declared, found, defaults of scopes, secrets."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch import LaunchDescription, LaunchIntrospector  # noqa: E402
from launch.actions import (  # noqa: E402
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetLaunchConfiguration,
)
from launch.conditions import IfCondition  # noqa: E402
from launch.substitutions import LaunchConfiguration  # noqa: E402
from launching import Launcher  # noqa: E402

from launch_service_node.errors import InvalidRequest  # noqa: E402
from launch_service_node.machines import DefaultMachine, find_machine, SSHMachine  # noqa: E402
from launch_service_node.ssh.host import Host  # noqa: E402
from launch_service_node.ssh.target import Target  # noqa: E402

FULL = Host(
    Target('10.1.2.3', port=2222, user='ubuntu', ssh_key='/keys/one', passphrase='p4ss phrase',
           password='p4ss word', host_key_policy='accept-new',
           jump_hosts=('gate', 'me@inner:23'), config_file='/etc/my config',
           connect_timeout=7.5),
    name='robot1', setup=('/opt/ros/kilted/setup.bash', 'my ws/setup.bash'),
    env={'ROS_DOMAIN_ID': '7', 'EMPTY': ''}, python='/usr/bin/python3.12', silence=3.0,
    start_timeout=11.0)


class Found:
    """Notes at a point of a description which machine an action there would run on."""

    def __init__(self) -> None:
        self.hosts: list[Any] = []

    def __call__(self, machine: Any = None) -> OpaqueFunction:
        def look(context: Any) -> None:
            try:
                self.hosts.append(find_machine(context, machine).host(context))
            except InvalidRequest as error:
                self.hosts.append(error)
        return OpaqueFunction(function=look)

    @property
    def names(self) -> list[str]:
        return [str(host) if isinstance(host, Host) else '-' for host in self.hosts]


@pytest.fixture
def found() -> Found:
    return Found()


def test_everything_that_a_machine_has_in_python(launcher: Launcher, found: Found) -> None:
    machine = SSHMachine(
        '10.1.2.3', name='robot1', user='ubuntu', port=2222, ssh_key='/keys/one',
        passphrase='p4ss phrase', password='p4ss word', host_key_policy='accept-new',
        jump_hosts=['gate', 'me@inner:23'], ssh_config='/etc/my config',
        setup=['/opt/ros/kilted/setup.bash', 'my ws/setup.bash'],
        env={'ROS_DOMAIN_ID': '7', 'EMPTY': ''}, python='/usr/bin/python3.12', silence=3,
        connect_timeout=7.5, start_timeout=11)
    assert launcher.run(machine, found('robot1'), found(machine), found()) == 0
    assert found.hosts[:2] == [FULL, FULL]
    assert 'there is no default here' in str(found.hosts[2])


XML = """\
<launch>
  <arg name="number" default="222"/>
  <arg name="nothing" default=""/>
  <ssh_machine name="robot1" hostname="10.1.2.3" user="ubuntu" port="$(var number)2"
               ssh_key="/keys/one" passphrase="p4ss phrase" password="p4ss word"
               host_key_policy="accept-new" ssh_config="/etc/my config"
               python="/usr/bin/python3.12" silence="3" connect_timeout="7.5"
               start_timeout="$(eval '5 + 6')">
    <jump_host host="gate"/>
    <jump_host host="me@$(var nothing)inner:23"/>
    <setup file="/opt/ros/kilted/setup.bash"/>
    <setup file="my ws/setup.bash"/>
    <env name="ROS_DOMAIN_ID" value="7"/>
    <env name="EMPTY" value=""/>
  </ssh_machine>
  <ssh_machine hostname="plain" user="$(var nothing)" port="$(var nothing)"
               setup="/one place/setup.bash" default="true"/>
  <ssh_machine hostname="lists" jump_hosts="a,b" jump_hosts-sep="," setup="a:b" setup-sep=":"/>
</launch>
"""
YAML = """\
launch:
- arg: {name: number, default: "222"}
- arg: {name: nothing, default: ""}
- ssh_machine:
    name: robot1
    hostname: 10.1.2.3
    user: ubuntu
    port: $(var number)2
    ssh_key: /keys/one
    passphrase: p4ss phrase
    password: p4ss word
    host_key_policy: accept-new
    jump_hosts: [gate, me@inner:23]
    ssh_config: /etc/my config
    setup: [/opt/ros/kilted/setup.bash, my ws/setup.bash]
    env: [{name: ROS_DOMAIN_ID, value: "7"}, {name: EMPTY, value: ""}]
    python: /usr/bin/python3.12
    silence: 3.0
    connect_timeout: 7.5
    start_timeout: $(eval '5 + 6')
- ssh_machine: {hostname: plain, user: "$(var nothing)", setup: /one place/setup.bash,
                default: true}
- ssh_machine: {hostname: lists, jump_hosts: [a, b], setup: [a, b]}
"""


@pytest.mark.parametrize(('name', 'text'), [('m.launch.xml', XML), ('m.launch.yaml', YAML)],
                         ids=['xml', 'yaml'])
def test_everything_that_a_machine_has_in_a_launch_file(
        launcher: Launcher, found: Found, name: str, text: str) -> None:
    assert launcher.run(launcher.file(name, text), found('robot1'), found(), found('lists')) == 0
    assert found.hosts == [
        FULL, Host(Target('plain'), name='plain', setup=('/one place/setup.bash',)),
        Host(Target('lists', jump_hosts=('a', 'b')), name='lists', setup=('a', 'b'))]


def test_an_empty_list_of_jump_hosts_overrides_ssh_config(
        launcher: Launcher, found: Found) -> None:
    launcher.run(found(SSHMachine('here', jump_hosts=[])), found(SSHMachine('there')),
                 launcher.file('m.launch.yaml', """\
                     launch:
                     - ssh_machine: {hostname: also, jump_hosts: []}
                     """), found('also'))
    assert [host.target.jump_hosts for host in found.hosts] == [(), None, ()]


def test_a_machine_is_what_it_was_where_it_was_declared(launcher: Launcher, found: Found) -> None:
    assert launcher.run(
        SetLaunchConfiguration('who', 'early'),
        SSHMachine('h', name='robot1', user=LaunchConfiguration('who')),
        SetLaunchConfiguration('who', 'late'), found('robot1')) == 0
    assert found.hosts[0].target.user == 'early'


def test_the_default_holds_in_its_group_only(launcher: Launcher, found: Found) -> None:
    assert launcher.run(
        SSHMachine('a', default=True), SSHMachine('b'), found(),
        GroupAction([DefaultMachine('b'), found(), GroupAction([
            SSHMachine('c', default=LaunchConfiguration('yes', default='true')), found()]),
            found()]),
        found(),
        GroupAction([found()], forwarding=False),
        GroupAction([SSHMachine('d', default=True)], scoped=False), found(),
        DefaultMachine(''), found()) == 0
    assert found.names == ['a', 'b', 'c', 'b', 'a', '-', 'd', '-']


def test_a_machine_made_the_default_need_not_be_declared(
        launcher: Launcher, found: Found) -> None:
    assert launcher.run(DefaultMachine(SSHMachine('h', name='robot1')), found(),
                        found('robot1')) == 0
    assert found.names == ['robot1', 'robot1']


def test_an_included_file_hands_its_default_on_unless_in_a_group(
        launcher: Launcher, found: Found) -> None:
    def include(name: str) -> IncludeLaunchDescription:
        return launcher.file(f'{name}.launch.xml', f"""\
            <launch><ssh_machine hostname="{name}" default="true"/></launch>""")
    assert launcher.run(SSHMachine('outside', default=True),
                        GroupAction([include('inside'), found()]), found(), found('inside'),
                        include('further'), found()) == 0
    assert found.names == ['inside', 'outside', 'inside', 'further']


def test_default_machine_in_xml(launcher: Launcher, found: Found) -> None:
    assert launcher.run(launcher.file('m.launch.xml', """\
        <launch>
          <arg name="which" default="b"/>
          <ssh_machine hostname="a" default="true"/><ssh_machine hostname="b"/>
          <default_machine machine="$(var which)"/>
        </launch>"""), found()) == 0
    assert found.names == ['b']


def test_a_name_that_was_not_declared_is_one_clear_error(
        launcher: Launcher, found: Found) -> None:
    launcher.run(found('robot9'), SSHMachine('a'), SSHMachine('b'), found('robot9'))
    assert [str(error) for error in found.hosts] == [
        'no machine robot9 was declared before this action; there is none so far',
        'no machine robot9 was declared before this action; those are a, b']


def test_an_empty_name_means_the_default(launcher: Launcher, found: Found) -> None:
    launcher.run(DeclareLaunchArgument('machine', default_value=''),
                 SSHMachine('a', default=True), found(LaunchConfiguration('machine')))
    assert found.names == ['a']


def test_declaring_the_same_twice_is_fine_and_another_by_its_name_is_not(
        launcher: Launcher) -> None:
    assert launcher.run(SSHMachine('h', name='r'), SSHMachine('h', name='r')) == 0
    assert launcher.run(SSHMachine('h', name='r'), SSHMachine('other', name='r')) == 1
    assert 'two different machines are called r: give one of them another name' in launcher.log()


def test_launches_do_not_know_each_others_machines(launcher: Launcher, found: Found) -> None:
    launcher.run(SSHMachine('a', default=True))
    launcher.run(found(), found('a'))
    assert found.names == ['-', '-']


def test_a_condition_holds_for_a_machine(launcher: Launcher, found: Found) -> None:
    launcher.run(SSHMachine('a', default=True, condition=IfCondition('false')), found())
    assert found.names == ['-']


@pytest.mark.parametrize(('given', 'message'), [
    ({'port': 'many'}, "port of machine h is 'many', which is no whole number"),
    ({'port': 70000}, 'port 70000 does not exist'),
    ({'silence': 'x'}, "silence of machine h is 'x', which is no number"),
    ({'silence': 'nan'}, "silence of machine h is 'nan', which is no time that can be waited for"),
    ({'start_timeout': 'inf'}, "is 'inf', which is no time that can be waited for"),
    ({'connect_timeout': 1e10}, 'which is no time that can be waited for'),
    ({'default': 'maybe'}, "default of machine h is 'maybe': give true or false"),
    ({'host_key_policy': 'lax'}, "'lax' is no host-key policy"),
    ({'hostname': ''}, 'a machine without a hostname'),
    ({'hostname': '-oProxyCommand=x'}, 'is no name of a host'),
])
def test_what_can_not_be_right_is_one_line(launcher: Launcher, given: dict[str, Any],
                                           message: str) -> None:
    assert launcher.run(SSHMachine(**{'hostname': 'h', **given})) == 1
    [line] = [one for one in launcher.log().splitlines() if 'Caught exception' in one]
    assert message in line


def test_secrets_are_in_no_description(launcher: Launcher, found: Found) -> None:
    machine = SSHMachine('h', name='r', password='s3cret', passphrase='s3cret',
                         env={'TOKEN': 's3cret'})
    launcher.run(machine, found('r'))
    shown = LaunchIntrospector().format_launch_description(LaunchDescription([machine]))
    assert "SSHMachine('h')" in shown
    for text in (shown, repr(machine), machine.describe(), repr(found.hosts), str(found.hosts),
                 launcher.log()):
        assert 's3cret' not in text
    assert found.hosts[0].target.password == 's3cret'
