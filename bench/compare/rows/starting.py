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

"""Start and stop of one process, through the ROS service, while others run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, ExitStack
from functools import partial
import subprocess
import sys

from launch_service_node.client import LaunchServiceClient, RosSession
from launch_service_node.client.caller import service_type, ServiceCaller
from launch_service_node.client.names import Service

from ..bench import Bench, timed
from ..figures import Line, Series
from ..ours import client, instance, PATIENCE
from ..peer import Peer

#: How many processes run meanwhile.
PRESENT = (1, 100)

#: What is to be known of its time.
ANSWERS_EARLY = 'supervisord answers before the program runs'

#: First rounds whose figures are thrown away.
WARM_UP = 2

EMPTY_SERVICE = """
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger
rclpy.init()
node = rclpy.create_node('bench_floor')
node.create_service(Trigger, '~/nothing', lambda request, response: response)
executor = SingleThreadedExecutor()
executor.add_node(node)
executor.spin()
"""

PEERS = ('supervisord', 'circusd')


class Ours:
    """Our side, as the peers' programs have it."""

    def __init__(self, found: LaunchServiceClient) -> None:
        self._client = found

    def time(self, do: str, number: int) -> float:
        """Return the seconds that a start or a stop takes."""
        if do == 'start':
            return timed(lambda: self._client.start('sleeper', name=f'one{number}'))
        return timed(lambda: self._client.stop(f'one{number}'))


@contextmanager
def empty_service(bench: Bench) -> Iterator[Callable[[], object]]:
    """Give what calls a service that does nothing, in another process, as our client calls."""
    popen = subprocess.Popen([sys.executable, '-c', EMPTY_SERVICE], env=bench.environment,
                             start_new_session=True)
    try:
        with RosSession() as session:
            caller = ServiceCaller(session.node, '/bench_floor')
            service = Service('nothing', 'std_srvs', 'Trigger')
            request = service_type(service).Request()

            def call() -> object:
                return caller.call(service, request, find_within=PATIENCE, answer_within=PATIENCE)
            call()
            yield call
            caller.close()
    finally:
        popen.kill()
        popen.wait()


def measured(bench: Bench, present: int) -> dict[tuple[str, str], list[float]]:
    """Return, for ours and each peer, how many seconds starts and stops took."""
    with ExitStack() as stack:
        stack.enter_context(instance(bench, present))
        floor = stack.enter_context(empty_service(bench))
        sides: dict[str, Ours | Peer] = {'ours': Ours(stack.enter_context(client()))}
        for name in PEERS:
            sides[name] = stack.enter_context(bench.filled(name, present))
        found: dict[tuple[str, str], list[float]] = {}
        for at in range(-WARM_UP, bench.times(60)):
            trip = timed(floor)
            if at >= 0:
                found.setdefault(('floor', 'trip'), []).append(trip)
            for name, side in sides.items():
                for what in ('start', 'stop'):
                    took = side.time(what, number=present)
                    if at >= 0:
                        found.setdefault((name, what), []).append(took)
                    if isinstance(side, Peer) and what == 'start':
                        runs = side.ask('settle', number=present)[1]
                        if at >= 0 and runs is not None:
                            found.setdefault((name, 'runs'), []).append(runs)
    return found


def lines(bench: Bench, what: str, limits: dict[str, float]) -> Iterator[Line]:
    """Measure, and give the lines of starts or stops."""
    for present in PRESENT:
        found = bench.once(f'starting {present}', partial(measured, bench, present))
        ours = Series.milliseconds('ours', found['ours', what])
        for peer in PEERS:
            yield Line(what, f'{what}, {present} present', ours,
                       Series.milliseconds(peer, found[peer, what]), limits[peer],
                       note=ANSWERS_EARLY if (peer, what) == ('supervisord', 'start') else '')
        if what == 'start':
            yield Line(what, f'start until it runs, {present} present', ours,
                       Series.milliseconds('supervisord', found['supervisord', 'runs']),
                       limits['supervisord'])
        yield Line(what, f'{what}, {present} present', ours, Series.milliseconds(
            'an empty ROS service', found['floor', 'trip']),
            note='what lies below every service of ROS')


def start(bench: Bench) -> Iterator[Line]:
    """Start a process: from the call of the service to its answer, exec included."""
    return lines(bench, 'start', {'supervisord': 0.5, 'circusd': 0.25})


def stop(bench: Bench) -> Iterator[Line]:
    """Stop a process that obeys: from the call to the answer that its tree is gone."""
    return lines(bench, 'stop', {'supervisord': 0.6, 'circusd': 0.1})
