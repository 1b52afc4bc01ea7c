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

"""`down` when something does not end: it says so, and does not say that all is well."""

from __future__ import annotations

import json

from cli.program import Program
from faults.injection import patched, UNENDING
from harness import Lab, PATIENCE
import pytest

from launch_service_node.cli.exit_codes import ExitCode

STUBBORN = {'id': 'stubborn', 'cmd': ['/bin/sleep', '1000'],
            'stop': {'sigterm_timeout': 0.1, 'sigkill_timeout': 0.1}}


@pytest.mark.parametrize('as_json', [False, True])
def test_down_names_what_it_leaves(lab: Lab, as_json: bool) -> None:
    running = lab.supervisor(STUBBORN, wrap=patched(UNENDING))
    pid = running.start('stubborn')['os_pid']
    done = Program(lab)('--local', *(['--json'] if as_json else []), 'down', '/robot1')
    assert done.returncode == ExitCode.FAILED, done
    assert 'no process is left' not in done.stdout + done.stderr
    if as_json:
        document = json.loads(done.stdout)
        assert (document['ok'], document['code_name']) == (False, 'NOT_STOPPED')
        assert f'pid {pid} did not end' in document['message']
    else:
        assert f'pid {pid} did not end' in done.stderr
        assert f'stubborn (id 1, pid {pid}) is STOPPING' in done.stderr
    assert running.popen.wait(PATIENCE) == 0
