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

"""Short ways to run a command over a connection, for tests."""

from __future__ import annotations

from pathlib import Path
import sys
from typing import Any

from harness import wait_until
from ssh_servers import PATIENCE

from launch_service_node.ssh.command import Command
from launch_service_node.ssh.connection import Connection
from launch_service_node.ssh.process import RemoteProcess
from launch_service_node.ssh.running import run


def command(*argv: str, **options: Any) -> Command:
    return Command(argv=argv, **{'sigterm_timeout': 0.3, 'sigkill_timeout': 0.3, **options})


def python(program: str, *argv: str, **options: Any) -> Command:
    return command(sys.executable, '-c', program, *argv, **options)


def start(connection: Connection, what: Command, **options: Any) -> RemoteProcess:
    process = RemoteProcess(what, **options)
    process.start(connection.open_session(PATIENCE))
    return process


def complete(connection: Connection, what: Command, **options: Any) -> Any:
    return run(connection.open_session(PATIENCE), what, PATIENCE, **options)


def pid_from(path: Path) -> int:
    return int(wait_until(lambda: path.exists() and path.read_text()))


#: Tells its arguments, environment and folder.
SHOW = """
import json, os, sys
json.dump([sys.argv[1:], dict(os.environ), os.getcwd()], sys.stdout)
"""

#: Deaf, with a grandchild in a session of its own; writes both pids.
STUBBORN = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: print(number, flush=True))
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    open(sys.argv[1] + '.grandchild', 'w').write(str(os.getpid()))
    while True:
        signal.pause()
os.wait()  # who is in between hears signals too
open(sys.argv[1], 'w').write(str(os.getpid()))
while True:
    signal.pause()
"""
