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

"""Each refusal has a code of its own, says why in one line, and changes nothing."""

from __future__ import annotations

from typing import Any

from faults.entries import SLEEPER
from faults.injection import journal_entries
from harness import Lab, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.states import State

ENTRIES: list[dict[str, Any]] = [
    {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'environment_from_caller': ['MINE']},
    {'id': 'fixed', 'cmd': ['/bin/sleep', '1000'], 'cwd': '/'},
    {'id': 'slots', 'cmd': '/bin/echo', 'arguments': [
        {'name': 'map', 'pattern': 'map:=[a-z]+', 'required': True}]},
    {'id': 'gone', 'cmd': '/nowhere/gone'},
    {'id': 'true', 'cmd': '/bin/true'},
]

#: What is asked, with which code it is refused, and what the message has to name.
REFUSALS: list[tuple[str, dict[str, Any], ResultCode, str]] = [
    ('start', {}, ResultCode.INVALID_REQUEST, 'cmd'),
    ('start', {'cmd': 'slepeer'}, ResultCode.NOT_ALLOWED, "did you mean 'sleeper'"),
    ('start', {'cmd': '/bin/sleep'}, ResultCode.NOT_ALLOWED, '/bin/sleep'),
    ('start', {'cmd': 'sleeper; rm'}, ResultCode.NOT_ALLOWED, 'sleeper'),
    ('start', {'cmd': 'x' * 5000}, ResultCode.REQUEST_TOO_LARGE, 'cmd'),
    ('start', {'cmd': 'sleeper', 'name': '1st'}, ResultCode.NAME_INVALID, '1st'),
    ('start', {'cmd': 'sleeper', 'name': 'a/b'}, ResultCode.NAME_INVALID, 'a/b'),
    ('start', {'cmd': 'sleeper', 'name': 'a\n'}, ResultCode.NAME_INVALID, 'a'),
    ('start', {'cmd': 'sleeper', 'name': '../x'}, ResultCode.NAME_INVALID, 'x'),
    ('start', {'cmd': 'sleeper', 'name': 'ä'}, ResultCode.NAME_INVALID, 'name'),
    ('start', {'cmd': 'sleeper', 'name': 'x' * 200}, ResultCode.NAME_INVALID, '128'),
    ('start', {'cmd': 'sleeper', 'name': 'busy'}, ResultCode.NAME_IN_USE, 'busy'),
    ('start', {'cmd': 'sleeper', 'uid': 9, 'name': 'b'}, ResultCode.UID_CONFLICT, '9'),
    ('start', {'cmd': 'sleeper', 'uid': -1}, ResultCode.INVALID_REQUEST, 'uid'),
    ('start', {'cmd': 'slots'}, ResultCode.ARGUMENT_NOT_ALLOWED, 'map'),
    ('start', {'cmd': 'slots', 'args': ['map:=$(reboot)']}, ResultCode.ARGUMENT_NOT_ALLOWED,
     'map'),
    ('start', {'cmd': 'sleeper', 'args': ['5']}, ResultCode.ARGUMENT_NOT_ALLOWED, '5'),
    ('start', {'cmd': 'sleeper', 'env': {'LD_PRELOAD': '/x'}},
     ResultCode.ENVIRONMENT_NOT_ALLOWED, 'LD_PRELOAD'),
    ('start', {'cmd': 'sleeper', 'env': {'OTHER': 'x'}}, ResultCode.ENVIRONMENT_NOT_ALLOWED,
     'OTHER'),
    ('start', {'cmd': 'fixed', 'cwd': '/tmp'}, ResultCode.CWD_NOT_ALLOWED, 'directory'),
    ('start', {'cmd': 'gone'}, ResultCode.EXECUTABLE_UNUSABLE, '/nowhere/gone'),
    ('stop', {}, ResultCode.INVALID_REQUEST, 'which'),
    ('stop', {'name': 'bussy'}, ResultCode.NOT_FOUND, "did you mean 'busy'"),
    ('stop', {'process_id': 99}, ResultCode.NOT_FOUND, '99'),
    ('stop', {'name': 'busy', 'sigterm_timeout': 10 ** 6}, ResultCode.INVALID_REQUEST, 'day'),
    ('restart', {}, ResultCode.INVALID_REQUEST, 'name or the id'),
    ('restart', {'name': 'nobody'}, ResultCode.NOT_FOUND, 'nobody'),
    ('restart', {'process_id': 1, 'name': 'other'}, ResultCode.NOT_FOUND, '1'),
    ('signal', {'name': 'busy', 'signal': '0'}, ResultCode.SIGNAL_NOT_ALLOWED, '0'),
    ('signal', {'name': 'busy', 'signal': 'SIGNOTHING'}, ResultCode.INVALID_REQUEST, 'NOTHING'),
    ('signal', {'name': 'ended', 'signal': 'HUP'}, ResultCode.WRONG_STATE, 'STOPPED'),
    ('read', {'name': 'nobody'}, ResultCode.NOT_FOUND, 'nobody'),
    ('read', {'process_id': 99}, ResultCode.NOT_FOUND, '99'),
    ('read', {'name': 'busy', 'lines': -1}, ResultCode.INVALID_REQUEST, 'lines'),
    ('read', {'process_id': -5}, ResultCode.NOT_FOUND, '-5'),
    ('set_mode', {'mode': 'drunk'}, ResultCode.INVALID_REQUEST, 'run'),
    ('attach', {'settings': {'nonsense': 1}}, ResultCode.INVALID_REQUEST, 'nonsense'),
    ('attach', {'settings': {'max_processes': 'x'}}, ResultCode.INVALID_REQUEST, 'max_processes'),
    ('attach', {'settings': {'max_processes': True}}, ResultCode.INVALID_REQUEST, 'max_processes'),
    ('attach', {'settings': {'max_processes': -1}}, ResultCode.INVALID_REQUEST, 'max_processes'),
    ('attach', {'settings': {'measure_period': float('nan')}}, ResultCode.INVALID_REQUEST,
     'measure_period'),
    ('attach', {'settings': {'measure_period': float('inf')}}, ResultCode.INVALID_REQUEST,
     'measure_period'),
    ('attach', {'settings': {'measure_period': 1e-9}}, ResultCode.INVALID_REQUEST,
     'measure_period'),
    ('attach', {'settings': {'output_limit': 10 ** 30}}, ResultCode.INVALID_REQUEST,
     'output_limit'),
    ('attach', {'settings': {'allow_list': ['relative']}}, ResultCode.INVALID_REQUEST,
     'absolute'),
    ('attach', {'settings': {'allow_list': [5]}}, ResultCode.INVALID_REQUEST, 'absolute'),
    ('attach', {'settings': {'environment': {'A': 1}}}, ResultCode.INVALID_REQUEST,
     'environment'),
    ('manage_node', {'argv': []}, ResultCode.INVALID_REQUEST, 'argv'),
    ('manage_node', {'argv': ['python3']}, ResultCode.INVALID_REQUEST, 'absolute'),
    ('wait_node', {'seconds': 0.01}, ResultCode.TIMED_OUT, 'node'),
]


