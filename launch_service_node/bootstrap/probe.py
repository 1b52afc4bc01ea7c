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
    login = Login(user)  # its programs run while the rest is looked at
    found: dict[str, Any] = {
        'hostname': socket.gethostname(), 'user': user, 'uid': os.getuid(),
        'python': '.'.join(map(str, sys.version_info[:3])), 'executable': sys.executable,
        'version': None, 'format': None, 'trouble': '',
        'ros': importlib.util.find_spec('rclpy') is not None,
        'environment': {name: os.environ[name] for name in variables if name in os.environ}}
    try:
        import launch_service_node
        found['version'] = launch_service_node.__version__
        from launch_service_node.bootstrap import order
        found['format'] = order.FORMAT
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        found['trouble'] = f'{type(error).__name__}: {error}'
    found['logind'] = login.told()
    return found


class Login:
    """What becomes of a user's processes when a login ends; asked when made, all at once."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._runtime_dir = os.environ.get('XDG_RUNTIME_DIR') or f'/run/user/{os.getuid()}'
        self._there = shutil.which('loginctl') is not None
        if not self._there:
            return
        self._linger = Asked('loginctl', 'show-user', user, '--property=Linger', '--value')
        self._kill = Asked('busctl', 'get-property', 'org.freedesktop.login1',
                           '/org/freedesktop/login1', 'org.freedesktop.login1.Manager',
                           'KillUserProcesses')
        # That it is there doesn't say that it reaches the user's systemd.
        self._scope = Asked('env', 'XDG_RUNTIME_DIR=' + self._runtime_dir, 'systemd-run',
                            '--user', '--scope', '--quiet', '--collect', '--', 'echo', 'works')

    def told(self) -> dict[str, Any] | None:
        """Return what the programs say; None: there is no logind."""
        if not self._there:
            return None
        kill = self._kill.answer()
        return {
            'linger': (self._linger.answer() == 'yes'
                       or os.path.exists('/var/lib/systemd/linger/' + self._user)),
            'kill': kill == 'b true' if kill else configured(),
            'systemd_run': self._scope.answer() == 'works',
            'runtime_dir': self._runtime_dir}


class Asked:
    """A program that is to print one line."""

    def __init__(self, *command: str) -> None:
        try:
            self._popen: subprocess.Popen[bytes] | None = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL)
        except OSError:
            self._popen = None

    def answer(self) -> str:
        """Return the line; empty when it fails, or takes too long."""
        if self._popen is None:
            return ''
        try:
            said = self._popen.communicate(timeout=_PATIENCE)[0]
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.communicate()
            return ''
        return said.decode('utf-8', 'replace').strip() if self._popen.returncode == 0 else ''


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
