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

"""The pages remote_launching.md and errors.md, typed on a laptop that has robots."""

from __future__ import annotations

from collections.abc import Iterator
import inspect
import os
from pathlib import Path
import re
import shutil
import signal

from docs.pages import Block, Command, read, ROOT
from fleet import Computer, Fleet
from harness import wait_until
import pytest

from launch_service_node import errors

from .conftest import Typed

PAGES = ('docs/remote_launching.md', 'docs/errors.md')
SHELLS = ('console',)

#: What the pages call the computers of the fleet.
NAMES = {'laptop': 0, 'robot1': 1, 'robot1-head': 2, 'desk': 3, 'gateway': 3}
SETUP = '/opt/ros/kilted/setup.bash'
HOME = '/home/ubuntu'

#: Hosts that something is wrong with.
ASKEW = """\
Host new-robot
  HostName {robot}
  UserKnownHostsFile {home}/known_hosts_of_nobody
Host swapped
  HostName {robot}
  UserKnownHostsFile {home}/known_hosts_of_another
Host closed
  HostName {robot}
  Port 9
Host far
  HostName 198.51.100.7
Host locked
  HostName {robot}
  User stranger
Host stolen
  HostName {robot}
  UserKnownHostsFile {home}/known_hosts_with_a_stolen_key
"""


def sections(page: str) -> list[tuple[str, list[Block]]]:
    """Return the sections of a page that have something to type, with their blocks."""
    lines = (ROOT / page).read_text(encoding='utf-8').splitlines()
    titles = [(number, line[3:]) for number, line in enumerate(lines, 1)
              if line.startswith('## ')]
    found: dict[str, list[Block]] = {}
    for block in read(page):
        title = ['', *(title for number, title in titles if number < block.line)][-1]
        found.setdefault(title, []).append(block)
    return [(title, blocks) for title, blocks in found.items()
            if any(block.language in SHELLS and not block.elsewhere for block in blocks)]


SECTIONS = [pytest.param(page, blocks, id=f'{page}: {title}')
            for page in PAGES for title, blocks in sections(page)]


class Operator:
    """Somebody at the laptop, who also goes to other computers."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._typed: list[Typed] = []
        programs = fleet.laptop.home.parent / 'programs'
        programs.mkdir()
        # The one in ~/.ssh is that of the user who runs the tests, wherever HOME is.
        wrapper = programs / 'ssh'
        wrapper.write_text(
            f'#!/bin/sh\nexec {shutil.which("ssh")} -F "$HOME/.ssh/config" "$@"\n')
        wrapper.chmod(0o755)
        self._path = f'{programs}:{os.path.dirname(shutil.which("ros2") or "")}'
        for computer in fleet.computers:
            self._furnish(computer)

    def _furnish(self, computer: Computer) -> None:
        """Give a computer what its user has there."""
        home = computer.home
        for name in ('config', 'launch'):
            (home / name).symlink_to(ROOT / name)
        (home / '.ssh').mkdir(mode=0o700)
        other = self.fleet.robots[1].sshd
        robot = self.fleet.robots[0].address
        (home / 'known_hosts_of_another').write_text(
            f'{robot} {other.public(other.host_key)}\n')
        stolen = self.fleet.robots[0].sshd
        (home / 'known_hosts_with_a_stolen_key').write_text(
            f'@revoked * {stolen.public(stolen.host_key)}\n')
        aliases = ''.join(f'Host {name}\n  HostName {self.computer(name).address}\n'
                          for name in NAMES)
        (home / '.ssh' / 'config').write_text(
            ASKEW.format(robot=robot, home=home) + aliases + self.fleet.ssh_config.read_text())
        workspace = home / 'ws' / 'install'
        workspace.mkdir(parents=True)
        (workspace / 'local_setup.bash').write_text('export ROS_WORKSPACE_OF_MINE=ws\n')
        (home / 'broken.bash').write_text('echo no licence; exit 7\n')
        (home / 'empty.bash').write_text('unset PYTHONPATH AMENT_PREFIX_PATH\nPATH=/bin\n')

    def write(self, block: Block) -> None:
        """Write a file of a page, on all computers."""
        for computer in self.fleet.computers:
            (computer.home / block.file).write_text(self._here(block.text))

    def _here(self, text: str) -> str:
        robot = self.fleet.robots[0]
        return text.replace(SETUP, str(robot.setup)).replace(HOME, str(robot.home))

    def computer(self, name: str) -> Computer:
        """Return the computer that a page means."""
        return self.fleet.computers[NAMES[name]]

    def begin(self, typed: str, where: str = 'laptop') -> Typed:
        """Type a command somewhere, and go on while it runs."""
        computer = self.computer(where)
        shell = computer.command(
            'env', f'PATH={self._path}:{computer.environment["PATH"]}', 'TERM=dumb',
            f'ROS_LOG_DIR={computer.home}/log', 'bash', '-c')
        self._typed.append(Typed(
            self._here(typed), computer.home, dict(os.environ), shell))
        return self._typed[-1]

    def follow(self, command: Command, where: str) -> None:
        """Type a command of a page, which has to end, and print, as the page says."""
        self.begin(command.typed, where).end_as(command)

    def close(self) -> None:
        """End what was typed."""
        for running in self._typed:
            running.close()


@pytest.fixture
def operator(fleet: Fleet) -> Iterator[Operator]:
    """Give somebody at the laptop."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    if not shutil.which('ros2'):
        pytest.skip('`ros2` is not installed')
    operator = Operator(fleet)
    yield operator
    operator.close()


