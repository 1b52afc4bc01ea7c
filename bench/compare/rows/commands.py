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

"""How long somebody waits at a prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
import shutil
import subprocess
import sys

from ..bench import Bench, interleaved, timed
from ..figures import Line, Series
from ..ours import instance, NAMESPACE, PATIENCE


def cli(bench: Bench) -> Iterator[Line]:
    """Start-up of the command line: --help, and --local list of 10 processes."""
    program = shutil.which('launch-service') or os.path.join(
        os.path.dirname(sys.executable), 'launch-service')

    def command(*words: str) -> Callable[[], float]:
        return lambda: timed(lambda: subprocess.run(
            words, env=bench.environment, check=True, capture_output=True, timeout=PATIENCE))

    with instance(bench, 10), bench.filled('supervisord', 10) as supervisord:
        config = supervisord.ask('config')[1]
        found = interleaved(
            bench.times(15), command(program, '--help'),
            command(program, '--local', 'list', NAMESPACE), command(sys.executable, '-c', 'pass'),
            command(str(bench.peers), '-m', 'supervisor.supervisorctl', '-c', config, 'avail'))
    help_, list_, nothing, theirs = (
        Series.milliseconds(name, values) for name, values in zip(
            ('ours', 'ours', 'python3 -c pass', 'supervisorctl'), found, strict=True))
    yield Line('cli', 'launch-service --help', help_, None, 150.0)
    yield Line('cli', 'launch-service --help', help_, nothing)
    yield Line('cli', 'launch-service --local list', list_, None, 250.0)
    yield Line('cli', 'launch-service --local list', list_, theirs)
