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

"""Two instances do not disturb each other: on one machine, and on two hosts."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from harness import alive, Lab, PATIENCE, wait_until
from hosts import Host, Network
import pytest

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}

CLI = [sys.executable, '-m', 'launch_service_node.cli']


def cli(lab: Lab, *words: str, host: Host | None = None, check: bool = True) -> Any:
    """Run a verb with --json, and return what it printed."""
    # By itself it looks 5 s for an instance, which a busy machine may show after 3 s or more.
    command = [*CLI, *words, '--json', '--timeout', str(2 * PATIENCE)]
    done = subprocess.run(host.command(*command) if host else command, env=lab.environment,
                          capture_output=True, text=True, timeout=3 * PATIENCE, check=False)
    assert not check or done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout) if done.stdout.strip() else None


def names(listed: Any) -> set[tuple[str, str, str]]:
    return {(instance['namespace'], process['process_name'], process['hostname'])
            for instance in listed['instances'] for process in instance['processes']}


def only(lab: Lab, namespace: str, host: Host | None = None) -> dict[str, Any]:
    """Return the only process of an instance."""
    instance, = cli(lab, 'list', namespace, host=host)['instances']
    process, = instance['processes']
    return process


def test_two_namespaces_on_one_machine(lab: Lab) -> None:
    allowed = lab.allow_list(SLEEPER)
    for namespace in ('/robot1', '/robot2'):
        cli(lab, 'up', namespace, '--allow-list', allowed)
        cli(lab, 'start', namespace, 'sleeper')
    # DDS never says that discovery is complete: a busy machine may need a second look.
    wait_until(lambda: {name[:2] for name in names(cli(lab, 'list'))} == {
        ('/robot1', 'sleeper'), ('/robot2', 'sleeper')})
    pids = {namespace: only(lab, namespace)['os_pid'] for namespace in ('/robot1', '/robot2')}
    cli(lab, 'down', '/robot1')
    assert not alive(pids['/robot1'])
    assert alive(pids['/robot2'])
    assert only(lab, '/robot2')['os_pid'] == pids['/robot2']
    cli(lab, 'down', '/robot2')
    wait_until(lambda: lab.leftovers() == [])


def test_one_on_each_of_two_hosts(tmp_path: Path, network: Network) -> None:
    labs = []
    for host in network.hosts:
        folder = tmp_path / host.name
        folder.mkdir()
        lab = Lab(folder)
        lab.environment.update(host.environment, ROS_DOMAIN_ID='42')
        labs.append(lab)
    first, second, onlooker = zip(labs, network.hosts, strict=True)
    try:
        for number, (lab, host) in enumerate((first, second), 1):
            cli(lab, 'up', f'/robot{number}', '--allow-list', lab.allow_list(SLEEPER), host=host)
        for number in (1, 2):
            cli(onlooker[0], 'start', f'/robot{number}', 'sleeper', host=onlooker[1])
        wait_until(lambda: names(cli(onlooker[0], 'list', host=onlooker[1])) == {
            ('/robot1', 'sleeper', 'host1'), ('/robot2', 'sleeper', 'host2')})
        cli(onlooker[0], 'down', '/robot1', host=onlooker[1])
        wait_until(lambda: first[0].leftovers() == [])
        assert only(onlooker[0], '/robot2', onlooker[1])['state'] == 'RUNNING'
        cli(onlooker[0], 'down', '/robot2', host=onlooker[1])
    finally:
        for lab in labs:
            lab.close()


def test_a_node_that_cannot_start_is_said_in_one_line_and_leaves_nothing(lab: Lab) -> None:
    done = subprocess.run([*CLI, 'up', '/robot1', '--param', 'heartbeat_period:=-1.0'],
                          env=lab.environment, capture_output=True, text=True,
                          timeout=2 * PATIENCE, check=False)
    assert done.returncode == 1, done.stderr
    line, = [line for line in done.stderr.splitlines() if line.startswith('launch-service: ')]
    assert 'heartbeat_period' in line
    wait_until(lambda: lab.leftovers() == [])


def test_up_right_after_down_brings_up_the_next(lab: Lab) -> None:
    allowed = lab.allow_list(SLEEPER)
    first = cli(lab, 'up', '/robot1', '--allow-list', allowed)['instance']
    cli(lab, 'start', '/robot1', 'sleeper', '--local')
    pid = only(lab, '/robot1')['os_pid']
    cli(lab, 'down', '/robot1', '--local', '--keep-processes')
    again = cli(lab, 'up', '/robot1', '--allow-list', allowed)
    assert again['outcome'] == 'started'
    assert again['instance']['node']['pid'] != first['node']['pid']
    assert only(lab, '/robot1')['os_pid'] == pid
    cli(lab, 'down', '/robot1', '--local')
    assert cli(lab, 'up', '/robot1', '--allow-list', allowed)['outcome'] == 'started'
    cli(lab, 'down', '/robot1', '--local')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_node_in_the_foreground_ends_cleanly(lab: Lab, number: int) -> None:
    allowed = lab.allow_list(SLEEPER)
    log = lab.folder / 'foreground.log'
    with open(log, 'wb') as file:
        node = subprocess.Popen(
            [*CLI, 'up', '/robot1', '--foreground', '--allow-list', allowed],
            env=lab.environment, stdout=file, stderr=file, start_new_session=True)
    try:
        wait_until(lambda: 'ready: ' in log.read_text())
        pid = cli(lab, 'start', '/robot1', 'sleeper', '--local')['process']['os_pid']
        os.kill(node.pid, number)
        assert node.wait(PATIENCE) == 0
        assert not alive(pid)
        assert 'Traceback' not in log.read_text()
        wait_until(lambda: lab.leftovers() == [])
    finally:
        node.kill()
        node.wait(PATIENCE)
