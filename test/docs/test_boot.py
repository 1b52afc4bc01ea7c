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

"""The unit of docs/boot.md: what it runs does what the page says."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import signal

from docs.pages import read
from harness import Lab, wait_until

from .conftest import Reader, Typed

UP = ('… ready: /robot1/launch_service on domain …',)


def unit() -> configparser.ConfigParser:
    """Return the unit on the page."""
    text, = (block.text for block in read('docs/boot.md') if block.language == 'ini')
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def boot(reader: Reader) -> Typed:
    """Run what the unit runs, without its set-up scripts, and wait until it is up."""
    shell, option, script = shlex.split(unit()['Service']['ExecStart'])
    assert (shell, option) == ('/bin/bash', '-c')
    command = script.split(' && ')[-1]
    running = reader.begin(re.sub(r'/etc/\S+', 'config/example.yaml', command))
    running.wait_shown(UP)
    return running


def test_the_end_of_the_service_is_the_end_of_all_it_runs(reader: Reader, lab: Lab) -> None:
    service = boot(reader)
    reader('launch-service --local start /robot1 stubborn')
    service.popen.terminate()
    assert service.wait() == 0
    wait_until(lambda: not lab.leftovers())  # the supervisor goes last


def test_processes_survive_a_node_that_is_killed_and_the_next_one_has_them(
        reader: Reader) -> None:
    assert unit()['Service']['KillMode'] == 'process'
    service = boot(reader)
    reader('launch-service --local start /robot1 talker --name survivor --wait-ready')
    before = reader('launch-service --local list /robot1 survivor --json')
    service.popen.send_signal(signal.SIGKILL)
    service.popen.wait(30)
    service = boot(reader)
    after = reader('launch-service list /robot1 survivor --json')
    (old,), (new,) = (json.loads(lines[0])['instances'][0]['processes']
                      for lines in (before, after))
    assert new['state'] == 'RUNNING'
    assert [new[key] for key in ('process_id', 'os_pid', 'start_time_ns')] == [
        old[key] for key in ('process_id', 'os_pid', 'start_time_ns')]
    service.popen.terminate()
    assert service.wait() == 0


def test_keeping_the_processes_is_one_more_parameter(reader: Reader) -> None:
    running = reader.begin('exec launch-service up /robot1 --foreground '
                           '--param on_shutdown:=keep --allow-list config/example.yaml')
    running.wait_shown(UP)
    reader('launch-service --local start /robot1 stubborn')
    running.popen.terminate()
    assert running.wait() == 0
    assert 'RUNNING' in reader('launch-service --local list /robot1 stubborn')[-1]