@pytest.mark.parametrize('page, blocks', SECTIONS)
def test_a_section_works_as_shown(page: str, blocks: list[Block], operator: Operator) -> None:
    for file in (block for one in PAGES for block in read(one) if block.file):
        operator.write(file)
    for block in blocks:
        for name in filter(None, [block.word('leaves')]):
            operator.computer(name).host.cut()
        if block.language in SHELLS and not block.elsewhere:
            for command in block.commands:
                operator.follow(command, block.word('on') or 'laptop')


def test_a_node_that_is_bound_ends_with_the_launch(operator: Operator) -> None:
    for file in read('docs/remote_launching.md'):
        if file.file == 'bound.launch.xml':
            operator.write(file)
    running = operator.begin(f'exec ros2 launch bound.launch.xml host:=robot1 setup:={SETUP}')
    running.wait_shown(('… said: Hello 1',))
    robot = operator.computer('robot1')
    assert len(robot.pids()) > 1
    running.signal(signal.SIGINT)
    assert running.wait() == 0, running
    wait_until(lambda: len(robot.pids()) == 1)  # its sshd


@pytest.mark.parametrize('page', PAGES)
def test_what_is_quoted_is_in_the_file(page: str) -> None:
    for block in read(page):
        if block.word('quotes'):
            assert block.text in (ROOT / block.word('quotes')).read_text(encoding='utf-8'), block


def test_all_names_are_on_the_page_with_all_their_arguments() -> None:
    pytest.importorskip('launch', reason='launch cannot be imported')
    from launch_service_node import actions, event_handlers, machines, substitutions
    text = (ROOT / 'docs/remote_launching.md').read_text(encoding='utf-8')
    rows = {name: set(re.findall(r'`(\w+)`', arguments.partition(', and')[0])) for
            name, arguments in re.findall(r'^\| `(\w+)` \|[^|]*\| ([^|]*) \|$', text, re.M)}
    rows['SSHMachine'] = set(re.findall(r'`(\w+)`', ''.join(re.findall(
        r'^\| ([^|]*) \|', text.partition('`SSHMachine` (')[2].partition('Who takes')[0], re.M))))
    rows['SSHMachine'] -= {'name', 'default'}  # of every Machine
    for room in (actions, event_handlers, machines, substitutions):
        for name in set(room.__all__) - {'Machine', 'DefaultMachine'}:
            one = getattr(room, name)
            if isinstance(one, type):
                taken = set(inspect.signature(one.__init__).parameters) - {'self', 'kwargs'}
                assert rows[name] == taken, name


def test_every_error_has_its_place_on_the_page() -> None:
    classes = {name for name, one in vars(errors).items()
               if isinstance(one, type) and issubclass(one, errors.LaunchServiceError)}
    text = (ROOT / 'docs/errors.md').read_text(encoding='utf-8')
    assert {name for name in classes if not re.search(rf'`{name}`', text)} == set()


def test_every_launch_file_of_a_recipe_is_described() -> None:
    text = ''.join((ROOT / page).read_text(encoding='utf-8') for page in ('README.md', *PAGES))
    for path in Path(ROOT / 'launch').glob('*.launch.*'):
        assert f'{path.name.split(".")[0]}.launch' in text, path