@pytest.fixture(scope='module')
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    lab = Lab(tmp_path_factory.mktemp('refusals'))
    try:
        running = lab.supervisor(*ENTRIES)
        running.start('sleeper', name='busy', uid=9)
        running.start('true', name='ended')
        running.wait_state('ended', State.STOPPED)
        yield running
    finally:
        lab.close()


@pytest.mark.parametrize(('op', 'fields', 'code', 'named'), REFUSALS)
def test_a_refusal(running: Running, op: str, fields: dict[str, Any], code: ResultCode,
                   named: str) -> None:
    before = running.call('list')['processes'], len(journal_entries(running.lab))
    settings = running.call('status')['instance']['settings']
    answer = running.ask(op, **fields)
    assert (answer['ok'], ResultCode(answer['code'])) == (False, code), answer
    assert named in answer['message']
    assert '\n' not in answer['message']
    assert len(answer['message']) < 400
    after = running.call('list')['processes'], len(journal_entries(running.lab))
    assert [one['sequence_number'] for one in after[0]] == [
        one['sequence_number'] for one in before[0]]
    assert after[1] == before[1]
    assert running.call('status')['instance']['settings'] == settings
    assert 'defect' not in running.lab.log()


def test_no_more_processes_than_the_instance_may_have(lab: Lab) -> None:
    running = lab.supervisor(*ENTRIES, max_processes=2)
    running.start('sleeper')
    running.start('sleeper')
    assert running.ask('start', cmd='sleeper')['code'] == ResultCode.LIMIT_REACHED
    running.call('stop', name='sleeper')
    running.start('sleeper')


