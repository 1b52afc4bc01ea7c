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

"""What clients of the soaked instance do."""

from __future__ import annotations

import signal

from harness import wait_until

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import SupervisorClient
from launch_service_node.supervisor.kernel.identity import open_handle
from launch_service_node.supervisor.states import ENDED, State

from .instance import Instance, NAMESPACE
from .programs import WEIGHTS

NAMES = [f'p{number}' for number in range(25)]


def start(instance: Instance) -> None:
    """Start something, one time in four with the same request again."""
    chance = instance.random
    cmd = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    uid = chance.getrandbits(62) + 1
    fields = {'cmd': cmd, 'name': chance.choice(NAMES), 'uid': uid,
              'wait_ready': chance.random() < 0.3}
    instance.started(uid, instance.ask('start', **fields))
    if chance.random() < 0.25:
        instance.started(uid, instance.ask('start', **fields))


def notify(instance: Instance) -> None:
    """Start one that has a lot to tell its supervisor, which has to listen to all of it."""
    process = instance.ask('start', cmd='notifier', wait_ready=True).get('process')

    def ended() -> dict[str, object] | None:
        found = instance.processes().get(process['process_id'])
        return found if found is not None and found['process_status'] in ENDED else None
    if process is not None:
        last = wait_until(ended)
        if last['process_status'] == State.STOPPED and last['exit_code'] != 0:
            instance.find(f'a notifier was not heard: {last}')


def again(instance: Instance) -> None:
    """Ask for an old uid with another request: that is refused, whatever became of it."""
    if instance.uids:
        uid = instance.random.choice(list(instance.uids)[-500:])
        answer = instance.ask('start', cmd='short', uid=uid, launch_id='another')
        if answer['code'] not in (ResultCode.UID_CONFLICT, ResultCode.HELD):
            number = instance.uids[uid]
            instance.find(f'the uid of process {number} was forgotten: {answer}; '
                          f'{instance.history[number]}')


def stop(instance: Instance) -> None:
    """Stop one, sometimes several."""
    chance = instance.random
    instance.ask('stop', name=f'p{chance.randrange(3)}*' if chance.random() < 0.1
                 else chance.choice(NAMES))


def restart(instance: Instance) -> None:
    """Restart one."""
    instance.ask('restart', name=instance.random.choice(NAMES))


def send(instance: Instance) -> None:
    """Signal one through the supervisor."""
    name = instance.random.choice(NAMES)
    instance.touch(name)
    instance.ask('signal', name=name,
                 signal=instance.random.choice(['STOP', 'CONT', 'HUP', 'TERM', 'KILL', 'USR1']))


def strike(instance: Instance) -> None:
    """Signal one behind its supervisor's back."""
    number = instance.random.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
    for process in instance.touch(instance.random.choice(NAMES)).values():
        handle = open_handle(process['os_pid'])
        if handle is not None:
            handle.send(number)
            handle.close()


def look(instance: Instance) -> None:
    """Read, list, ask for the status."""
    instance.ask('read', name=instance.random.choice(NAMES), lines=5,
                 offset=instance.random.choice([-1, 0, 10 ** 6]))
    instance.ask('list', name='*')
    instance.ask('status')


def leave(instance: Instance) -> None:
    """Ask, and be gone before the answer."""
    name = instance.random.choice(NAMES)
    instance.touch(name)
    with SupervisorClient(NAMESPACE, str(instance.lab.home)) as client:
        client._socket.sendall(b'{"id": 1, "op": "stop", "name": "%s"}\n' % name.encode())
        client._socket.sendall(b'{"id": 2, "op": "nonsense')


def reload(instance: Instance) -> None:
    """Have the allow-list read again, and the mode changed to and fro."""
    instance.ask('set_mode', mode='hold')
    instance.ask('reload')
    instance.ask('set_mode', mode='run')
