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

"""asyncssh: a command on a connection that stays open, and a line to one that runs."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncssh
from speaking import serve


def main(port: int, user: str, key: str, known_hosts: str) -> None:
    """Serve until stdin ends."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncssh.connect(
        '127.0.0.1', port, username=user, client_keys=[key], known_hosts=known_hosts,
        config=None, agent_path=None))
    running: list[Any] = []

    def run(line: str) -> str:
        return str(loop.run_until_complete(connection.run(line, check=True)).stdout)

    def open_cat() -> None:
        running.append(loop.run_until_complete(connection.create_process('cat')))

    async def echo(line: str) -> str:
        running[0].stdin.write(line + '\n')
        return str(await running[0].stdout.readline()).rstrip('\n')

    try:
        serve(run=run, open=open_cat, echo=lambda line: loop.run_until_complete(echo(line)))
    finally:
        connection.close()
        loop.run_until_complete(connection.wait_closed())


if __name__ == '__main__':
    main(int(sys.argv[1]), *sys.argv[2:5])
