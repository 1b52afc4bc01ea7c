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
Says what a machine has, in one line of JSON after a word; it is sent there as it stands.

It runs in the Python that the set-up scripts make the first one, before anything else
does, so it takes Python 3.8 and needs nothing but the standard library.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
from typing import Any

_PATIENCE = 3.0


def look(variables: list[str]) -> dict[str, Any]:
    """Return what is here; variables: names in the environment whose values are told."""
    user = pwd.getpwuid(os.getuid()).pw_name
    found: dict[str, Any] = {
        'hostname': socket.gethostname(), 'user': user, 'uid': os.getuid(),
        'python': '.'.join(map(str, sys.version_info[:3])), 'executable': sys.executable,
        'version': None, 'format': None, 'trouble': '',
        'ros': importlib.util.find_spec('rclpy') is not None,
        'environment': {name: os.environ[name] for name in variables if name in os.environ},
        'logind': logind(user)}
    try:
        import launch_service_node
        found['version'] = launch_service_node.__version__
        from launch_service_node.bootstrap import order
        found['format'] = order.FORMAT
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        found['trouble'] = f'{type(error).__name__}: {error}'
    return found


def logind(user: str) -> dict[str, Any] | None:
    """Return what becomes of processes when a login ends; None: there is no logind."""
    if shutil.which('loginctl') is None:
        return None
    linger = said('loginctl', 'show-user', user, '--property=Linger', '--value')
    kill = said('busctl', 'get-property', 'org.freedesktop.login1', '/org/freedesktop/login1',
                'org.freedesktop.login1.Manager', 'KillUserProcesses')
    runtime_dir = os.environ.get('XDG_RUNTIME_DIR') or f'/run/user/{os.getuid()}'
    return {
        'linger': linger == 'yes' or os.path.exists('/var/lib/systemd/linger/' + user),
        'kill': kill == 'b true' if kill else configured(),
        # That it is there doesn't say that it reaches the user's systemd.
        'systemd_run': said('env', 'XDG_RUNTIME_DIR=' + runtime_dir, 'systemd-run', '--user',
                            '--scope', '--quiet', '--collect', '--', 'echo', 'works') == 'works',
        'runtime_dir': runtime_dir}


def said(*command: str) -> str:
    """Return the one line that a program prints; empty when it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return done.stdout.decode('utf-8', 'replace').strip() if done.returncode == 0 else ''


def configured(root: str = '') -> bool:
    """Return KillUserProcesses as the files say, where nobody answers on the bus."""
    value = False
    for folder in (root + '/usr/lib/systemd', root + '/etc/systemd'):
        parts = folder + '/logind.conf.d'
        names = sorted(os.listdir(parts)) if os.path.isdir(parts) else []
        for path in [folder + '/logind.conf', *(parts + '/' + name for name in names)]:
            try:
                with open(path, encoding='utf-8', errors='replace') as file:
                    lines = file.read().split('\n')
            except OSError:
                continue
            for line in lines:
                key, _, text = line.partition('=')
                if key.strip() == 'KillUserProcesses':
                    value = text.strip().lower() in ('yes', 'true', '1', 'on')
    return value


if __name__ == '__main__':
    sys.path[:] = [entry for entry in sys.path if entry]
    print(sys.argv[1] + json.dumps(look(sys.argv[2:])), flush=True)
