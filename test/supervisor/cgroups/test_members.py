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

"""A process with limits has a cgroup, which knows who belongs to it until nobody does."""

from __future__ import annotations

from harness import alive, Lab, Running, wait_until

from launch_service_node.supervisor.states import State

from .place import Base, ENTER, instance_id, members, SLEEPER


def test_a_process_with_limits_has_a_cgroup_until_it_has_ended(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    pid = running.start('sleeper')['os_pid']
    name = f'launch_service.{instance_id(lab)}.1.1'
    assert members(base, name) == [pid]
    running.call('stop', name='sleeper')
    wait_until(lambda: base.of_processes() == [])
    running.shut_down()
    assert base.names() == []


def test_a_process_without_such_limits_has_none(base: Base, lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'limits': {'open_files': 64, 'nice': 1}})
    running.start('sleeper')
    assert base.of_processes() == []


def test_each_run_has_its_own(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    running.call('restart', name='sleeper')
    wait_until(lambda: base.of_processes() == ['1.2'])


def test_a_failed_exec_leaves_none(base: Base, lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'cmd': lab.write('no_program', 'x', 0o755)})
    assert not running.ask('start', cmd='sleeper')['ok']
    wait_until(lambda: base.of_processes() == [])


def test_cgroups_that_a_process_made_for_itself_go_with_it(base: Base, lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'cmd': [lab.script('maker', """
        import os, sys, time
        own = next(line[3:] for line in open('/proc/self/cgroup').read().splitlines()
                   if line.startswith('0::'))
        folder = sys.argv[1] + own[own.rindex('/'):]
        os.makedirs(folder + '/a/b')
        if os.fork() == 0:
            os.setsid()
            open(folder + '/a/b/cgroup.procs', 'w').write('0')
            print('up', flush=True)
        time.sleep(1000)
        """), str(base.folder)], 'ready': {'output': 'up'}})
    pid = running.call('start', cmd='sleeper', wait_ready=True)['process']['os_pid']
    assert len(members(base, base.names()[0])) == 2
    assert pid in base.pids()
    running.call('stop', name='sleeper')
    wait_until(lambda: base.of_processes() == [])
    running.shut_down()
    assert base.names() == []


#: Leaves its session, its parent, its environment and the mark; says who it is then.
ESCAPE = """
    import os, resource, sys, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            resource.setrlimit(10, (1, resource.getrlimit(10)[1]))
            os.execve('/bin/sh', ['sh', '-c', 'echo $$ >"$0.new"; mv "$0.new" "$0";'
                                  'trap "" INT TERM; while :; do sleep 1000; done',
                                  sys.argv[1]], {})
        os._exit(0)
    os.wait()
    time.sleep(1000)
    """


def escape(lab: Lab) -> tuple[Running, int]:
    pid_file = lab.folder / 'pid'
    running = lab.supervisor({**SLEEPER, 'cmd': [lab.script('escape', ESCAPE), str(pid_file)]})
    running.start('sleeper')
    wait_until(pid_file.exists)
    return running, int(pid_file.read_text())


def test_who_has_left_everything_else_is_found_by_its_cgroup(base: Base, lab: Lab) -> None:
    running, escaped = escape(lab)
    running.kill()  # so that it is nobody's orphan either
    running = lab.supervisor()
    assert alive(escaped)
    running.call('stop', name='sleeper')
    assert not alive(escaped)
    wait_until(lambda: base.of_processes() == [])


def test_a_tree_that_forks_for_its_life_is_killed_in_one_go(base: Base, lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'cmd': [lab.script('hydra', """
        import os, signal, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        for _ in range(3):
            os.fork()
        print('up', flush=True)
        born = time.monotonic()
        while True:  # each lives a little, and has one child: many names, few at a time
            if time.monotonic() - born > 0.02:
                if os.fork():
                    os._exit(0)
                os.setsid()
                born = time.monotonic()
            time.sleep(0.005)
        """)], 'ready': {'output': 'up'}})
    running.call('start', cmd='sleeper', wait_ready=True)
    name = base.of_processes()
    running.call('stop', name='sleeper')
    assert name == ['1.1']
    assert base.pids() == [running.popen.pid]
    wait_until(lambda: base.of_processes() == [])


def test_an_adopted_process_keeps_its_cgroup(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    pid = running.start('sleeper')['os_pid']
    running.kill()
    running = lab.supervisor()
    assert members(base, f'launch_service.{instance_id(lab)}.1.1') == [pid]
    running.call('stop', name='sleeper')
    wait_until(lambda: base.of_processes() == [])


def test_a_supervisor_that_a_run_has_started_leaves_the_cgroup_of_that_run(
        base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    sleeper = running.start('sleeper')['os_pid']
    running.start('sleeper', name='other')
    running.kill()
    run = base.folder / f'launch_service.{instance_id(lab)}.1.1'

    def in_run(command: list[str]) -> list[str]:
        assert command[:4] == ['/bin/sh', '-c', ENTER, str(base.folder)]
        return ['/bin/sh', '-c', 'echo 0 >"$0"/cgroup.procs && exec "$@"', str(run), *command[4:]]
    running = lab.supervisor(wrap=in_run)
    assert members(base, run.name) == [sleeper]
    own = running.start('sleeper', name='own')['os_pid']
    assert members(base, f'launch_service.{instance_id(lab)}.3.1') == [own]
    running.call('stop', name='sleeper', sigterm_timeout=0, sigkill_timeout=0)
    assert not alive(sleeper) and alive(own)
    assert running.process('other')['process_status'] == State.RUNNING
    running.shut_down()
    assert base.names() == []
