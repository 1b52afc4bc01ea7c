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

"""What people write in YAML: whole seconds, and lists of nothing."""

from __future__ import annotations

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launching import Launcher, ssh_arguments, Told  # noqa: E402
from ssh_servers import Sshd  # noqa: E402


def test_seconds_may_be_whole_numbers(launcher: Launcher, robot: Sshd) -> None:
    given = {**ssh_arguments(robot), 'connect_timeout': 90, 'start_timeout': 90, 'silence': 20}
    machine = ', '.join(f'{name}: {value}' for name, value in given.items())
    told = Told()
    assert launcher.run(*told.hear(), launcher.file('l.launch.yaml', f"""\
        launch:
        - ssh_machine: {{{machine}, default: true}}
        - execute_remote: {{cmd: echo hi, respawn_delay: 0, sigterm_timeout: 1, env: []}}
        """)) == 0
    assert told.codes == [0] and told.stdout == b'hi\n'


@pytest.mark.parametrize('wrong', ['true', '[1]', 'soon'])
def test_what_is_no_number_of_seconds_is_told(launcher: Launcher, wrong: str) -> None:
    assert launcher.run(launcher.file('l.launch.yaml', f"""\
        launch:
        - ssh_machine: {{hostname: h, silence: {wrong}}}
        """)) == 1
    assert 'silence' in launcher.log()


def test_nothing_at_all_may_follow_on_a_failure(launcher: Launcher) -> None:
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    assert launcher.run(launcher.file('l.launch.yaml', """\
        launch:
        - stop_process: {name: x, namespace: robot9, find_within: 0.1, on_failure: []}
        """)) == 0
    assert 'cannot stop x on /robot9/launch_service' in launcher.log()
