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


"""Every way around the allow-list is closed, and each attempt stands in the audit log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from faults.injection import audit_lines, patched, SLOW_START
from harness import Lab, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.states import State

ECHO: dict[str, Any] = {
    'id': 'echo', 'cmd': '/bin/echo', 'environment_from_caller': ['COLOUR'],
    'cwd_from_caller': True,
    'arguments': [{'name': 'map', 'pattern': 'map:=[a-z_]+', 'repeated': True}]}

#: What is asked for besides `cmd: echo`, and the code of its refusal.
ATTEMPTS: dict[str, tuple[dict[str, Any], ResultCode]] = {
    **{f'cmd {cmd!r}': ({'cmd': cmd}, ResultCode.NOT_ALLOWED) for cmd in (
        '/bin/echo', '/bin/sh', '../echo', './echo', 'echo/../sh', 'sh', 'echo;sh', 'echo\nsh',
        'ECHO', 'echo ', '$(echo)', '*')},
    'cmd with NUL': ({'cmd': 'echo\0sh'}, ResultCode.INVALID_REQUEST),
    **{f'argument {argument!r}': ({'args': [argument]}, ResultCode.ARGUMENT_NOT_ALLOWED)
       for argument in (
        '--ros-args', '-r', '-p', '--params-file=/tmp/x', '__node:=other', 'map:=$(reboot)',
        'map:=`reboot`', 'map:=a;reboot', 'map:=a b', 'map:=a|sh', 'map:=../x', 'map:=/etc/shadow',
        'map:=a&', 'map:=>x', "map:='a'", 'map:="a"', 'map:=*', 'map:=~', 'map:=', ' map:=a',
        'other:=a', 'map:=a map:=b', 'launch_prefix:=gdb', 'log_level:=debug', '')},
    **{f'argument {argument!r}': ({'args': [argument]}, ResultCode.INVALID_REQUEST)
       for argument in ('map:=a\n', 'map:=a\n--ros-args', 'map:=a\0', 'map:=a\r')},
    'an allowed argument and one that is not': (
        {'args': ['map:=a', '--ros-args', '-r', '__ns:=/']}, ResultCode.ARGUMENT_NOT_ALLOWED),
    **{f'variable {name}': ({'env': {name: 'x'}}, ResultCode.ENVIRONMENT_NOT_ALLOWED)
       for name in ('LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'PYTHONPATH', 'PYTHONSTARTUP',
                    'PYTHONHOME', 'PATH', 'HOME', 'BASH_ENV', 'ENV', 'IFS', 'AMENT_PREFIX_PATH',
                    'RMW_IMPLEMENTATION', 'ROS_DOMAIN_ID', 'NOTIFY_SOCKET', 'GLIBC_TUNABLES',
                    'LAUNCH_SERVICE_PROCESS', 'COLOUR2', 'colour')},
    **{f'variable {name!r}': ({'env': {name: 'x'}}, ResultCode.INVALID_REQUEST)
       for name in ('COLOUR=x\nLD_PRELOAD', 'COLOUR=', '', 'COLOUR ', 'COLOUR\0')},
    'a value with NUL': ({'env': {'COLOUR': 'a\0LD_PRELOAD=x'}}, ResultCode.INVALID_REQUEST),
    'a value with a line break': ({'env': {'COLOUR': 'a\nb'}}, ResultCode.INVALID_REQUEST),
    **{f'cwd {cwd!r}': ({'cwd': cwd}, ResultCode.INVALID_REQUEST)
       for cwd in ('/tmp/../etc', '..', 'relative', '/tmp\n', '/tmp\0', '/..')},
    **{f'name {name!r}': ({'name': name}, ResultCode.NAME_INVALID)
       for name in ('../x', 'a/b', 'a;b', 'a b', 'a\n', '$(x)', '-x')},
}


@pytest.fixture(scope='module')
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    lab = Lab(tmp_path_factory.mktemp('bypass'))
    try:
        yield lab.supervisor(ECHO, max_start_rate=0)
    finally:
        lab.close()


@pytest.mark.parametrize('attempt', ATTEMPTS)
def test_an_attempt_is_refused_and_noted(running: Any, attempt: str) -> None:
    fields, code = ATTEMPTS[attempt]
    before = len(audit_lines(running.lab))
    answer = running.ask('start', **{'cmd': 'echo', 'caller': 'mallory', **fields})
    assert ResultCode(answer['code']) == code, answer
    assert '\n' not in answer['message'] and '\0' not in answer['message']
    line, = audit_lines(running.lab)[before:]
    assert (line['op'], line['code'], line['caller']) == ('start', code.name, 'mallory')
    assert (line['peer_pid'], line['peer_uid']) == (os.getpid(), os.geteuid())
    assert running.call('list')['processes'] == []


def test_what_is_allowed_is_not_refused(running: Any) -> None:
    """Else the refusals above would say nothing."""
    process = running.start('echo', args=['map:=lab', 'map:=hall_b'], env={'COLOUR': 'a;b $(c)'},
                            cwd='/')
    assert process['command'] == ['/bin/echo', 'map:=lab', 'map:=hall_b']
    running.call('stop', name='echo')
    line = audit_lines(running.lab)[-2]
    assert (line['op'], line['code']) == ('start', 'OK')


def turn(link: Path, target: Path) -> None:
    """Have a link lead somewhere else, with nothing in between."""
    new = link.with_name('new')
    new.symlink_to(target)
    new.rename(link)


def program(lab: Lab, name: str) -> Path:
    """Return a program that leaves a file with its name where it has run."""
    return Path(lab.write(name, f'#!/bin/sh\necho >{lab.folder}/ran_{name}\n', 0o755))


@pytest.mark.parametrize('how', ['a link turned', 'a link of a folder turned', 'a file replaced',
                                 'a file rewritten', 'a file removed'])
def test_what_is_swapped_between_check_and_exec_is_not_executed(lab: Lab, how: str) -> None:
    good, other = program(lab, 'good'), program(lab, 'other')
    folders = [lab.folder / 'v1', lab.folder / 'v2']
    for folder, target in zip(folders, (good, other), strict=True):
        folder.mkdir()
        (folder / 'it').symlink_to(target)
    link, current = lab.folder / 'link', lab.folder / 'current'
    link.symlink_to(good)
    current.symlink_to(folders[0])
    path = current / 'it' if 'folder' in how else good if 'file' in how else link
    gate = lab.folder / 'gate'
    running = lab.supervisor({'id': 'it', 'cmd': str(path), 'environment': {'GATE': str(gate)}},
                             wrap=patched(SLOW_START))
    with running.connect() as other_client:
        other_client._socket.sendall(encode({'id': 1, 'op': 'start', 'cmd': 'it'}))
        wait_until(lambda: running.call('list')['processes'])
        if how == 'a link turned':
            turn(link, other)
        elif how == 'a link of a folder turned':
            turn(current, folders[1])
        elif how == 'a file replaced':
            other.rename(good)
        elif how == 'a file rewritten':
            good.write_text(other.read_text())
        else:
            good.unlink()
        gate.touch()
        process = running.wait_state('it', State.FAILED)
    assert str(path) in process['err_msg']
    if how != 'a file removed':
        assert 'was replaced after it had been checked' in process['err_msg']
    assert not (lab.folder / 'ran_good').exists() and not (lab.folder / 'ran_other').exists()

    def noted() -> list[str]:
        return [line['code'] for line in audit_lines(lab) if line['op'] == 'start']
    wait_until(noted)
    assert noted() == ['START_FAILED']
    if how != 'a file removed':
        running.start('it')  # what is there now is checked, and is the user's own
        wait_until((lab.folder / 'ran_other').exists)


def test_a_link_that_others_may_turn_is_refused_at_each_start(lab: Lab) -> None:
    good = program(lab, 'good')
    folder = lab.folder / 'open'
    folder.mkdir()
    (folder / 'link').symlink_to(good)
    running = lab.supervisor({'id': 'it', 'cmd': str(folder / 'link'), 'restart': {
        'policy': 'always', 'delay': 0.05, 'limit': 'unlimited'}})
    running.start('it')
    folder.chmod(0o777)  # behind its back: the next restart by policy looks again
    wait_until(lambda: 'not safe to run' in running.process('it')['err_msg'])
    running.call('stop', name='it')
    answer = running.ask('start', cmd='it')
    assert answer['code'] == ResultCode.EXECUTABLE_UNUSABLE
    assert f"everyone may write to '{folder}'" in answer['message']
    assert audit_lines(lab)[-1]['code'] == 'EXECUTABLE_UNUSABLE'


def test_a_flood_of_requests_is_noted_and_costs_no_process(lab: Lab) -> None:
    running = lab.supervisor(ECHO, max_start_rate=5)
    answers = [running.ask('start', cmd='echo') for _ in range(200)]
    limited = [answer for answer in answers if answer['code'] == ResultCode.RATE_LIMITED]
    assert len(limited) > 100
    assert all('try again in' in answer['message'] for answer in limited)
    started = running.call('list')['processes'][-1]['process_id']
    assert started == len(answers) - len(limited)  # each id was given to one that was started
    codes = [line['code'] for line in audit_lines(lab) if line['op'] == 'start']
    assert codes.count('RATE_LIMITED') == len(limited)
