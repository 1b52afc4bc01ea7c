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

"""The instance that is soaked, and what must hold of it all the time."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
import os
from pathlib import Path
import random
from typing import Any

from faults.injection import descriptors, resident_bytes, zombies
from harness import alive, Lab, PATIENCE, wait_until

from launch_service_node.errors import ResultCode, Unreachable
from launch_service_node.protocol import Message, SupervisorClient
from launch_service_node.supervisor.kernel.identity import Handle, open_handle
from launch_service_node.supervisor.kernel.tree import has_mark
from launch_service_node.supervisor.states import ENDED, may_follow, State

from . import programs

NAMESPACE = '/robot1'

#: Bytes that the supervisor may grow by from its first rest on.
MEMORY_MARGIN = 12 * 2 ** 20


class Instance:
    """
    One instance with its supervisor and node, and everything that was found wrong.

    :ivar supervisor: the process of the supervisor.
    :ivar brings_back: whether its node brings the supervisor back, or the supervisor the node.
    :ivar uids: the process_id that each uid stands for.
    :ivar history: what was heard of each process_id.
    """

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab = lab
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.latest: deque[str] = deque(maxlen=5)
        self.codes: Counter[str] = Counter()
        self.findings: list[str] = []
        self.uids: dict[int, int] = {}
        self.largest_id = 0
        self.last_number = 0
        self.memory = 0
        self.slowest = 0.0
        self.slowest_node = 0.0
        self.brings_back = False
        self.client: SupervisorClient
        self.watcher: SupervisorClient
        self.supervisor: Handle
        self.history: defaultdict[int, list[str]] = defaultdict(list)
        self._touched: set[int] = set()
        self._states: dict[int, State] = {}
        lab.supervisor(*programs.entries(lab), max_start_rate=0, keep_ended=30,
                       output_limit=programs.OUTPUT_LIMIT, measure_period=0.2)
        self.begin()
        self.bring_up_node()

    def find(self, what: str) -> None:
        """Note something that must not be."""
        self.findings.append(what)
        print(f'FOUND after {sum(self.done.values())} operations, the last of them '
              f'{" ".join(self.latest)}: {what}', flush=True)

    def expect(self, otherwise: str, so: Callable[[], bool],
               details: Callable[[], object] = str) -> None:
        """Wait until something is so, and note it when it never is."""
        try:
            wait_until(so)
        except AssertionError:
            self.find(f'{otherwise}: {details()}')

    # -- its supervisor and its node --------------------------------------------------------

    def begin(self, than: int = 0) -> None:
        """Go on with the supervisor that serves, as soon as one does that is not `than`."""
        def found() -> SupervisorClient | None:
            try:
                client = SupervisorClient(NAMESPACE, str(self.lab.home))
            except Unreachable:
                return None
            if client.hello['pid'] != than and (handle := open_handle(client.hello['pid'])):
                self.supervisor = handle
                return client
            client.close()
            return None
        self.client = wait_until(found)
        self.call('executables')  # the allow-list has been read
        # Its own descriptors, before it has a process and the one who watches.
        self.watcher = SupervisorClient(NAMESPACE, str(self.lab.home))
        snapshot = self.watcher.call('subscribe', PATIENCE)
        if (number := snapshot['sequence_number']) < self.last_number:
            self.find(f'the sequence number went back from {self.last_number} to {number}')
        self.last_number = number
        self._states = {process['process_id']: State(process['process_status'])
                        for process in snapshot['processes']}

    def let_go(self) -> None:
        """Close all that belongs to the supervisor that has ended."""
        self.watcher.close()
        self.client.close()
        self.supervisor.close()

    def bring_up_node(self) -> None:
        """Have a node of either kind, which the supervisor looks after."""
        brings_back = self.random.random() < 0.5
        self.call('manage_node', argv=programs.node_command(self.lab, brings_back),
                  environment=self.lab.environment)
        self.brings_back = brings_back
        self.node_pid()

    def node_pid(self, than: int = 0) -> int:
        """Return the pid of the node as soon as one is attached, and another than before."""
        def attached() -> int:
            node = self.call('status')['instance']['node']
            return int(node['pid']) if node and node['pid'] != than else 0
        return wait_until(attached)

    def mend(self) -> None:
        """See to it that there is a supervisor and a node, after what should not have been."""
        if self.supervisor.fd < 0 or self.supervisor.gone():
            self.find(f'the supervisor has fallen by itself: {self.lab.log()[-2000:]}')
            self.let_go()
            self.lab.supervisor()
            self.begin()
        if self.call('status')['instance']['node'] is None:
            with suppress(AssertionError):  # one is on its way
                self.bring_up_node()

    # -- asking -----------------------------------------------------------------------------

    def ask(self, op: str, **fields: Any) -> Message:
        """Ask, and take note of the code."""
        answer = self.client.ask(op, PATIENCE, **fields)
        code = ResultCode(answer['code'])
        self.codes[code.name] += 1
        if code in (ResultCode.INTERNAL_ERROR, ResultCode.NOT_STOPPED) and (
                'out of descriptors' not in answer['message']):
            self.find(f'{op} {fields}: {answer["message"]}')
        return answer

    def call(self, op: str, **fields: Any) -> Message:
        """Ask for what has to be granted."""
        answer = self.client.ask(op, PATIENCE, **fields)
        assert answer['ok'], f'{op}: {answer["message"]}'
        return answer

    def processes(self, name: str = '') -> dict[int, Message]:
        """Return what is listed, by process_id."""
        found = self.call('list', name=name)['processes']
        return {process['process_id']: process for process in found}

    def touch(self, name: str) -> dict[int, Message]:
        """Return who has a name, and note that they may end from now on, whoever falls."""
        found = self.processes(name)
        self._touched.update(found)
        return found

    def sleepers(self) -> dict[int, Message]:
        """Return those that do nothing but run, and whom nothing was done to."""
        return {number: process for number, process in self.processes().items()
                if self.sleeps(process)}

    def sleeps(self, process: Message) -> bool:
        """Say whether a process does nothing but run, lives, and was not touched."""
        return (process['process_status'] == State.RUNNING
                and process['process_id'] not in self._touched
                and process['executable_id'] == 'sleeper' and alive(process['os_pid']))

    # -- what must hold ---------------------------------------------------------------------

    def started(self, uid: int, answer: Message) -> None:
        """
        Check the process_id of an answer: one for a uid, and never used before.

        What could not be recorded has not run, and its uid may be used again.
        """
        if 'process' not in answer or '/journal: ' in answer['message']:
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

    def check_same(self, before: dict[int, Message], what: str) -> None:
        """Those that lived have to be there still, under the same pid."""
        after = self.processes()
        for number, was in before.items():
            pid = after[number]['os_pid'] if number in after else 0
            if pid != was['os_pid']:
                self.find(f'{was["process_name"]} had pid {was["os_pid"]}, which lived, and '
                          f'has {pid} {what}')

    def hear(self) -> None:
        """Take the events that have come: no gap in their numbers, no state out of order."""
        number = self.call('subscribe')['sequence_number']
        while self.last_number < number:
            event = self.watcher.next_event(PATIENCE)
            if event is None:
                return self.find(f'the event {self.last_number + 1} of {number} never came')
            if event['event'] == 'process':
                self._take(event['process'])

    def _take(self, process: Message) -> None:
        if process['sequence_number'] != self.last_number + 1:
            self.find(f'after event {self.last_number} came {process["sequence_number"]}')
        self.last_number = process['sequence_number']
        state, was = State(process['process_status']), self._states.get(process['process_id'])
        if was is not None and state != was and not may_follow(was, state):
            self.find(f'{process["process_name"]} was {was.name}, and is {state.name}')
        self._states[process['process_id']] = state
        self.history[process['process_id']].append(
            f'{process["sequence_number"]} {state.name} {process["err_msg"]}')

    def check_twins(self) -> None:
        """No process of a kind that never forks may be there twice."""
        found = self.processes()
        owners: Counter[int] = Counter()
        for pid in self.lab.leftovers():
            with suppress(OSError):  # it has ended
                environment = Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
                if 'sleep' in os.readlink(f'/proc/{pid}/exe'):
                    owners.update(self._owners(environment))
        for process_id, count in owners.items():
            process = found.get(process_id)
            if count > 1 and process is not None and process['executable_id'] == 'sleeper':
                self.find(f'process {process_id} runs {count} times')

    def _owners(self, environment: list[bytes]) -> list[int]:
        mark = f'LAUNCH_SERVICE_PROCESS={self.client.hello["instance_id"]}:'.encode()
        return [int(word[len(mark):]) for word in environment if word.startswith(mark)]

    def check_nobody_left(self, others: Callable[[], list[int]] = list) -> None:
        """Expect nobody to run for this instance but these few."""
        self.expect('somebody is left over, or one of supervisor and node is not there',
                    lambda: self.lab.leftovers() == sorted(others()),
                    lambda: f'{self.lab.leftovers()}, expected {others()}')
        self.expect('deserters are left', lambda: not programs.deserters(self.lab),
                    lambda: [self._whose(pid) for pid in programs.deserters(self.lab)])

    def _whose(self, pid: int) -> str:
        """Say whose descendant somebody is, of all processes that there ever were."""
        instance = self.client.hello['instance_id']
        owners = [number for number in range(1, self.largest_id + 1)
                  if has_mark(pid, f'{instance}:{number}')]
        return f'{pid} of process {owners}: {self.history.get(owners[0]) if owners else None}'

    def rest(self) -> None:
        """Stop everything: nothing is left, and nothing has grown."""
        self.check_twins()
        self.ask('stop', name='*', sigterm_timeout=0, sigkill_timeout=0)
        self.hear()
        pid = self.supervisor.pid
        self.check_nobody_left(lambda: [pid, self.node_pid()])
        self.expect('a zombie is left', lambda: not zombies(pid))
        if left := [process['process_name'] for process in self.processes().values()
                    if process['process_status'] not in ENDED]:
            self.find(f'not ended after a stop of all: {left}')
        # The few of a supervisor that is at rest, and the three of us who are connected.
        self.expect('descriptors leak', lambda: len(descriptors(pid)) <= 30)
        if ((folder := self.lab.instance_dir()) / 'journal').stat().st_size > 16 * 2 ** 20:
            self.find('the journal grows')
        outputs = {path.name: path.stat().st_blocks * 512
                   for path in (folder / 'output').iterdir()}
        if large := {name: size for name, size in outputs.items() if size > programs.OUTPUT_LIMIT}:
            self.find(f'outputs are larger than they may be: {large}')
        if len(outputs) > 30 + 20:
            self.find(f'{len(outputs)} outputs are kept')
        if 'defect' in self.lab.log():
            self.find('the log tells of a defect')
        self.memory = self.memory or resident_bytes(pid)
        if (memory := resident_bytes(pid)) - self.memory > MEMORY_MARGIN:
            self.find(f'the supervisor has grown from {self.memory} to {memory} bytes')
            self.memory = memory
