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
The long soak: random requests, signals and falls, with what must hold checked all the time.

    python3 bench/soak.py --minutes 15
    python3 bench/soak.py --operations 10000 --seed 7

The seed is printed and decides which operations are done in which order; what the
scheduler makes of them is not its to decide, so a finding may need some tries. The end
says what was done and what was found; the exit code is 1 when something was.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
import os
from pathlib import Path
import random
import signal
import sys
import tempfile
import time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / 'test'))

from faults.injection import descriptors, node_stand_in, resident_bytes, zombies  # noqa: E402
from harness import alive, Lab, Running, wait_until  # noqa: E402

from launch_service_node.errors import LaunchServiceError, ResultCode  # noqa: E402
from launch_service_node.protocol import SupervisorClient  # noqa: E402
from launch_service_node.supervisor.kernel.identity import open_handle  # noqa: E402
from launch_service_node.supervisor.states import ENDED, State  # noqa: E402

RESTART = {'policy': 'on-failure', 'delay': 0.01, 'max_delay': 0.05, 'limit': '50 in 10 s'}
QUICK = {'sigterm_timeout': 0.05, 'sigkill_timeout': 0.05}

#: Operations between two checks of everything at rest.
ROUND = 150

#: Bytes that the supervisor may grow by from its first rest on.
MEMORY_MARGIN = 12 * 2 ** 20

NAMES = [f'p{number}' for number in range(25)]

DOUBLE_FORK = """
    import os, signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
    time.sleep(1000)
    """


def entries(lab: Lab) -> list[dict[str, Any]]:
    """Return the allow-list: each kind of process that a robot has, the bad ones included."""
    def shell(id: str, script: str, **more: Any) -> dict[str, Any]:
        return {'id': id, 'cmd': ['/bin/sh', '-c', script], 'stop': QUICK, **more}
    return [
        {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'stop': QUICK, 'restart': RESTART},
        shell('stubborn', "trap '' INT TERM; echo up; sleep 1000", ready={'output': '^up$'}),
        shell('crasher', 'sleep 0.05; exit 3', restart=RESTART),
        shell('short', 'echo done'),
        shell('talker', 'while :; do echo 0123456789012345678901234567890123456789; done'),
        {'id': 'forker', 'cmd': lab.script('forker', DOUBLE_FORK), 'stop': QUICK},
        {'id': 'broken', 'cmd': lab.write('broken', 'no program', 0o755)},
    ]


