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
What processes cost: memory and processor time.

Memory is what is resident. Of several processes together, the pages of a program or
library that more than one has mapped count once, for there is only one of them; that does
not depend on what else runs, as the proportional set size would.
"""

from __future__ import annotations

import os


def pages(pid: int) -> tuple[int, dict[str, int]]:
    """Return what a process has for itself, and of each part of a file it has mapped, in KiB."""
    own = 0
    files: dict[str, int] = {}
    part = ''
    with open(f'/proc/{pid}/smaps', encoding='utf-8') as file:
        for line in file:
            words = line.split()
            if not words[0].endswith(':'):  # a mapping: addresses, rights, offset, …, path
                part = f'{words[2]} {words[-1]}' if words[-1].startswith('/') else ''
            elif words[0] in ('Shared_Clean:', 'Private_Clean:') and part:
                files[part] = files.get(part, 0) + int(words[1])
            elif words[0] in ('Shared_Clean:', 'Private_Clean:', 'Shared_Dirty:',
                              'Private_Dirty:'):
                own += int(words[1])
    return own, files


def together(*pids: int) -> float:
    """Return the resident memory of some processes, in MiB; what they share counts once."""
    total = 0
    union: dict[str, int] = {}
    for own, files in map(pages, pids):
        total += own
        for part, size in files.items():
            union[part] = max(size, union.get(part, 0))
    return (total + sum(union.values())) / 1024


def processor(*pids: int) -> float:
    """Return the processor time that some processes have used so far, in seconds."""
    used = 0
    for pid in pids:
        for thread in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{thread}/schedstat', encoding='ascii') as file:
                used += int(file.read().split()[0])
    return used / 1e9
