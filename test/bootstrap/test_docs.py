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

"""docs/cli.md: what it says to type for another host works, and prints what it shows."""

from __future__ import annotations

import re
import shlex

from bootstrap.conftest import Site
from docs.pages import Block, first_missing, read


def block_for_another_host() -> Block:
    """Return the one block of the page that is run here."""
    block, = (one for one in read('docs/cli.md') if one.elsewhere)
    assert any('test/bootstrap/test_docs.py' in need for need in block.needs)
    return block


def test_the_commands_for_another_host_work_as_shown(site: Site) -> None:
    robot = site.robots[0]
    (site.laptop.home / 'robot1.yaml').write_text((site.laptop.home / 'robot.yaml').read_text())
    commands = block_for_another_host().commands
    assert len(commands) == 3
    for command in commands:
        words = [{'ubuntu@robot1': robot.name, '/opt/ros/kilted/setup.bash': str(robot.setup)}.get(
            word, word) for word in shlex.split(command.typed)]
        assert words[0] == 'launch-service' and str(robot.setup) in words
        done = site(*words[1:], '--ssh-config', str(site.fleet.ssh_config))
        assert done.returncode == 0, done.stderr
        shown = tuple(re.sub(r'pid \d+.*', 'pid …', line).replace('on robot1', f'on {robot.name}')
                      for line in command.shown)
        assert not first_missing(shown, done.stdout.splitlines()), done.stdout
