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

"""What befalls the soaked instance."""

from __future__ import annotations

from collections.abc import Callable
import os
import resource
import signal
import time

from faults.injection import descriptors, fill
from harness import freeze, wait_until

from launch_service_node.supervisor.kernel.identity import open_handle

from . import clients
from .instance import Instance

Operation = Callable[[Instance], None]

#: What is asked for while something is short.
_MEANWHILE: list[Operation] = [clients.start, clients.start, clients.stop, clients.strike,
                               clients.restart, clients.look, clients.reload]


def fall(instance: Instance, recorded: bool = True) -> None:
    """
    End the supervisor without a warning; who runs, runs on, and the next one knows them.

    :param recorded: whether all that has happened could be written down.
    """
    instance.hear()
    listed = instance.processes()
    fallen = instance.supervisor.pid
    instance.supervisor.send(signal.SIGKILL)
    wait_until(instance.supervisor.gone)
    instance.let_go()
    if not recorded:
        instance.last_number = 0
    before = {number: process for number, process in listed.items()
              if instance.sleeps(process)}
    began = time.monotonic()
    if not instance.brings_back:
        instance.lab.supervisor()
    instance.begin(fallen)
    instance.slowest = max(instance.slowest, time.monotonic() - began)
    if recorded and (strangers := instance.processes().keys() - listed.keys()):
        instance.find(f'processes {strangers} came out of nowhere')
    instance.check_same(before, 'after a fall of the supervisor')


def node_fall(instance: Instance) -> None:
    """End the node without a warning; it comes back, and nobody else notices."""
    before = instance.sleepers()
    node = instance.node_pid()
    began = time.monotonic()
    os.kill(node, signal.SIGKILL)
    instance.node_pid(node)
    instance.slowest_node = max(instance.slowest_node, time.monotonic() - began)
    instance.check_same(before, 'after a fall of the node')


def end(instance: Instance) -> None:
    """End the supervisor as a host that goes down does; everybody goes with it."""
    instance.supervisor.send(signal.SIGTERM)
    wait_until(instance.supervisor.gone)
    instance.let_go()
    instance.check_nobody_left()
    instance.lab.supervisor()
    instance.begin()
    instance.bring_up_node()


def keep(instance: Instance) -> None:
    """End the node as an update does, and bring up another; whoever runs is kept."""
    instance.hear()
    before = instance.sleepers()
    instance.call('shutdown', keep_processes=True)
    wait_until(lambda: instance.call('status')['instance']['node'] is None)
    instance.bring_up_node()
    instance.check_same(before, 'after a shutdown that kept it')


def pause(instance: Instance) -> None:
    """Stop the supervisor for a while in which others end; it notices each of them."""
    struck = [process for process in instance.sleepers().values()
              if instance.random.random() < 0.3]
    for process in struck:
        instance.touch(process['process_name'])
    handles = [open_handle(process['os_pid']) for process in struck]
    freeze(instance.supervisor.pid)
    for handle in filter(None, handles):
        handle.send(signal.SIGKILL)
        handle.close()
    instance.supervisor.send(signal.SIGCONT)


def short_of_descriptors(instance: Instance) -> None:
    """Leave the supervisor hardly any descriptor for some clients."""
    pid = instance.supervisor.pid
    was = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    few = len(descriptors(pid)) + instance.random.randrange(8)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, was[1]))
    try:
        for _ in range(10):
            instance.random.choice(_MEANWHILE)(instance)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, was)


def full_disk(instance: Instance) -> None:
    """
    Leave the supervisor no byte to write for some requests, and sometimes for a fall.

    It ends when all has been written down: what starts then is recorded behind that.
    """
    filler = instance.lab.home / 'filler'
    try:
        fill(filler)
        for _ in range(10):
            instance.random.choice(_MEANWHILE)(instance)
        if instance.random.random() < 0.3:
            fall(instance, recorded=False)
            instance.call('set_mode', mode='run')  # that it was told so may not be written
    finally:
        filler.unlink()
    wait_until(lambda: instance.ask('start', cmd='short')['ok'])