def test_a_restart_of_one_that_has_ended_counts_like_a_start(lab: Lab) -> None:
    running = lab.supervisor(*ENTRIES, max_processes=1)
    running.start('sleeper', name='ended')
    running.call('stop', name='ended')
    running.start('sleeper', name='other')
    before = running.process('ended')
    assert running.ask('restart', name='ended')['code'] == ResultCode.LIMIT_REACHED
    assert running.process('ended')['sequence_number'] == before['sequence_number']
    running.call('restart', name='other')  # it has its place
    running.call('stop', name='other')
    running.call('restart', name='ended')


#: What becomes of an entry, and the code with which a restart is refused from then on.
CHANGES: list[tuple[list[dict[str, Any]], ResultCode, str]] = [
    ([], ResultCode.NOT_ALLOWED, 'empty'),
    ([{'id': 'sleeepr', 'cmd': ['/bin/sleep', '1000']}], ResultCode.NOT_ALLOWED, 'sleeepr'),
    ([{**ENTRIES[0], 'cmd': ['/bin/sleep', '1001']}], ResultCode.NOT_ALLOWED, 'otherwise'),
    ([{**ENTRIES[0], 'environment_from_caller': []}], ResultCode.NOT_ALLOWED, 'otherwise'),
    ([{**ENTRIES[0], 'environment': {'A': 'b'}}], ResultCode.NOT_ALLOWED, 'otherwise'),
    ([{**ENTRIES[0], 'cwd': '/'}], ResultCode.NOT_ALLOWED, 'otherwise'),
    ([{**ENTRIES[0], 'limits': {'open_files': 64}}], ResultCode.NOT_ALLOWED, 'otherwise'),
    ([{**ENTRIES[0], 'cmd': '/nowhere/gone'}], ResultCode.EXECUTABLE_UNUSABLE, '/nowhere/gone'),
]


@pytest.mark.parametrize(('entries', 'code', 'named'), CHANGES)
def test_what_the_allow_list_no_longer_says_is_not_restarted(
        lab: Lab, entries: list[dict[str, Any]], code: ResultCode, named: str) -> None:
    running = lab.supervisor(*ENTRIES)
    running.start('sleeper', name='ended')
    running.call('stop', name='ended')
    running.start('sleeper', name='alive')
    lab.allow_list(*entries)
    running.ask('reload')
    before = running.call('list')['processes']
    for name in ('ended', 'alive'):
        answer = running.ask('restart', name=name)
        assert (ResultCode(answer['code']), named in answer['message']) == (code, True), answer
    assert [one['sequence_number'] for one in running.call('list')['processes']] == [
        one['sequence_number'] for one in before]
    running.call('attach', settings={'allow_any': True})
    running.call('restart', name='ended')


def test_an_allow_list_that_says_the_same_of_the_command_lets_it_be_restarted(lab: Lab) -> None:
    running = lab.supervisor(*ENTRIES)
    running.start('sleeper')
    lab.allow_list(ENTRIES[4], {**ENTRIES[0], 'description': 'new', 'restart': 'always'})
    running.call('reload')
    running.call('restart', name='sleeper')
    running.kill()
    running = lab.supervisor()
    running.call('restart', name='sleeper')  # waits until the list was read


def test_a_restart_by_policy_asks_nobody(lab: Lab) -> None:
    running = lab.supervisor({**ENTRIES[0], 'restart': {'policy': 'always', 'delay': 0.01}})
    running.start('sleeper')
    lab.allow_list()
    running.ask('reload')
    assert running.ask('restart', name='sleeper')['code'] == ResultCode.NOT_ALLOWED
    running.call('signal', name='sleeper', signal='KILL')
    wait_until(lambda: running.process('sleeper')['restart_count'] == 1)
    running.wait_state('sleeper', State.RUNNING)


@pytest.mark.parametrize('mode', ['hold', 'drain'])
def test_an_instance_that_holds_starts_nothing(lab: Lab, mode: str) -> None:
    running = lab.supervisor(*ENTRIES)
    running.start('sleeper')
    running.call('set_mode', mode=mode)
    assert running.ask('start', cmd='sleeper')['code'] == ResultCode.HELD
    assert running.ask('restart', name='sleeper')['code'] == ResultCode.HELD
    running.call('stop', name='sleeper')
    running.call('set_mode', mode='run')
    running.start('sleeper')