class Soak:
    """One soak over one instance."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab = lab
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.findings: list[str] = []
        self.uids: dict[int, int] = {}
        self.largest_id = 0
        self.last_number = 0
        self.memory = 0
        self.slowest = 0.0
        self.slowest_node = 0.0
        self.running: Running
        self.watcher: SupervisorClient
        self.begin(lab.supervisor(*entries(lab), max_start_rate=0, keep_ended=30,
                                  output_limit=2 ** 20, measure_period=0.2))
        self.bring_up_node()

    def begin(self, running: Running) -> None:
        """Go on with another supervisor."""
        self.running = running
        running.ask('executables')  # the allow-list has been read
        # Its own descriptors, before it has a process and the one who watches.
        self.watcher = running.connect()
        number = self.watcher.ask('subscribe', 30)['sequence_number']
        if number < self.last_number:
            self.find(f'the sequence number went back from {self.last_number} to {number}')
        self.last_number = number

    def bring_up_node(self) -> None:
        """Have a node, which the supervisor looks after."""
        self.running.call('manage_node', argv=node_stand_in(self.lab))
        self.node_pid()

    def node_pid(self, than: int = 0) -> int:
        """Return the pid of the node as soon as one is attached, and another than before."""
        def attached() -> int:
            node = self.running.call('status')['instance']['node']
            return int(node['pid']) if node and node['pid'] != than else 0
        return wait_until(attached)

    def find(self, what: str) -> None:
        """Note something that must not be."""
        self.findings.append(what)
        print(f'FOUND after {sum(self.done.values())} operations: {what}', flush=True)

    # -- operations ---------------------------------------------------------------------

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask, and take note of the code."""
        answer = self.running.ask(op, **fields)
        code = ResultCode(answer['code'])
        self.codes[code.name] += 1
        if code in (ResultCode.INTERNAL_ERROR, ResultCode.NOT_STOPPED):
            self.find(f'{op} {fields}: {answer["message"]}')
        return answer

    def start(self) -> None:
        """Start something, one time in four with a uid that was used before."""
        cmd = self.random.choice(['sleeper', 'sleeper', 'stubborn', 'crasher', 'short', 'talker',
                                  'forker', 'broken'])
        name = self.random.choice(NAMES)
        uid = self.random.getrandbits(62) + 1
        fields = {'cmd': cmd, 'name': name, 'uid': uid,
                  'wait_ready': self.random.random() < 0.3}
        self.started(uid, self.ask('start', **fields))
        if self.random.random() < 0.25:
            self.started(uid, self.ask('start', **fields))

    def started(self, uid: int, answer: dict[str, Any]) -> None:
        """Check the process_id of an answer: one for a uid, and never used before."""
        if 'process' not in answer:
            return
        process_id = answer['process']['process_id']
        if uid in self.uids:
            if self.uids[uid] != process_id:
                self.find(f'uid {uid} is process {process_id}, and was {self.uids[uid]}')
            return
        if process_id <= self.largest_id:
            self.find(f'process_id {process_id} was given away again')
        self.uids[uid] = process_id
        self.largest_id = max(self.largest_id, process_id)

    def again(self) -> None:
        """Ask for an old uid with another request: that is refused, whatever became of it."""
        if self.uids:
            uid = self.random.choice(list(self.uids)[-500:])
            if self.ask('start', cmd='short', uid=uid, launch_id='another')['code'] not in (
                    ResultCode.UID_CONFLICT, ResultCode.HELD):
                self.find(f'uid {uid} was forgotten')

    def stop(self) -> None:
        """Stop one, sometimes several."""
        self.ask('stop', name=f'p{self.random.randrange(3)}*' if self.random.random() < 0.1
                 else self.random.choice(NAMES))

    def restart(self) -> None:
        """Restart one."""
        self.ask('restart', name=self.random.choice(NAMES))

    def signal(self) -> None:
        """Signal one through the supervisor."""
        self.ask('signal', name=self.random.choice(NAMES),
                 signal=self.random.choice(['STOP', 'CONT', 'HUP', 'TERM', 'KILL', 'USR1']))

    def strike(self) -> None:
        """Signal one behind its supervisor's back."""
        number = self.random.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
        for process in self.running.call('list', name=self.random.choice(NAMES))['processes']:
            handle = open_handle(process['os_pid'])
            if handle is not None:
                handle.send(number)
                handle.close()

    def look(self) -> None:
        """Read, list, ask for the status."""
        self.ask('read', name=self.random.choice(NAMES), lines=5,
                 offset=self.random.choice([-1, 0, 10 ** 6]))
        self.ask('list', name='*')
        self.ask('status')

    def leave(self) -> None:
        """Ask, and be gone before the answer."""
        with self.running.connect() as client:
            client._socket.sendall(b'{"id": 1, "op": "stop", "name": "%s"}\n'
                                   % self.random.choice(NAMES).encode())
            client._socket.sendall(b'{"id": 2, "op": "nonsense')

    def reload(self) -> None:
        """Have the allow-list read again, and the mode changed to and fro."""
        self.ask('set_mode', mode='hold')
        self.ask('reload')
        self.ask('set_mode', mode='run')

    def fall(self) -> None:
        """End the supervisor without a warning; who runs, runs on."""
        self.hear()
        before = {process['process_id']: process for process in
                  self.running.call('list')['processes']}
        self.running.kill()
        self.watcher.close()
        time.sleep(0.05)  # whoever was struck before has ended by now
        lives = {process['os_pid'] for process in before.values()
                 if process['os_pid'] and alive(process['os_pid'])}
        began = time.monotonic()
        self.begin(self.lab.supervisor())
        self.slowest = max(self.slowest, time.monotonic() - began)
        for process in self.running.call('list')['processes']:
            was = before.get(process['process_id'])
            if was is None:
                self.find(f'process {process["process_id"]} came out of nowhere')
            elif (was['process_status'] == State.RUNNING and was['executable_id'] == 'sleeper'
                    and was['os_pid'] in lives and process['os_pid'] != was['os_pid']):
                self.find(f'{was["process_name"]} has pid {process["os_pid"]}, and had '
                          f'{was["os_pid"]}, which lived')

    def node_fall(self) -> None:
        """End the node without a warning; it comes back, and nobody else notices."""
        time.sleep(0.1)  # whoever was struck, or asked to stop by one who left, has ended by now
        before = {one['process_id']: one for one in self.running.call('list')['processes']
                  if one['process_status'] == State.RUNNING
                  and one['executable_id'] == 'sleeper' and alive(one['os_pid'])}
        node = self.node_pid()
        began = time.monotonic()
        os.kill(node, signal.SIGKILL)
        self.node_pid(node)
        self.slowest_node = max(self.slowest_node, time.monotonic() - began)
        for one in self.running.call('list')['processes']:
            if one['os_pid'] != before.get(one['process_id'], one)['os_pid']:
                self.find(f'{one} did not live through the fall of the node')

    def end(self) -> None:
        """End the supervisor as a host that goes down does; everybody goes with it."""
        self.running.popen.send_signal(signal.SIGTERM)
        if self.running.popen.wait(60) != 0:
            self.find(f'it ended with {self.running.popen.returncode}')
        self.watcher.close()
        self.running.client.close()
        if self.lab.leftovers():
            self.find(f'left over after its end: {self.lab.leftovers()}')
        self.begin(self.lab.supervisor())
        self.bring_up_node()

    def hear(self) -> None:
        """Take the events that have come: their numbers have no gap."""
        number = self.running.call('subscribe')['sequence_number']
        while self.last_number < number:
            event = self.watcher.next_event(30)
            if event is None:
                return self.find(f'the event {self.last_number + 1} of {number} never came')
            if event['event'] == 'process':
                if event['process']['sequence_number'] != self.last_number + 1:
                    self.find(f'after event {self.last_number} came '
                              f'{event["process"]["sequence_number"]}')
                self.last_number = event['process']['sequence_number']

    def check_twins(self) -> None:
        """No process of a kind that never forks may be there twice."""
        found = {process['process_id']: process
                 for process in self.running.call('list')['processes']}
        instance = self.running.client.hello['instance_id']
        owners: Counter[int] = Counter()
        for pid in self.lab.leftovers():
            try:
                environment = Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
                program = os.readlink(f'/proc/{pid}/exe')
            except OSError:
                continue
            for word in environment:
                if word.startswith(b'LAUNCH_SERVICE_PROCESS=') and 'sleep' in program:
                    mark = word.split(b'=', 1)[1].decode()
                    if mark.startswith(f'{instance}:'):
                        owners[int(mark.rsplit(':', 1)[1])] += 1
        for process_id, count in owners.items():
            process = found.get(process_id)
            if count > 1 and process is not None and process['executable_id'] == 'sleeper':
                self.find(f'process {process_id} runs {count} times')

    def rest(self) -> None:
        """Stop everything: nothing is left, and nothing has grown."""
        self.check_twins()
        self.running.ask('stop', name='*', sigterm_timeout=0, sigkill_timeout=0)
        self.hear()
        pid = self.running.popen.pid
        self.expect('somebody is left over, or the node is not there',
                    lambda: self.lab.leftovers() == sorted([pid, self.node_pid()]))
        self.expect('a zombie is left', lambda: not zombies(pid))
        if left := [process['process_name'] for process in self.running.call('list')['processes']
                    if process['process_status'] not in ENDED]:
            self.find(f'not ended after a stop of all: {left}')
        # The few of a supervisor that is at rest, and the three of us who are connected.
        self.expect('descriptors leak', lambda: len(descriptors(pid)) <= 30)
        if ((folder := self.lab.instance_dir()) / 'journal').stat().st_size > 16 * 2 ** 20:
            self.find('the journal grows')
        if sum(path.stat().st_blocks * 512 for path in (folder / 'output').iterdir()) > 2 ** 27:
            self.find('the outputs grow')
        if 'defect' in self.lab.log():
            self.find('the log tells of a defect')
        self.memory = self.memory or resident_bytes(pid)
        if (memory := resident_bytes(pid)) - self.memory > MEMORY_MARGIN:
            self.find(f'the supervisor has grown from {self.memory} to {memory} bytes')
            self.memory = memory

    def expect(self, otherwise: str, so: Callable[[], bool]) -> None:
        """Wait until something is so, and note it when it never is."""
        try:
            wait_until(so)
        except AssertionError:
            self.find(otherwise)

    def go(self, until: Callable[[int], bool]) -> None:
        """Do operations until it is time to end."""
        kinds = {self.start: 40, self.stop: 20, self.restart: 8, self.signal: 8, self.strike: 8,
                 self.look: 6, self.again: 4, self.leave: 3, self.reload: 1, self.fall: 2,
                 self.node_fall: 1, self.end: 0.3}
        number = 0
        while not until(number):
            number += 1
            kind = self.random.choices(list(kinds), list(kinds.values()))[0]
            self.done[kind.__name__] += 1
            try:
                kind()
                if number % ROUND == 0:
                    self.rest()
            except (AssertionError, LaunchServiceError, OSError) as error:
                self.find(f'{kind.__name__}: {type(error).__name__}: {error}')
                if self.running.popen.poll() is not None:
                    self.find(f'the supervisor has fallen by itself: {self.lab.log()[-2000:]}')
                    self.begin(self.lab.supervisor())
                    with suppress(LaunchServiceError):  # there may be one, or one on its way
                        self.running.call('manage_node', argv=node_stand_in(self.lab))
        self.rest()


def main() -> int:
    """Run a soak, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--minutes', type=float, default=15.0)
    parser.add_argument('--operations', type=int, help='instead of a time')
    parser.add_argument('--seed', type=int, default=random.SystemRandom().getrandbits(32))
    options = parser.parse_args()
    print(f'seed {options.seed}', flush=True)
    began = time.monotonic()

    def until(number: int) -> bool:
        if options.operations is not None:
            return number >= options.operations
        return time.monotonic() - began > 60.0 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        try:
            soak = Soak(lab, options.seed)
            soak.go(until)
            soak.running.shut_down()
        finally:
            left = lab.close()
    if left:
        soak.find(f'left over at the end: {left}')
    print(f'{sum(soak.done.values())} operations in {time.monotonic() - began:.0f} s: '
          f'{dict(soak.done)}; {soak.largest_id} processes; {soak.last_number} events; '
          f'answers {dict(soak.codes)}; back after a fall in {soak.slowest:.2f} s at most, '
          f'a node in {soak.slowest_node:.2f} s')
    print(f'{len(soak.findings)} findings with seed {options.seed}')
    return 1 if soak.findings else 0


if __name__ == '__main__':
    sys.exit(main())
