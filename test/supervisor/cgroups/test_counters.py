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

"""What the kernel has counted in the cgroup of a process is told of its end."""

from __future__ import annotations

import os
import signal

from faults.injection import patched
from harness import alive, Lab, wait_until
import pytest

from launch_service_node.supervisor.states import State

from .place import Base, offer_controllers, SLEEPER


def test_running_out_of_memory_while_nobody_watched_is_told_later(base: Base, lab: Lab) -> None:
    offer_controllers(base)
    gate = lab.folder / 'gate'
    os.mkfifo(gate)
    running = lab.supervisor({**SLEEPER, 'limits': {'memory': '64 MiB'}, 'cmd': [
        lab.script('hog', """
            import sys
            open(sys.argv[1]).readline()
            kept = [b'x' * 1048576 for _ in range(256)]
            """), str(gate)]})
    pid = running.start('sleeper')['os_pid']
    running.kill()
    with open(gate, 'r+b', buffering=0) as opened:  # without waiting for the other end
        opened.write(b'go\n')
        wait_until(lambda: not alive(pid))
    process = lab.supervisor().wait_state('sleeper', State.UNKNOWN, State.FAILED)
    assert 'out of memory (limit 64 MiB)' in process['err_msg']


@pytest.mark.parametrize(('counted', 'words'), [
    ({'oom': 1, 'oom_kill': 1}, ': out of memory (limit 64 MiB)'),
    ({'oom': 0, 'oom_kill': 1}, ': out of memory (of the host or of a cgroup around it)'),
    ({'oom': 3, 'oom_kill': 0}, '')])
def test_what_the_kernel_has_counted_is_told_of_the_process(
        base: Base, lab: Lab, counted: dict[str, int], words: str) -> None:
    """Also where no controller is at hand: then the counters are made up, and nothing else."""
    running = lab.supervisor(
        {**SLEEPER, 'limits': {'memory': '64 MiB'}}, wrap=patched(
            "replace('supervisor.kernel.cgroups:Cgroup.counters', "
            f'lambda _: lambda cgroup: {counted})'))
    os.kill(running.start('sleeper')['os_pid'], signal.SIGKILL)
    process = running.wait_state('sleeper', State.FAILED)
    assert process['err_msg'] == f'was ended by SIGKILL{words}'
