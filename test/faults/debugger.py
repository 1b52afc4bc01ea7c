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

"""A debugger that keeps a process after its end, as one at its prompt does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import errno
import os
import subprocess

from faults.injection import patched
from harness import Lab
import pytest

#: For a supervisor that soon takes it that it is kept.
SOON_KEPT = patched("""
    from launch_service_node.supervisor import ladder, node_keeper
    ladder.LAST_WAIT = node_keeper._GRACE = 0.3
    """)

_DEBUGGER = """
    import ctypes, os, signal, sys
    libc = ctypes.CDLL(None, use_errno=True)
    PTRACE_SEIZE = 0x4206
    failed = False
    for thread in os.listdir(f'/proc/{sys.argv[1]}/task'):
        failed |= libc.ptrace(PTRACE_SEIZE, int(thread), None, None) != 0
    print(os.strerror(ctypes.get_errno()) if failed else 'traced', flush=True)
    signal.pause()
    """


@contextmanager
def debugged(lab: Lab, pid: int) -> Iterator[Callable[[], None]]:
    """Have somebody trace all threads of a process and wait for nothing; give how to end that."""
    with subprocess.Popen([lab.script('debugger', _DEBUGGER), str(pid)],
                          stdout=subprocess.PIPE, text=True) as debugger:
        try:
            assert debugger.stdout is not None
            said = debugger.stdout.readline().strip()
            if said == os.strerror(errno.EPERM):
                pytest.skip('this host lets nobody trace a process that is not its child')
            assert said == 'traced'
            yield debugger.kill
        finally:
            debugger.kill()
