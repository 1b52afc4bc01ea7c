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

"""Stop means that the tree is gone: every way that a process has to stay."""

from __future__ import annotations

import os
from pathlib import Path
import select
import signal

from faults.debugger import debugged, SOON_KEPT
from faults.injection import patched
from harness import alive, HEADLESS, Lab, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import encode
from launch_service_node.supervisor.kernel.identity import open_handle, read_stat
from launch_service_node.supervisor.states import State

QUICK = {'sigterm_timeout': 0.2, 'sigkill_timeout': 0.2}

#: Each writes the pids of its whole tree into the file that is its first argument.
TREES = {
    'ignores SIGINT and SIGTERM': """
        import os, signal, sys, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(sys.argv[1], 'w').write(f'{os.getpid()}\\n.')
        time.sleep(1000)
        """,
    'a grandchild in a session of its own that ignores everything': """
        import os, signal, sys, time
        child = os.fork()
        if child == 0:
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            open(sys.argv[1], 'w').write(f'{os.getppid()}\\n{os.getpid()}\\n.')
            time.sleep(1000)
        os.wait()
        """,
    'a double fork whose leader stays': """
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open(sys.argv[1], 'a').write(f'{os.getpid()}\\n.')
                time.sleep(1000)
            os._exit(0)
        os.wait()
        time.sleep(1000)
        """,
    'a double fork with an empty environment': """
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execve('/bin/sh', ['sh', '-c', f'echo $$ >{sys.argv[1]};'
                                      f' echo . >>{sys.argv[1]}; exec /bin/sleep 1000'], {})
            os._exit(0)
        os.wait()
        time.sleep(1000)
        """,
    'a stopped process': """
        import os, signal, sys
        open(sys.argv[1], 'w').write(f'{os.getpid()}\\n.')
        os.kill(os.getpid(), signal.SIGSTOP)
        """,
    'a fork at every signal': """
        import os, signal, sys, time
        def spawn(number, frame):
            if os.fork() == 0:
                os.setsid()
                open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')
                time.sleep(1000)
        signal.signal(signal.SIGINT, spawn)
        signal.signal(signal.SIGTERM, spawn)
        open(sys.argv[1], 'w').write(f'{os.getpid()}\\n.\\n')
        while True:
            time.sleep(1000)
        """,
}


def start_tree(lab: Lab, body: str) -> tuple[Running, str]:
    pids = str(lab.folder / 'pids')
    entry = {'id': 'tree', 'cmd': [lab.script('tree', body), pids], 'stop': QUICK}
    running = lab.supervisor(entry)
    running.start('tree')
    wait_until(lambda: os.path.exists(pids) and '.' in open(pids).read())
    return running, pids


def recorded(path: str) -> list[int]:
    return [int(word) for word in open(path).read().split() if word.isdigit()]


@pytest.mark.parametrize('kind', TREES)
def test_nothing_is_left_of(lab: Lab, kind: str) -> None:
    running, pids = start_tree(lab, TREES[kind])
    answer = running.call('stop', name='tree')
    assert [process['process_status'] for process in answer['processes']] == [State.STOPPED]
    assert recorded(pids)
    assert [pid for pid in recorded(pids) if alive(pid)] == []
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


@pytest.mark.parametrize('alone', [True, False])
def test_one_whose_main_thread_alone_has_ended_is_stopped_too(lab: Lab, alone: bool) -> None:
    pids = str(lab.folder / 'pids')
    script = [lab.script('headless', HEADLESS), pids]
    command = script if alone else ['/bin/sh', '-c', 'setsid "$0" "$1" & exec sleep 1000', *script]
    running = lab.supervisor({'id': 'tree', 'cmd': command, 'stop': QUICK})
    running.start('tree')
    wait_until(lambda: os.path.exists(pids) and '.' in open(pids).read())
    pid, = recorded(pids)
    handle = open_handle(pid)
    assert handle is not None
    try:
        wait_until(lambda: (stat := read_stat(pid)) is not None and stat.state == 'Z')
        answer = running.call('stop', name='tree')
        assert [process['process_status'] for process in answer['processes']] == [State.STOPPED]
        assert handle.gone()
    finally:
        handle.send(signal.SIGKILL)
        handle.close()


