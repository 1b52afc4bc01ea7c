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

#!/usr/bin/env python3
"""
Measure what an idle instance costs, beside an empty rclpy node, in one run.

Memory is what is resident. Of node and supervisor together, the pages of a program or
library that both have mapped count once, for there is only one of them; that does not
depend on what else runs, as the proportional set size would. The plain sum, in which they
count twice, is told too. One side runs after the other. Processor time is what the
kernel accounts, over `--seconds`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

EMPTY_NODE = """
import rclpy
from rclpy.executors import SingleThreadedExecutor
rclpy.init()
node = rclpy.create_node('empty')
executor = SingleThreadedExecutor()
executor.add_node(node)
print('up', flush=True)
executor.spin()
"""


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


def together(*pids: int) -> int:
    """Return the resident memory of some processes, in KiB; what they share counts once."""
    total = 0
    union: dict[str, int] = {}
    for own, files in map(pages, pids):
        total += own
        for part, size in files.items():
            union[part] = max(size, union.get(part, 0))
    return total + sum(union.values())


def processor(pid: int) -> float:
    """Return the processor time of a process, in seconds."""
    with open(f'/proc/{pid}/schedstat', encoding='ascii') as file:
        main = int(file.read().split()[0])
    others = 0
    for thread in os.listdir(f'/proc/{pid}/task'):
        if int(thread) != pid:
            with open(f'/proc/{pid}/task/{thread}/schedstat', encoding='ascii') as file:
                others += int(file.read().split()[0])
    return (main + others) / 1e9


def measure(pids: dict[str, int], seconds: float) -> dict[str, Any]:
    """Return memory, and the share of a core, of each of some processes."""
    before = {name: processor(pid) for name, pid in pids.items()}
    begin = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begin
    found = {name: {'rss': together(pid),
                    'cpu_percent': 100 * (processor(pid) - before[name]) / passed}
             for name, pid in pids.items()}
    return {**found, 'together': {
        'rss': together(*pids.values()), 'sum': sum(row['rss'] for row in found.values()),
        'cpu_percent': sum(row['cpu_percent'] for row in found.values())}}


def run(seconds: float, processes: int) -> dict[str, Any]:
    """Bring up both, measure, and end them."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, 'LAUNCH_SERVICE_STATE_DIR': home,
                       'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
        environment.setdefault('ROS_DOMAIN_ID', '91')
        allow_list = os.path.join(home, 'allow.yaml')
        with open(allow_list, 'w', encoding='utf-8') as file:
            json.dump({'allowable_processes': [{'id': 'sleeper', 'cmd': ['/bin/sleep', '10000']}]},
                      file)
        os.chmod(allow_list, 0o600)
        cli = [sys.executable, '-m', 'launch_service_node.cli']
        empty = subprocess.Popen([sys.executable, '-c', EMPTY_NODE], env=environment,
                                 stdout=subprocess.PIPE)
        try:
            assert empty.stdout is not None
            empty.stdout.readline()
            time.sleep(3)
            found = measure({'empty_node': empty.pid}, seconds)
        finally:
            empty.kill()
            empty.wait()
        try:
            up = subprocess.run([*cli, 'up', '/bench', '--allow-list', allow_list, '--json'],
                                env=environment, check=True, capture_output=True)
            instance = json.loads(up.stdout)['instance']
            for _ in range(processes):
                subprocess.run([*cli, 'start', '/bench', 'sleeper', '--local'], env=environment,
                               check=True, capture_output=True)
            time.sleep(3)
            found.update(measure({'node': instance['node']['pid'],
                                  'supervisor': instance['supervisor_pid']}, seconds))
        finally:
            subprocess.run([*cli, 'down', '/bench', '--local'], env=environment, check=False,
                           capture_output=True)
    alone = found['empty_node']['rss']
    return {**found, 'processes': processes, 'seconds': seconds,
            'ratio': found['together']['rss'] / alone,
            'ratio_of_sum': found['together']['sum'] / alone}


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--seconds', type=float, default=30.0)
    parser.add_argument('--processes', type=int, default=0)
    parser.add_argument('--json', action='store_true')
    options = parser.parse_args()
    found = run(options.seconds, options.processes)
    if options.json:
        print(json.dumps(found))
        return 0
    for name in ('empty_node', 'node', 'supervisor', 'together'):
        row = found[name]
        print(f'{name:12} {row["rss"] / 1024:7.1f} MiB {row["cpu_percent"]:7.3f} % of a core')
    print(f'together / empty node: {found["ratio"]:.3f}; '
          f'as a plain sum {found["ratio_of_sum"]:.3f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
