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

"""supervisord with a number of programs, over its Unix socket and a connection that stays."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from typing import Any
import xmlrpc.client

from speaking import end, retry, serve

CONFIG = """\
[unix_http_server]
file={folder}/socket
[supervisord]
nodaemon=true
logfile={folder}/log
pidfile={folder}/pid
childlogdir={folder}
minfds={descriptors}
loglevel=warn
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{folder}/socket
[program:p]
command=/bin/sleep 100000
process_name=p%(process_num)04d
numprocs={count}
autostart=false
startsecs=0
redirect_stderr=true
"""


def newest_child(pid: int) -> int:
    """Return the child that a process has started last."""
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
        return int(file.read().split()[-1])


def await_exec(pid: int, patience: float = 30.0) -> None:
    """Return as soon as a process runs its program, and no longer supervisord's code."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with open(f'/proc/{pid}/comm', encoding='ascii') as file:
            if file.read() == 'sleep\n':
                return
        time.sleep(0.0001)  # the kernel tells nobody but a tracer of an exec
    raise TimeoutError(f'pid {pid} has not executed its program in {patience:g} s')


def main(folder: str, count: int) -> None:
    """Serve until stdin ends; the last of `count` programs is there to be started."""
    # Not at the top: this file has the name of a command, not of the module.
    from supervisor.xmlrpc import SupervisorTransport
    config = os.path.join(folder, 'supervisord.conf')
    with open(config, 'w', encoding='utf-8') as file:
        file.write(CONFIG.format(
            folder=folder, count=count, descriptors=max(1024, 4 * count)))
    daemon = subprocess.Popen(
        [sys.executable, '-m', 'supervisor.supervisord', '-c', config],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def connect() -> Any:
            there = xmlrpc.client.ServerProxy(
                'http://localhost', SupervisorTransport(None, None, f'unix://{folder}/socket'))
            there.supervisor.getPID()
            return there.supervisor

        rpc = retry(connect, (OSError, http.client.HTTPException, xmlrpc.client.Error))

        asked = 0.0

        def begin(number: int) -> None:
            nonlocal asked
            asked = time.perf_counter()
            rpc.startProcess(f'p:p{number:04d}')

        def settle(number: int) -> float:
            """Return the seconds from the last start until the program ran."""
            # It answers before the child has executed its program, and until then the
            # child takes a signal for supervisord's own: a stop would wait in vain.
            await_exec(newest_child(daemon.pid))
            return time.perf_counter() - asked

        def fill(number: int) -> None:
            for one in range(number):
                begin(one)

        serve(config=lambda: config, pid=lambda: daemon.pid, start=begin, settle=settle, fill=fill,
              stop=lambda number: rpc.stopProcess(f'p:p{number:04d}') and None,
              list=lambda: len(rpc.getAllProcessInfo()))
    finally:
        end(daemon)


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]))
