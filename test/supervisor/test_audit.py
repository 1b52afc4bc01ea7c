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

"""The audit log: one line for every request, whatever was asked, and bounded."""

from __future__ import annotations

import json
from pathlib import Path
import resource
from typing import Any

from faults.injection import audit_lines
from harness import Lab
from hypothesis import given, HealthCheck, settings, strategies
import pytest

from launch_service_node.supervisor.records import audit
from launch_service_node.supervisor.records.audit import AuditLog, MAX_LINE

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
           'arguments': [{'name': 'any', 'pattern': '[a-z]+', 'repeated': True}],
           'environment_from_caller': ['PASSWORD']}


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(str(tmp_path / 'audit.log'))


def lines(log: AuditLog) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(log.path).read_bytes().splitlines()]


json_values = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_whatever_was_asked_is_one_line(log: AuditLog, asked: Any) -> None:
    before = len(lines(log)) if Path(log.path).exists() else 0
    log.write(op='start', request=asked)
    assert len(lines(log)) == before + 1


@pytest.mark.parametrize('asked', [
    'x' * 10 ** 6, ['x' * 10 ** 4] * 10 ** 3, {str(key): 'x' * 500 for key in range(10 ** 4)},
    [[['x' * 200] * 20] * 20] * 20])
def test_no_line_is_longer_than_its_bound(log: AuditLog, asked: Any) -> None:
    log.write(op='start', request=asked)
    assert Path(log.path).stat().st_size <= MAX_LINE
    assert lines(log)[0]['op'] == 'start'


def test_nesting_ends_somewhere(log: AuditLog) -> None:
    deep: Any = 'core'
    for _ in range(5000):
        deep = [deep]
    log.write(op='start', request=deep)
    assert lines(log)[0]['request'] == [[['… (1 items)']]]


def test_a_new_file_is_begun_when_one_is_full(
        log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, 'MAX_SIZE', 2000)
    for number in range(200):
        log.write(op='start', number=number)
    numbers = [line['number'] for path in (f'{log.path}.1', log.path)
               for line in map(json.loads, Path(path).read_bytes().splitlines())]
    assert numbers == list(range(numbers[0], 200))
    assert all(Path(path).stat().st_size < 2200 for path in (f'{log.path}.1', log.path))
    assert len(list(Path(log.path).parent.iterdir())) == 2


def test_it_goes_on_in_the_file_of_the_supervisor_before(log: AuditLog) -> None:
    log.write(op='one')
    AuditLog(log.path).write(op='two')
    assert [line['op'] for line in lines(log)] == ['one', 'two']
    assert Path(log.path).stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_said_once_and_does_not_spoil_what_comes_after(
        log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    log.write(op='before')
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(log.path).stat().st_size + 10, hard))
    try:
        for _ in range(3):
            log.write(op='during')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.write(op='after')
    good = [line for line in Path(log.path).read_text().splitlines() if line.endswith('}')]
    assert [json.loads(line)['op'] for line in good] == ['before', 'after']
    assert capsys.readouterr().err.count('cannot write') == 1


def test_every_request_that_wants_something_leaves_one_line(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    before = len(audit_lines(lab))
    granted = [('start', {'cmd': 'sleeper', 'name': 'a', 'caller': 'me'}),
               ('signal', {'name': 'a', 'signal': 'CONT'}), ('restart', {'name': 'a'}),
               ('stop', {'name': 'a'}), ('set_mode', {'mode': 'hold'}),
               ('set_mode', {'mode': 'run'}), ('reload', {})]
    refused = [('start', {'cmd': 'no such'}), ('start', {'cmd': 'sleeper', 'uid': 'x'}),
               ('stop', {}), ('stop', {'name': 'nobody'}),
               ('signal', {'name': 'a', 'signal': '0'}),
               ('restart', {'name': 'nobody'}), ('list', {'name': 5}), ('nothing', {}),
               ('read', {'name': 'nobody'}), ('set_mode', {'mode': 'x'}), ('start', {'x': 1})]
    for op, fields in granted:
        running.call(op, **fields)
    for op, fields in refused:
        assert not running.ask(op, **fields)['ok'], op
    for op in ('list', 'status', 'executables'):
        running.call(op)  # that one looks is no news
    noted = audit_lines(lab)[before:]
    assert [line['op'] for line in noted] == [op for op, _ in granted + refused]
    assert all(line['code'] == 'OK' for line in noted[:len(granted)])
    assert all(line['code'] != 'OK' and line['message'] for line in noted[len(granted):])
    assert all(line['peer_pid'] and line['peer_uid'] is not None for line in noted)
    assert (noted[0]['caller'], noted[0]['process_ids']) == ('me', [1])
    assert noted[0]['request'] == {'cmd': 'sleeper', 'name': 'a'}


def test_secrets_stay_out_of_it(lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'pass_environment': []})
    running.ask('start', cmd='sleeper', env={'PASSWORD': 'tiger'})
    running.ask('start', cmd='no such', env={'PASSWORD': 'tiger'})
    text = (lab.instance_dir() / 'audit.log').read_text()
    assert 'tiger' not in text
    assert text.count('PASSWORD') >= 2


def test_autostart_is_noted_too(lab: Lab) -> None:
    lab.supervisor({'id': 'one', 'cmd': '/bin/true', 'autostart': True},
                   {'id': 'two', 'cmd': '/nowhere/two', 'autostart': True})
    noted = {line['request']['cmd']: line['code'] for line in audit_lines(lab)
             if line['op'] == 'autostart'}
    assert noted == {'one': 'OK', 'two': 'EXECUTABLE_UNUSABLE'}
