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

"""`--local` and everything that asks nobody never load ROS."""

import subprocess
import sys

from cli.program import LONG, Program
import pytest

PROBE = """\
import sys
from launch_service_node.cli.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
loaded = sorted({name.split('.')[0] for name in sys.modules}
                & {'rclpy', 'launch', 'paramiko', 'ros2cli', 'psutil', 'rosidl_parser'})
print(code, *loaded, file=sys.stderr)
"""


@pytest.mark.parametrize('words', [
    ['--help'], ['list', '--help'], ['list', '--local'], ['list', '--local', '/robot1'],
    ['start', '--local', 'x'], ['logs', '--local', '-f', 'x'], ['check', 'robot1.yaml'],
    ['completion', 'bash'], ['down', '--local', '/robot1'], ['completion', '--words', '--', 's'],
])
def test_no_ros_is_loaded(lonely: Program, words: list[str]) -> None:
    done = subprocess.run([sys.executable, '-c', PROBE, *words], capture_output=True, text=True,
                          cwd=lonely.folder, env=lonely.environ, timeout=LONG)
    assert done.stderr.splitlines()[-1] in ('0', '3'), done.stderr


def test_without_an_instance_the_local_list_says_how_to_start_one(lonely: Program) -> None:
    done = lonely('list', '--local')
    assert (done.returncode, done.stdout) == (3, '')
    assert 'launch-service up' in done.stderr


def test_check_prints_every_problem_with_its_line(lonely: Program) -> None:
    (lonely.folder / 'bad.yaml').write_text(
        'allowable_processes:\n  - id: one\n    cmd: /nonexistent\n  - id: two\n    cdm: x\n')
    done = lonely('check', 'bad.yaml', 'robot1.yaml')
    assert done.returncode == 1 and done.stderr == ''
    lines = done.stdout.splitlines()
    assert any('bad.yaml:2: ' in line or 'bad.yaml:3: ' in line for line in lines)
    assert any('bad.yaml:5: ' in line for line in lines)
    assert 'in 2 files' in lines[-1]


def test_check_of_a_good_file(lonely: Program) -> None:
    done = lonely('check', 'robot1.yaml')
    assert (done.returncode, done.stdout) == (0, '0 problems, 4 usable executables in 1 file\n')


def test_check_of_a_file_that_is_not_there(lonely: Program) -> None:
    done = lonely('check', 'nowhere.yaml')
    assert done.returncode == 1 and 'nowhere.yaml' in done.stdout
