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

"""A session says why it can't join the ROS graph; it does not take its process along."""

import os
import subprocess
import sys
import textwrap

from harness import PATIENCE
import pytest

from launch_service_node.domain import wrong_domain

pytest.importorskip('rclpy', reason='rclpy cannot be imported')

PROGRAM = textwrap.dedent("""\
    from launch_service_node.client import RosSession
    from launch_service_node.errors import Unreachable
    try:
        RosSession({arguments})
    except Unreachable as error:
        print(error)
    """)


@pytest.mark.parametrize('arguments, variable', [('domain_id=300', '0'), ('', '300')])
def test_a_domain_that_does_not_exist_is_an_error_and_not_the_end(
        arguments: str, variable: str) -> None:
    if not wrong_domain(300, os.environ.get('RMW_IMPLEMENTATION') or 'rmw_fastrtps_cpp'):
        pytest.skip('only Fast DDS ends the process')
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM.format(arguments=arguments)], text=True,
        capture_output=True, timeout=PATIENCE * 2, env={**os.environ, 'ROS_DOMAIN_ID': variable})
    assert done.returncode == 0, done.stderr
    assert 'there is no ROS domain 300, only 0 to 232; set ROS_DOMAIN_ID' in done.stdout


def test_what_another_middleware_makes_of_a_number_is_its_own_affair() -> None:
    assert wrong_domain(232, 'rmw_fastrtps_cpp') == wrong_domain(300, 'rmw_zenoh_cpp') == ''
