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

"""circusd with a number of watchers of one process each, over a connection that stays."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from circus.client import CircusClient
from circus.exc import CallError
from speaking import end, retry, serve

HEAD = """\
[circus]
endpoint = ipc://{folder}/endpoint
pubsub_endpoint = ipc://{folder}/pubsub
"""

WATCHER = """\
[watcher:p{number:04d}]
cmd = /bin/sleep 100000
singleton = true
autostart = false
copy_env = true
stdout_stream.class = FileStream
stdout_stream.filename = {folder}/p{number:04d}.log
"""


def main(folder: str, count: int) -> None:
    """Serve until stdin ends; the last of `count` watchers is there to be started."""
    config = os.path.join(folder, 'circus.ini')
    with open(config, 'w', encoding='utf-8') as file:
        file.write(HEAD.format(folder=folder))
        file.writelines(WATCHER.format(number=number, folder=folder) for number in range(count))
    daemon = subprocess.Popen(
        [sys.executable, '-m', 'circus.circusd', '--log-level', 'error',
         '--log-output', os.path.join(folder, 'log'), config],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = CircusClient(endpoint=f'ipc://{folder}/endpoint', timeout=30)
    try:
        def ask(command: str, **properties: Any) -> dict[str, Any]:
            answer: dict[str, Any] = client.send_message(command, **properties)
            if answer.get('status') == 'error':
                raise RuntimeError(answer.get('reason'))
            return answer

        def begin(number: int) -> None:
            ask('start', name=f'p{number:04d}', waiting=True)

        def fill(number: int) -> None:
            for one in range(number):
                begin(one)

        def stats() -> int:
            found = ask('stats')['infos']
            return sum(len(watcher) for watcher in found.values())

        retry(lambda: ask('list'), (CallError, RuntimeError))
        serve(pid=lambda: daemon.pid, start=begin, settle=lambda number: None, fill=fill,
              stop=lambda number: ask('stop', name=f'p{number:04d}', waiting=True) and None,
              list=lambda: len(ask('status')['statuses']), stats=stats)
    finally:
        client.stop()
        end(daemon)


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]))
