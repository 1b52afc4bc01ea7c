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

"""psutil: what a measuring round reads, of a number of processes."""

from __future__ import annotations

import psutil
from speaking import serve

KNOWN: dict[int, psutil.Process] = {}


def measure(pids: list[int], sure: bool) -> int:
    """
    Measure; a process that was seen before is not looked up anew.

    :param sure: whether to make sure that each is still the same one, and not somebody who
        got its pid. Our way of measuring can't mistake one for another.
    """
    for pid in pids:
        if pid not in KNOWN:
            KNOWN[pid] = psutil.Process(pid)
        process = KNOWN[pid]
        if sure and not process.is_running():
            raise ProcessLookupError(pid)
        with process.oneshot():
            process.status()
            process.cpu_times()
            process.memory_info()
    return len(pids)


if __name__ == '__main__':
    serve(measure=measure)
