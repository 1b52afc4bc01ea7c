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

"""A real instance: supervisor, node, and the program as a user has it."""

from __future__ import annotations

from collections.abc import Iterator

from cli.program import Program, write_allow_list
from harness import Lab
import pytest


@pytest.fixture(scope='module')
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Give the program on a host without any instance."""
    lab = Lab(tmp_path_factory.mktemp('cli'))
    write_allow_list(lab)
    yield Program(lab)
    lab.close()


@pytest.fixture(scope='module')
def program(lonely: Program) -> Iterator[Program]:
    """Give the program on a host where /robot1 is up."""
    pytest.importorskip('rclpy', reason='rclpy cannot be imported')
    done = lonely('up', '/robot1', '--allow-list', 'robot1.yaml')
    assert done.returncode == 0, done.stderr
    yield lonely
    lonely('down', '--local', '/robot1')
