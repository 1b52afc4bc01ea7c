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

"""Packages on a machine, as substitutions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch import Substitution  # noqa: E402
from launch.actions import LogInfo  # noqa: E402
from launch.substitutions import LaunchConfiguration  # noqa: E402
from launching import Launcher, machine_in_xml, machine_on  # noqa: E402
from ssh_servers import Sshd  # noqa: E402

from launch_service_node.substitutions import (  # noqa: E402
    RemoteExecutableInPackage,
    RemoteFindPackagePrefix,
    RemoteFindPackageShare,
)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Give an ament prefix with the package `arm`, which no set-up of this side knows."""
    prefix = tmp_path / 'install'
    (prefix / 'share/ament_index/resource_index/packages').mkdir(parents=True)
    (prefix / 'share/ament_index/resource_index/packages/arm').touch()
    (prefix / 'share/arm/config').mkdir(parents=True)
    (prefix / 'share/arm/config/arm.yaml').touch()
    (prefix / 'lib/arm').mkdir(parents=True)
    (prefix / 'lib/arm/driver').touch(mode=0o755)
    (prefix / 'setup.sh').write_text(f'export AMENT_PREFIX_PATH={prefix}\n')
    return prefix


@pytest.fixture
def machine(robot: Sshd, prefix: Path) -> Any:
    """Give a machine that knows the package."""
    return machine_on(robot, setup=[str(prefix / 'setup.sh')])


def value(launcher: Launcher, *parts: str | Substitution, **configurations: str) -> str:
    """Return what substitutions come to in a launch."""
    assert launcher.run(LogInfo(msg=parts), **configurations) == 0, launcher.log()
    return said(launcher)[0]


def said(launcher: Launcher) -> list[str]:
    return [line.partition('[launch.user]: ')[2] for line in launcher.log().splitlines()
            if '[launch.user]' in line]


def sessions(robot: Sshd) -> int:
    return robot.log().count('Starting session')


def test_what_belongs_to_a_package_is_found(
        launcher: Launcher, machine: Any, prefix: Path) -> None:
    package = LaunchConfiguration('package')
    assert value(
        launcher, RemoteFindPackagePrefix(package, machine=machine), '|',
        RemoteFindPackageShare(package, machine=machine), '|',
        RemoteFindPackageShare('arm', ['config/', package, '.yaml'], machine=machine), '|',
        RemoteExecutableInPackage('driver', [package], machine=machine), package='arm'
    ) == f'{prefix}|{prefix}/share/arm|{prefix}/share/arm/config/arm.yaml|{prefix}/lib/arm/driver'


def test_a_machine_is_asked_once_for_each(launcher: Launcher, machine: Any, robot: Sshd) -> None:
    def share() -> Substitution:
        return RemoteFindPackageShare('arm', machine=machine)
    before = sessions(robot)
    first, second = value(launcher, share(), '|', share()).split('|')
    assert first == second and sessions(robot) == before + 1
    value(launcher, share(), RemoteFindPackagePrefix('arm', machine=machine))
    assert sessions(robot) == before + 3  # another launch asks again


@pytest.mark.parametrize('substitution, line', [
    (lambda machine: RemoteFindPackageShare('leg', machine=machine),
     'robot has no package leg in '),
    (lambda machine: RemoteFindPackageShare('arm', 'a.yaml', machine=machine),
     'robot has no {prefix}/share/arm/a.yaml: check the path'),
    (lambda machine: RemoteExecutableInPackage('drive', 'arm', machine=machine),
     'the package arm on robot (in {prefix}) has no executable drive: did you mean driver?'),
    (lambda machine: RemoteFindPackagePrefix('a/b', machine=machine),
     "'a/b' is no name of a package"),
    (lambda machine: RemoteFindPackagePrefix('arm'), 'no machine is named')])
def test_a_failure_is_one_line(launcher: Launcher, machine: Any, prefix: Path,
                               substitution: Any, line: str) -> None:
    assert launcher.run(LogInfo(msg=substitution(machine))) == 1
    found, = [one for one in launcher.log().splitlines() if 'Caught exception' in one]
    assert found.partition('traceback): ')[2].startswith(line.format(prefix=prefix))


_XML = """
<launch>
  <ssh_machine {machine} name="robot1" default="true"><setup file="{prefix}/setup.sh"/>
  </ssh_machine>
  <log message="$(remote-find-pkg-prefix arm)"/>
  <log message="$(remote-find-pkg-share robot1 arm)/config"/>
  <log message="$(remote-find-pkg-share robot1 arm config/arm.yaml)"/>
  <log message="$(remote-exec-in-pkg driver arm)"/>
  <log message="$(remote-exec-in-pkg robot1 driver $(var package))"/>
</launch>
"""


def test_launch_files_have_them(launcher: Launcher, robot: Sshd, prefix: Path) -> None:
    file = launcher.file('a.launch.xml', _XML.format(machine=machine_in_xml(robot),
                                                     prefix=prefix))
    assert launcher.run(file, package='arm') == 0, launcher.log()
    assert said(launcher) == [
        str(prefix), f'{prefix}/share/arm/config', f'{prefix}/share/arm/config/arm.yaml',
        f'{prefix}/lib/arm/driver', f'{prefix}/lib/arm/driver']


@pytest.mark.parametrize('text', [
    '$(remote-find-pkg-prefix a b c)', '$(remote-find-pkg-share a b c d)',
    '$(remote-exec-in-pkg a)', '$(remote-exec-in-pkg a b c d)'])
def test_too_many_or_too_few_words_are_refused(launcher: Launcher, text: str) -> None:
    assert launcher.run(launcher.file(
        'a.launch.xml', f'<launch><log message="{text}"/></launch>')) == 1
    assert f'{text[2:].split()[0]} takes [machine]' in launcher.log()


def test_they_say_what_they_are(machine: Any) -> None:
    assert RemoteFindPackageShare('arm', machine='robot1').describe() == (
        "RemoteFindPackageShare('robot1', 'arm', '')")
    assert RemoteFindPackagePrefix('arm', machine=machine).describe() == (
        f"RemoteFindPackagePrefix({machine.describe()}, 'arm')")
