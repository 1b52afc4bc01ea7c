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

"""The example programs that need no ROS."""

from __future__ import annotations

from collections.abc import Callable
import signal
import subprocess
import sys

import pytest

from .conftest import Example

Run = Callable[..., Example]


def test_crasher_ends_with_the_exit_code_that_was_asked_for(run: Run) -> None:
    crasher = run('crasher', '--after', '0', '--exit-code', '42')
    assert crasher.wait() == 42
    assert crasher.lines == ['fails in 0 s', 'fails with exit code 42']


@pytest.mark.parametrize('name, number', [
    ('SEGV', signal.SIGSEGV), ('sigkill', signal.SIGKILL), ('INT', signal.SIGINT)])
def test_crasher_dies_by_the_signal_that_was_asked_for(run: Run, name: str, number: int) -> None:
    assert run('crasher', '--after', '0', '--signal', name).wait() == -number


def test_crasher_refuses_what_is_no_signal(run: Run) -> None:
    crasher = run('crasher', '--signal', 'NOPE')
    assert crasher.wait() == 2
    assert "'NOPE' is no signal" in crasher.lines[-1]


def test_ctrl_c_ends_crasher_before_it_fails(run: Run) -> None:
    crasher = run('crasher', '--after', '1000')
    crasher.wait_line('fails in')
    crasher.popen.send_signal(signal.SIGINT)
    assert crasher.wait() == 0
    assert len(crasher.lines) == 1


def test_stubborn_takes_no_notice_of_sigint_and_sigterm(run: Run) -> None:
    stubborn = run('stubborn')
    stubborn.wait_line('here')
    for number in (signal.SIGINT, signal.SIGTERM):
        stubborn.popen.send_signal(number)
        stubborn.wait_line(f'{number.name}? staying')
    stubborn.popen.kill()
    assert stubborn.wait() == -signal.SIGKILL


def test_stubborn_ends_by_itself_in_the_end(run: Run) -> None:
    assert run('stubborn', '--for', '0.01').wait() == 0


def test_chatter_prints_as_many_lines_as_it_was_told(run: Run) -> None:
    chatter = run('chatter', '--lines', '1201')
    assert chatter.wait() == 0
    assert [line.split()[1] for line in chatter.lines] == [str(n) for n in range(1, 1202)]


def test_chatter_ends_quietly_when_nobody_reads_any_more(run: Run) -> None:
    chatter = run('chatter', wanted=2000)
    assert chatter.wait() == 0
    assert len(chatter.lines) == 2000


def test_ctrl_c_ends_chatter_without_a_traceback(run: Run) -> None:
    chatter = run('chatter', '--rate', '100')
    chatter.wait_line('line 3 ')
    chatter.popen.send_signal(signal.SIGINT)
    assert chatter.wait() == 0
    assert not [line for line in chatter.lines if not line.startswith('line ')]


@pytest.mark.parametrize('name', ['crasher', 'stubborn', 'chatter'])
def test_it_starts_without_ros(name: str) -> None:
    code = ('import sys; sys.modules["rclpy"] = None; '
            f'from launch_service_node.examples.{name} import main; main(["--help"])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert f'usage: {name}' in done.stdout
