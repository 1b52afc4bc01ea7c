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

"""
What the programs in this folder have in common: an operation a line, timed where it is done.

They run with the Python of the peers, not with ours. A line holds `{"do": name, …}`, the
answer `{"seconds": …, "answer": …}` or `{"error": …}`. The end of stdin ends them.
"""

from __future__ import annotations

from collections.abc import Callable
import json
import subprocess
import sys
import time
from typing import Any

Operation = Callable[..., Any]


def serve(**operations: Operation) -> None:
    """Do what stdin says until it ends."""
    for line in sys.stdin:
        request = json.loads(line)
        operation = operations[request.pop('do')]
        try:
            begin = time.perf_counter()
            found = operation(**request)
            told = {'seconds': time.perf_counter() - begin, 'answer': found}
        except Exception as error:  # noqa: BLE001 - who asked is told
            told = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(told), flush=True)


def retry(what: Callable[[], Any], not_yet: tuple[type[Exception], ...],
          patience: float = 60.0) -> Any:
    """
    Return what a function gives as soon as it raises nothing.

    :param not_yet: what it raises while its daemon is coming up; in the end raised as well.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return what()
        except not_yet:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def end(popen: subprocess.Popen[bytes], patience: float = 30.0) -> None:
    """End a daemon, which ends what it runs."""
    popen.terminate()
    try:
        popen.wait(patience)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait(patience)
