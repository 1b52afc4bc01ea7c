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

"""Load and memory of a whole tree, against what psutil says of it."""

from __future__ import annotations

from collections.abc import Iterator
import os
import subprocess
import sys
import time

from harness import HEADLESS, Lab, PATIENCE, wait_until
import psutil
import pytest

from launch_service_node.supervisor.kernel.sampling import HostSampler, TREE_PERIOD, TreeSampler

MiB = 2 ** 20

#: Takes so much memory and so great a share of a core, with a child that does the same.
BUSY = """
    import os, sys, time
    if os.fork() == 0 and len(sys.argv) > 1 and os.fork():
        os._exit(0)
    ballast = b'x' * (64 << 20)
    while True:
        end = time.process_time() + 0.03
        while time.process_time() < end:
            pass
        time.sleep(0.07)
    """


@pytest.fixture
def busy(lab: Lab) -> Iterator[psutil.Process]:
    with subprocess.Popen([lab.script('busy', BUSY)]) as popen:
        process = psutil.Process(popen.pid)
        wait_until(process.children)
        yield process
        for one in (*process.children(), process):
            one.kill()
        popen.wait(PATIENCE)


def ticks(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def test_one_whose_main_thread_alone_has_ended_is_still_measured(lab: Lab) -> None:
    path = str(lab.folder / 'pids')
    with subprocess.Popen([lab.script('headless', HEADLESS), path]) as popen:
        process = psutil.Process(popen.pid)
        try:
            wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE)
            found = TreeSampler(popen.pid, lambda: []).measure(time.monotonic(), 1)
        finally:
            popen.kill()
    assert found is not None
    assert found.num_procs == 1


def test_load_and_memory_are_those_of_the_tree(busy: psutil.Process) -> None:
    tree = [busy, *busy.children()]
    wait_until(lambda: all(one.memory_info().rss > 64 * MiB for one in tree))
    sampler = TreeSampler(busy.pid, lambda: [])
    before = ticks(tree)
    began = time.monotonic()
    first = sampler.measure(began, 1)
    used = ticks(tree)
    assert first is not None
    assert (first.load, first.num_procs, first.stopped) == (0.0, 2, False)
    time.sleep(1.0)
    least, ended = ticks(tree) - used, time.monotonic()
    found = sampler.measure(ended, 2)
    most = ticks(tree) - before
    assert found is not None
    # The host may have been busy with others between two looks.
    assert least - 0.05 <= found.load / 100.0 * (ended - began) <= most + 0.05
    assert found.load > 10.0
    assert found.resident == pytest.approx(sum(one.memory_info().rss for one in tree), rel=0.05)
    sampler.close()


def test_a_member_that_comes_later_is_found_and_one_that_went_is_forgotten(
        busy: psutil.Process) -> None:
    sampler = TreeSampler(busy.pid, lambda: [])
    now = 1000.0
    found = sampler.measure(now, 1)
    assert found is not None and found.num_procs == 2
    busy.children()[0].kill()
    wait_until(lambda: busy.children()[0].status() == psutil.STATUS_ZOMBIE)
    found = sampler.measure(now + 1, 1)
    assert found is not None and found.num_procs == 1
    assert len(sampler._files) == 1
    # Without a fork on the whole machine there is nobody new, and nobody is looked for.
    sampler.measure(now + 2 * TREE_PERIOD, 1)
    assert len(sampler.members) == 1
    sampler.measure(now + 2 * TREE_PERIOD + 1, 2)
    sampler.close()
    assert sampler._files == {}


def test_one_that_is_gone_is_not_measured() -> None:
    with subprocess.Popen([sys.executable, '-c', '']) as popen:
        popen.wait(PATIENCE)
        assert TreeSampler(popen.pid, lambda: []).measure(1.0, 1) is None


def test_the_host_is_measured_as_psutil_does() -> None:
    host = HostSampler()
    time.sleep(0.3)
    host.measure()
    memory = psutil.virtual_memory()
    assert host.total_memory == memory.total
    assert host.memory == pytest.approx(memory.percent, abs=5.0)
    assert 0.0 <= host.load <= 100.0
    forks = host.forks
    subprocess.run(['/bin/true'], check=True, timeout=PATIENCE)
    host.measure()
    assert host.forks > forks


@pytest.mark.parametrize('how', ['a child', 'an orphan'])
def test_what_the_list_says_is_the_whole_tree(lab: Lab, how: str) -> None:
    """Also a descendant whose own parent has ended, and which left its session."""
    running = lab.supervisor({'id': 'busy', 'cmd': [
        lab.script('busy', BUSY), *(['orphan'] if how == 'an orphan' else [])]},
        measure_period=0.05)
    pid = running.start('busy')['os_pid']

    def both() -> bool:
        process = running.process('busy')
        return process['num_tree_procs'] == 2 and process['resident_bytes'] > 128 * MiB
    wait_until(both)
    wait_until(lambda: running.process('busy')['processor_load'] > 10.0)
    process = running.process('busy')
    total = psutil.virtual_memory().total
    assert process['mem_usage'] == pytest.approx(100.0 * process['resident_bytes'] / total)
    parents = {psutil.Process(one).ppid() for one in lab.leftovers()
               if one not in (pid, running.popen.pid)}
    assert parents == {pid if how == 'a child' else running.popen.pid}
    running.shut_down()


def test_a_supervisor_measures_nothing_when_told_so(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}, measure_period=0)
    running.start('sleeper')
    running.call('subscribe')
    assert running.client.next_event(0.3) is None
    assert running.process('sleeper')['resident_bytes'] == 0
    assert 0.0 < running.call('list')['mem_usage'] <= 100.0
    assert os.path.exists(f'/proc/{running.process("sleeper")["os_pid"]}')