@pytest.mark.parametrize('threads', [1, 2])
def test_one_that_a_debugger_keeps_is_said_to_be_kept(lab: Lab, threads: int) -> None:
    program = lab.script('program', """
        import sys, threading, time
        for _ in range(int(sys.argv[1]) - 1):
            threading.Thread(target=time.sleep, args=(1000,)).start()
        print('up', flush=True)
        time.sleep(1000)
        """)
    running = lab.supervisor({'id': 'it', 'cmd': [program, str(threads)], 'stop': QUICK,
                              'ready': {'output': 'up'}}, wrap=SOON_KEPT)
    pid = running.call('start', cmd='it', wait_ready=True)['process']['os_pid']
    with debugged(lab, pid):
        for _ in range(2):
            answer = running.ask('stop', name='it')
            assert answer['code'] == ResultCode.NOT_STOPPED
            assert f'pid {pid} has ended, but the debugger' in answer['message']
        assert 'debugger' in running.process('it')['err_msg']
    process = running.wait_state('it', State.STOPPED)
    assert (process['term_signal'], process['err_msg']) == (signal.SIGKILL, '')


def test_who_asks_again_and_again_keeps_no_other_from_its_answer(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'stop': QUICK},
                             wrap=SOON_KEPT)
    pid = running.start('sleeper')['os_pid']
    request = encode({'id': 1000, 'op': 'stop', 'name': 'sleeper'})
    with debugged(lab, pid), running.connect() as first, running.connect() as others:
        os.kill(pid, signal.SIGKILL)
        first._socket.sendall(request)

        def answered() -> list[int]:
            others._socket.sendall(request)
            return select.select([first._socket], [], [], 0)[0]
        wait_until(answered)


def test_who_is_stopped_and_has_no_main_thread_hears_the_ladder(lab: Lab) -> None:
    pids = lab.write('pids', '')
    running = lab.supervisor({'id': 'tree', 'cmd': [lab.script('headless', HEADLESS), pids],
                              'stop': {'sigterm_timeout': 0, 'sigkill_timeout': 1000}})
    running.start('tree')
    wait_until(lambda: '.' in Path(pids).read_text())
    pid, = recorded(pids)
    wait_until(lambda: (stat := read_stat(pid)) is not None and stat.state == 'Z')
    os.kill(pid, signal.SIGSTOP)
    threads = [int(thread) for thread in os.listdir(f'/proc/{pid}/task') if int(thread) != pid]
    wait_until(lambda: all(
        (stat := read_stat(thread)) is not None and stat.state == 'T' for thread in threads))
    assert running.call('stop', name='tree')['processes'][0]['term_signal'] == signal.SIGTERM


def test_the_ladder_stops_at_the_signal_that_is_obeyed(lab: Lab) -> None:
    for name in ('SIGINT', 'SIGTERM', 'SIGKILL'):
        ignored = ['SIGINT', 'SIGTERM', 'SIGKILL'][:['SIGINT', 'SIGTERM', 'SIGKILL'].index(name)]
        trap = f"trap '' {' '.join(one[3:] for one in ignored)};" if ignored else ''
        running = lab.supervisor(
            {'id': 'sh', 'cmd': ['/bin/sh', '-c', f'{trap} echo up; exec sleep 1000'],
             'stop': {'sigterm_timeout': 0.3, 'sigkill_timeout': 0.3},
             'ready': {'output': 'up'}}, namespace=f'/{name.lower()}')
        running.call('start', cmd='sh', wait_ready=True)
        process = running.call('stop', name='sh')['processes'][0]
        assert process['term_signal'] == getattr(signal, name)


def test_a_stopped_process_hears_the_first_signal_of_the_ladder(lab: Lab) -> None:
    running = lab.supervisor({'id': 'tree', 'cmd': [
        '/bin/sh', '-c', 'setsid sleep 1000 & exec sleep 1000'],
        'stop': {'sigterm_timeout': 0, 'sigkill_timeout': 1000}})
    running.start('tree')

    def all_three() -> list[int]:
        found = lab.leftovers()
        return found if len(found) == 3 else []
    for pid in wait_until(all_three):
        if pid != running.popen.pid:
            os.kill(pid, signal.SIGSTOP)
    running.wait_state('tree', State.SUSPENDED)
    process = running.call('stop', name='tree')['processes'][0]
    assert process['term_signal'] == signal.SIGTERM
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def test_a_request_may_set_the_times_of_the_ladder(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; sleep 1000"],
         'stop': {'sigterm_timeout': 1000, 'sigkill_timeout': 1000}, 'ready': {'output': 'up'}})
    running.call('start', cmd='sh', wait_ready=True)
    process = running.call('stop', name='sh', sigterm_timeout=0, sigkill_timeout=0)['processes'][0]
    assert process['term_signal'] == signal.SIGKILL


