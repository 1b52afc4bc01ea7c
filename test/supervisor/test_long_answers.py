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

"""Answers of any length arrive; what makes them long without need is told in short."""

from __future__ import annotations

import json
import socket
import threading

from faults.injection import patched
from harness import Lab
import pytest

from launch_service_node.errors import ResultCode, Unreachable
from launch_service_node.protocol import at_socket, MAX_LINE, SupervisorClient
from launch_service_node.supervisor.records.record import SHOWN_COMMAND, shown_command
from launch_service_node.supervisor.server import MAX_QUEUE

WORDY = {'id': 'wordy', 'cmd': ['/bin/true'],
         'arguments': [{'name': 'word', 'pattern': 'é+', 'repeated': True}]}


@pytest.mark.parametrize(('argv', 'shown'), [
    (['/bin/true'], ['/bin/true']),
    (['x' * SHOWN_COMMAND], ['x' * SHOWN_COMMAND]),
    (['x' * SHOWN_COMMAND, 'y'], ['x' * SHOWN_COMMAND, '…']),
    (['x' * (SHOWN_COMMAND + 1)], ['x' * SHOWN_COMMAND + '…']),
    (['a', 'b' * 2000, 'c'], ['a', 'b' * (SHOWN_COMMAND - 1) + '…'])])
def test_a_command_is_told_up_to_its_limit(argv: list[str], shown: list[str]) -> None:
    assert shown_command(argv) == shown


def test_a_long_command_makes_no_long_list(lab: Lab) -> None:
    running = lab.supervisor(WORDY)
    process = running.start('wordy', args=['é' * 4000] * 4)
    assert process['command'] == ['/bin/true', 'é' * (SHOWN_COMMAND - 9) + '…']
    assert len(json.dumps(running.call('list'))) < 10 * SHOWN_COMMAND


@pytest.mark.parametrize('count', [60, 100])
def test_an_answer_may_be_longer_than_a_request_and_than_a_queue(lab: Lab, count: int) -> None:
    running = lab.supervisor(WORDY, max_start_rate=0, keep_ended=count, wrap=patched("""
        replace('supervisor.records.record:SHOWN_COMMAND', lambda _: 1000000)
        """))
    for index in range(count):
        running.start('wordy', name=f'n{index}', args=['é' * 4000] * 4)
    answer = running.call('list')
    assert len(answer['processes']) == count
    assert len(json.dumps(answer)) > (MAX_LINE if count == 60 else MAX_QUEUE)
    with running.connect() as node:
        answer = node.ask('attach', node_name='/test')
        assert answer['ok'] and len(answer['processes']) == count
        # Events that follow it have their place behind it.
        running.start('wordy', name='later', args=['é' * 4000] * 4)
        assert node.ask('status')['ok']
    assert 'does not read' not in lab.log()


@pytest.mark.parametrize('said', [b'no JSON\n', b'[]\n', b'\xff\n'])
def test_who_does_not_speak_the_protocol_is_unreachable(lab: Lab, said: bytes) -> None:
    folder = lab.instance_dir()
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        at_socket(str(folder / 'supervisor.sock'), listener.bind)
        listener.listen(1)

        def speak() -> None:
            conn, _ = listener.accept()
            with conn:
                conn.sendall(said)
        speaker = threading.Thread(target=speak)
        speaker.start()
        with pytest.raises(Unreachable, match='does not keep to the protocol') as caught:
            SupervisorClient('/robot1', str(lab.home))
        speaker.join()
    assert caught.value.code == ResultCode.SUPERVISOR_UNAVAILABLE
