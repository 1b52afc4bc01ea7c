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

"""The facts of the machine that a figure belongs to."""

from __future__ import annotations

from importlib import metadata
import os
import platform
import subprocess
from typing import Any


def facts(peers: dict[str, str]) -> dict[str, Any]:
    """
    Return what one has to know to make something of the figures.

    :param peers: versions of the programs that ours are compared with.
    """
    return {
        'cpu': _cpu(), 'cores': len(os.sched_getaffinity(0)),
        'memory_gib': round(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2 ** 30, 1),
        'kernel': platform.release(), 'python': platform.python_version(),
        'ros': os.environ.get('ROS_DISTRO') or _version('ros-rclpy', 'rclpy'),
        'rmw': os.environ.get('RMW_IMPLEMENTATION') or 'the default',
        'versions': {'launch_service_node': _version('launch-service-node'),
                     'paramiko': _version('paramiko'), 'openssh': _openssh(), **peers},
        'load': [round(load, 2) for load in os.getloadavg()]}


def line(found: dict[str, Any]) -> str:
    """Return them in one line."""
    return (f'{found["cpu"]}, {found["cores"]} cores, Linux {found["kernel"]}, '
            f'Python {found["python"]}, ROS {found["ros"]}, load {found["load"][0]}')


def _cpu() -> str:
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        for text in file:
            if text.startswith('model name'):
                return text.partition(':')[2].strip()
    return platform.machine()


def _version(*names: str) -> str:
    for name in names:
        try:
            return f'{name} {metadata.version(name)}' if len(names) > 1 else metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return 'unknown'


def _openssh() -> str:
    try:
        said = subprocess.run(['ssh', '-V'], capture_output=True, text=True, timeout=10,
                              check=False)
    except OSError:
        return 'none'
    return said.stderr.split(',')[0].strip()