def test_an_instance_that_drains_restarts_nothing(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'],
         'restart': {'policy': 'always', 'delay': 0.01}})
    running.start('sleeper')
    running.call('set_mode', mode='drain')
    running.call('signal', name='sleeper', signal='KILL')
    process = running.wait_state('sleeper', State.FAILED, State.STOPPED)
    assert 'drain' in process['err_msg']
    assert process['restart_count'] == 0


def test_an_instance_that_shuts_down_takes_nothing_new(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', "trap '' INT; echo up; sleep 1000"],
         'ready': {'output': 'up'}, 'stop': {'sigterm_timeout': 1000}}, *ENTRIES)
    running.call('start', cmd='sh', wait_ready=True)
    with running.connect() as other:
        other._socket.sendall(encode({'id': 1, 'op': 'shutdown'}))
        running.wait_state('sh', State.STOPPING)
        for op, fields in (('start', {'cmd': 'true'}), ('restart', {'name': 'sh'}),
                           ('set_mode', {'mode': 'run'}), ('attach', {})):
            assert running.ask(op, **fields)['code'] == ResultCode.SHUTTING_DOWN, op
        running.call('stop', name='sh', sigterm_timeout=0, sigkill_timeout=0)


def test_a_second_node_is_a_conflict(lab: Lab) -> None:
    running = lab.supervisor(*ENTRIES)
    running.call('attach', node_name='/one')
    with running.connect() as other:
        assert other.ask('attach', node_name='/two')['code'] == ResultCode.CONFLICT
        assert other.ask('manage_node', argv=['/bin/true'])['code'] == ResultCode.CONFLICT


def test_a_flood_of_starts_is_refused_cheaply_and_the_message_says_when(lab: Lab) -> None:
    running = lab.supervisor(*ENTRIES, max_start_rate=2.0)
    answers = [running.ask('start', cmd='true') for _ in range(300)]
    codes = [ResultCode(answer['code']) for answer in answers]
    assert codes[:8] == [ResultCode.OK] * 8
    assert codes.count(ResultCode.RATE_LIMITED) > 200
    refused = answers[codes.index(ResultCode.RATE_LIMITED)]
    assert 'try again in' in refused['message']
    # Twice a second there is one that is not refused.
    wait_until(lambda: running.ask('restart', name='true')['code'] == ResultCode.RATE_LIMITED)
    # What was started before is found also now: that starts nothing.
    running.call('list')
    status = running.call('status')['instance']
    assert status['num_procs'] <= 8 + codes[8:].count(ResultCode.OK)


def test_a_repeated_uid_is_answered_also_when_starts_are_limited(lab: Lab) -> None:
    running = lab.supervisor(*ENTRIES, max_start_rate=0.01)
    first = running.start('sleeper', uid=5)
    assert running.ask('start', cmd='true')['code'] == ResultCode.RATE_LIMITED
    for _ in range(20):
        assert running.start('sleeper', uid=5)['process_id'] == first['process_id']


def test_the_limit_of_starts_can_be_set_and_taken_away(lab: Lab) -> None:
    running = lab.supervisor(*ENTRIES, max_start_rate=0.01)
    running.start('true')
    assert running.ask('start', cmd='true')['code'] == ResultCode.RATE_LIMITED
    running.call('attach', settings={'max_start_rate': 0})
    for _ in range(20):
        running.start('true')


def test_who_is_listed_under_another_name_is_not_read(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    process = running.start('sleeper', name='one')
    answer = running.ask('read', process_id=process['process_id'], name='two')
    assert answer['code'] == ResultCode.NOT_FOUND, answer


def test_a_signal_for_several_of_whom_none_runs_is_refused(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    for name in ('one', 'two'):
        running.start('sleeper', name=name)
    running.call('stop', name='one')
    assert [one['process_name'] for one in running.call('signal', name='*', signal='WINCH')[
        'processes']] == ['two']
    running.call('stop', name='two')
    answer = running.ask('signal', name='*', signal='WINCH')
    assert answer['code'] == ResultCode.WRONG_STATE, answer