def test_a_second_stop_may_hurry_the_first(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', "trap '' INT TERM; echo up; sleep 1000"],
         'stop': {'sigterm_timeout': 1000, 'sigkill_timeout': 1000}, 'ready': {'output': 'up'}})
    running.call('start', cmd='sh', wait_ready=True)
    with running.connect() as other:
        from launch_service_node.protocol import encode
        other._socket.sendall(encode({'id': 1, 'op': 'stop', 'name': 'sh'}))
        running.wait_state('sh', State.STOPPING)
        running.call('stop', name='sh', sigterm_timeout=0, sigkill_timeout=0)
    assert running.process('sh')['process_status'] == State.STOPPED


def test_what_a_leader_leaves_behind_goes_with_it(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', 'setsid sleep 1000 & echo $!; exit 7'],
         'stop': QUICK})
    running.start('sh')
    process = running.wait_state('sh', State.FAILED)
    assert process['exit_code'] == 7
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def test_both_sides_of_a_pipe_are_stopped(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', 'sleep 1000 | sleep 1000']})
    running.start('sh')
    running.call('stop', name='sh')
    wait_until(lambda: lab.leftovers() == [running.popen.pid])


def test_stopping_what_has_ended_is_a_success(lab: Lab) -> None:
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true'})
    running.start('true')
    running.wait_state('true', State.STOPPED)
    running.call('stop', name='true')


def test_a_glob_and_a_launch_id_stop_several(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    for name, launch in (('a1', 'x'), ('a2', 'y'), ('b1', 'x')):
        running.start('sleeper', name=name, launch_id=launch)
    assert len(running.call('stop', name='a*', launch_id='x')['processes']) == 1
    assert len(running.call('stop', name='a?')['processes']) == 2
    assert running.process('b1')['process_status'] == State.RUNNING
    assert running.ask('stop')['code'] == ResultCode.INVALID_REQUEST
    assert running.ask('stop', name='c*')['code'] == ResultCode.NOT_FOUND


def test_sigterm_to_the_supervisor_stops_everything_and_ends_with_0(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    pid = running.start('sleeper')['os_pid']
    running.popen.send_signal(signal.SIGTERM)
    assert running.popen.wait(30) == 0
    assert not alive(pid)
    assert lab.leftovers() == []


def test_orphans_are_reaped(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'sh', 'cmd': ['/bin/sh', '-c', '(sleep 0.1 &) ; exec sleep 1000']})
    running.start('sh')
    supervisor = running.popen.pid

    def no_zombies() -> bool:
        children = open(f'/proc/{supervisor}/task/{supervisor}/children').read().split()
        stats = [read_stat(int(pid)) for pid in children]
        return len(children) == 1 and all(stat and stat.state != 'Z' for stat in stats)
    wait_until(no_zombies)


def test_a_child_of_who_dies_while_it_is_looked_at_is_not_missed(lab: Lab) -> None:
    """As with every double fork of a daemon: one generation is gone, the next just there."""
    gate = lab.folder / 'gate'
    running = lab.supervisor({'id': 'daemon', 'cmd': lab.script('daemon', f"""
        import os, time
        if os.fork() == 0:
            os.setsid()
            while not os.path.exists({str(gate)!r}):
                time.sleep(0.005)
            if os.fork():
                os._exit(0)
            os.execv('/bin/sleep', ['sleep', '1000'])
        """)}, measure_period=0, wrap=patched("""
        def state(pid):
            with open(f'/proc/{pid}/stat') as file:
                return file.read().rpartition(')')[2].split()[0]
        def wrap(descendants):
            def then_it_forks_and_ends(pid):
                found = descendants(pid)
                if not armed():
                    open(ARM, 'w').close()
                    while state(pid) != 'Z':
                        time.sleep(0.001)
                return found
            return then_it_forks_and_ends
        replace('supervisor.kernel.tree:descendants', wrap)
        """, str(gate)))
    running.start('daemon')
    running.wait_state('daemon', State.STOPPED)
    assert gate.exists()
    assert lab.leftovers() == [running.popen.pid]
