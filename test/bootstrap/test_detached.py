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

"""What was brought up is let go of: it needs neither who started it nor the way there."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys

from bootstrap.conftest import LONG, Site
from fleet import Computer
from harness import alive, PATIENCE, wait_until

_LISTEN = """
import sys
from launch_service_node.bootstrap.graph import Listener
listener = Listener()
heard = [listener.hear('/robot1/launch_service', sys.argv[1], 60.0) for _ in range(3)]
listener.close()
print(heard)
"""


def supervisor_of(site: Site, robot: Computer, namespace: str) -> int:
    """Return the pid of the supervisor of an instance."""
    told = site.document(robot, namespace, '--no-wait-graph')
    return int(told['instance']['supervisor_pid'])


def sessions_on(robot: Computer) -> list[int]:
    """Return who is on a robot because of a login: sshd's children and what they run."""
    found = []
    for pid in robot.pids():
        try:
            words = Path(f'/proc/{pid}/cmdline').read_bytes()
        except OSError:
            continue
        if b'[listener]' not in words and any(
                word in words for word in (b'sshd', b'robot_end', b'json.loads')):
            found.append(pid)
    return found


def test_the_laptop_leaves_and_another_host_takes_over(site: Site) -> None:
    robot, other = site.robots[0], site.robots[1]
    told = site.document(robot, '/robot1', '--allow-list', 'robot.yaml')
    assert site('start', '/robot1', 'idle').returncode == 0
    process = site.processes(robot, '/robot1')[0]
    site.laptop.host.cut()
    try:
        listened = other.run(sys.executable, '-c', _LISTEN, told['instance']['instance_id'],
                             timeout=LONG)
        assert listened.stdout == '[True, True, True]\n', listened.stderr
        assert alive(process['os_pid'])
        attached = site('bootstrap', robot.name, '/robot1', *site.options(robot), '--json',
                        on=other)
        answer = json.loads(attached.stdout)
        assert (answer['outcome'], answer['instance']['node']) == (
            'attached', told['instance']['node'])
        stopped = site('stop', '/robot1', 'idle', on=other)
        assert stopped.returncode == 0 and 'is STOPPED' in stopped.stdout, stopped.stderr
        assert not alive(process['os_pid'])
        assert site('down', '/robot1', on=other).returncode == 0
    finally:
        site.laptop.host.mend()
    wait_until(lambda: not site.runs(robot, '/robot1'))


def test_nothing_of_the_login_stays(site: Site) -> None:
    robot = site.robots[2]
    site.document(robot, '/alone', '--no-wait-graph')
    wait_until(lambda: not sessions_on(robot))
    pid = supervisor_of(site, robot, '/alone')
    assert alive(pid)
    for number in (0, 1, 2):
        assert 'pipe:' not in os.readlink(f'/proc/{pid}/fd/{number}')


def test_nobody_waits_for_the_channel_of_what_runs_on(site: Site) -> None:
    robot = site.robots[2]
    popen = subprocess.Popen(
        site.command('bootstrap', robot.name, '/prompt', *site.options(robot),
                     '--no-wait-graph', '--json'),
        stdout=subprocess.PIPE, text=True, cwd=site.laptop.home)
    try:
        said, _ = popen.communicate(timeout=LONG)
    finally:
        popen.kill()
    # Its end is that of the channel: had the instance held it, it would still be open.
    assert json.loads(said)['outcome'] == 'started' and popen.returncode == 0


def ignored_and_blocked(pid: int) -> tuple[int, int]:
    """Return the masks of signals that a process ignores, and has blocked."""
    fields = dict(line.split(':\t') for line in
                  Path(f'/proc/{pid}/status').read_text().splitlines() if ':\t' in line)
    return int(fields['SigIgn'], 16), int(fields['SigBlk'], 16)


def test_what_the_starting_shell_ignores_or_blocks_is_heard_by_what_it_started(
        site: Site) -> None:
    robot = site.robots[2]
    deaf = robot.home / 'python_deaf'
    deaf.write_text(
        '#!/bin/sh\ntrap "" INT TERM QUIT USR1\n'
        'exec python3 -c "import os, signal, sys; '
        'signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM, '
        'signal.SIGCHLD]); os.execvp(\'python3\', [\'python3\'] + sys.argv[1:])" "$@"\n')
    deaf.chmod(0o755)
    told = site.document(robot, '/deaf', '--allow-list', 'robot.yaml', '--no-wait-graph',
                         '--python', str(deaf))
    assert site('--local', 'start', '/deaf', 'idle', on=robot).returncode == 0
    process = site.processes(robot, '/deaf')[0]['os_pid']
    node, supervisor = told['instance']['node']['pid'], told['instance']['supervisor_pid']
    wanted = sum(1 << number - 1 for number in (signal.SIGINT, signal.SIGTERM))
    for pid in (supervisor, node, process):
        ignored, blocked = ignored_and_blocked(pid)
        assert (ignored & wanted, blocked) == (0, 0), pid
    os.kill(process, signal.SIGINT)
    wait_until(lambda: not alive(process), PATIENCE)
    wait_until(lambda: site.processes(robot, '/deaf')[0]['term_signal'] == signal.SIGINT)


def test_nothing_secret_is_in_a_command_line_or_told(site: Site) -> None:
    robot = site.robots[2]
    seen = robot.home / 'seen'
    watcher = robot.home / 'watching.bash'
    watcher.write_text(
        f'. {robot.setup}\n'
        'for one in /proc/[0-9]*; do\n'
        '  if [ "$(readlink $one/ns/net)" = "$(readlink /proc/self/ns/net)" ]; then\n'
        '    tr "\\0" " " < $one/cmdline; echo\n'
        f'  fi\ndone >> {seen} 2>/dev/null\n')
    enclave = site.laptop.home / 'enclave'
    enclave.mkdir()
    for name in ('cert.pem', 'key.pem', 'governance.p7s', 'identity_ca.cert.pem',
                 'permissions.p7s', 'permissions_ca.cert.pem'):
        (enclave / name).write_text('SECRET_OF_THE_KEY\n')
    done = site('bootstrap', robot.name, '/secret', *site.options(robot)[:2], '--setup',
                str(watcher), '--env', 'TOKEN=SECRET_OF_THE_ENV', '--enclave', 'enclave',
                '--no-wait-graph', '--timeout', '20')
    # No enclave that works: the node refuses it, which is as it should be.
    assert done.returncode == 1, done.stdout
    assert 'python3' in seen.read_text()
    for text in (seen.read_text(), done.stdout, done.stderr):
        assert 'SECRET' not in text
    assert not list((robot.home / '.config/launch_service/secret').glob('*'))
