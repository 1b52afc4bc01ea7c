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

"""Cgroups: where they may be made, who is in them, and that none is left behind."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import Any

from faults.injection import patched
import harness
from harness import alive, Lab, Running, wait_until
import pytest

from launch_service_node.supervisor.kernel import delegation
from launch_service_node.supervisor.kernel.cgroups import Cgroup, Cgroups
from launch_service_node.supervisor.kernel.delegation import find_place, own_cgroup
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.records.journal import from_line, to_line
from launch_service_node.supervisor.states import State

#: More than anything here needs; it is there for the cgroup.
LIMITS = {'memory': '1 GiB'}

QUICK = {'sigterm_timeout': 0.2, 'sigkill_timeout': 0.2}

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'limits': LIMITS, 'stop': QUICK}

# -- where ------------------------------------------------------------------------------

V2 = '24 1 0:21 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate'
HYBRID = ('31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n'
          '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n'
          '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n')


@pytest.mark.parametrize(('mounts', 'membership', 'found'), [
    (V2, '0::/system.slice/robot.service\n', '/sys/fs/cgroup/system.slice/robot.service'),
    (V2, '0::/\n', '/sys/fs/cgroup'),
    (HYBRID, '4:memory:/elsewhere\n0::/x\n', '/sys/fs/cgroup/unified/x'),
    (V2.replace('0:21 /', '0:21 /docker/c1'), '0::/docker/c1\n', '/sys/fs/cgroup'),
    (V2.replace('0:21 /', '0:21 /docker/c1'), '0::/docker/c1/x\n', '/sys/fs/cgroup/x'),
    (V2.replace('/sys/fs/cgroup', r'/mnt/a\040b'), '0::/x\n', '/mnt/a b/x')])
def test_the_own_cgroup_is_found(mounts: str, membership: str, found: str) -> None:
    assert own_cgroup(mounts, membership)[1] == found


@pytest.mark.parametrize(('mounts', 'membership'), [
    ('', '0::/x\n'),
    (HYBRID.splitlines()[1], '4:memory:/x\n0::/x\n'),
    (V2.replace('0:21 /', '0:21 /docker/c1'), '0::/docker/c11\n'),
    (V2, '0::/../outside\n')])
def test_a_cgroup_that_is_not_shown_here_is_none(mounts: str, membership: str) -> None:
    assert own_cgroup(mounts, membership)[1] == ''


def test_under_systemd_a_cgroup_has_to_be_delegated(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('cgroup.procs', 'cgroup.subtree_control'):
        (tmp_path / name).touch()
    monkeypatch.setattr(delegation, '_SYSTEMD', str(tmp_path / 'none'))
    assert delegation.why_not(str(tmp_path), '/x') == ''
    monkeypatch.setattr(delegation, '_SYSTEMD', str(tmp_path))
    assert 'Delegate=yes' in delegation.why_not(str(tmp_path), '/x')
    try:
        os.setxattr(tmp_path, 'user.delegate', b'1')
    except OSError:
        return  # this file system keeps no notes
    assert delegation.why_not(str(tmp_path), '/x') == ''


def test_without_a_place_every_controller_is_missing_with_one_reason(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegation, 'find_place', lambda: delegation.Place('', '', 'none here'))
    cgroups = Cgroups(Loop())
    cgroups.open('abc', [], [])
    assert not cgroups.usable
    assert cgroups.enable(['memory', 'cpu']) == {'memory': 'none here', 'cpu': 'none here'}


# -- processes --------------------------------------------------------------------------

def instance_id(lab: Lab) -> str:
    return str(json.loads((lab.instance_dir() / 'instance.json').read_text())['instance_id'])


class Base:
    """The folder of a cgroup, of this test alone, that supervisors are started in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the cgroups in it."""
        return sorted(item.name for item in self.folder.iterdir() if item.is_dir())

    def of_processes(self) -> list[str]:
        """Return <process id>.<run> of each cgroup of a process."""
        return [name.split('.', 2)[2] for name in self.names() if not name.endswith('supervisor')]

    def pids(self) -> list[int]:
        """Return who is in it and below."""
        return Cgroup(str(self.folder)).pids()


#: A cgroup with controllers for its children takes no processes. A supervisor that comes
#: after one that was killed there is started by something in the cgroup that it has left.
_ENTER = """
    for folder in "$0"/supervisor "$0"/launch_service.*.supervisor "$0"; do
        echo 0 2>/dev/null >"$folder/cgroup.procs" && exec "$@"
    done
    """


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Base]:
    """Start supervisors in a cgroup of their own, which has to be empty in the end."""
    place = find_place()
    if not place.folder:
        pytest.skip(f'no cgroup can be made here: {place.trouble}')
    folder = Path(place.folder, f'test_cgroups_{os.getpid()}')
    folder.mkdir()
    command = harness.supervisor_command
    monkeypatch.setattr(harness, 'supervisor_command', lambda *args, **more: [
        '/bin/sh', '-c', _ENTER, str(folder),
        *command(*args, **more)])
    base = Base(folder)
    yield base
    # The lab was closed before; what is in there now has got away from it.
    Cgroup(str(folder)).kill()
    wait_until(lambda: not base.pids())
    for path, _, _ in os.walk(folder, topdown=False):
        os.rmdir(path)


@pytest.fixture
def lab(base: Base, tmp_path: Path) -> Iterator[Lab]:
    """Give an isolated home that is closed before the cgroup is looked at."""
    lab = Lab(tmp_path)
    yield lab
    lab.close()


def members(base: Base, name: str) -> list[int]:
    return Cgroup(str(base.folder / name)).pids()


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


def escape(lab: Lab, **more: Any) -> tuple[Running, int]:
    pid_file = lab.folder / 'pid'
    running = lab.supervisor({**SLEEPER, 'cmd': [lab.script('escape', ESCAPE), str(pid_file)],
                              **more})
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
        assert command[:4] == ['/bin/sh', '-c', _ENTER, str(base.folder)]
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


def test_what_died_while_nobody_watched_leaves_no_cgroup(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    pid = running.start('sleeper')['os_pid']
    running.kill()
    os.kill(pid, 9)
    wait_until(lambda: not alive(pid))
    running = lab.supervisor()
    assert running.wait_state('sleeper', State.UNKNOWN)['err_msg'] == (
        'ended while nobody watched; how is not known')
    wait_until(lambda: base.of_processes() == [])
    running.shut_down()
    assert base.names() == []


def test_an_empty_cgroup_that_nobody_remembers_is_removed(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.kill()
    ours = base.folder / f'launch_service.{instance_id(lab)}.7.1'
    ours.mkdir()
    lab.supervisor()
    wait_until(lambda: not ours.exists())


def test_cgroups_of_others_are_left_alone(base: Base, lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.kill()
    others = [base.folder / name for name in (
        'mine', f'launch_service.{"0" * 32}.1.1', f'launch_service.{instance_id(lab)}x.1.1')]
    for other in others:
        other.mkdir()
    running = lab.supervisor()
    running.start('sleeper')
    running.shut_down()
    assert base.names() == sorted(other.name for other in others)


def test_a_journal_that_names_a_foreign_cgroup_kills_nobody_in_it(base: Base, lab: Lab) -> None:
    running = lab.supervisor({**SLEEPER, 'limits': {}})
    running.start('sleeper')
    running.kill()
    journal = lab.instance_dir() / 'journal'
    foreign = base.folder / 'foreign'
    foreign.mkdir()
    lines = []
    for line in journal.read_bytes().splitlines():
        item = from_line(line) or {}
        if 'p' in item:
            item['p']['cgroup'] = str(foreign)
        lines.append(to_line(item))
    journal.write_bytes(b''.join(lines))
    stranger = os.posix_spawn('/bin/sleep', ['sleep', '1000'], os.environ)
    try:
        (foreign / 'cgroup.procs').write_text(str(stranger))
        running = lab.supervisor()
        running.call('stop', name='sleeper')
        running.shut_down()
        assert alive(stranger)
    finally:
        os.kill(stranger, 9)
        os.waitpid(stranger, 0)
    assert foreign.exists()


def test_the_supervisor_leaves_the_place_as_it_was(base: Base, lab: Lab) -> None:
    control = base.folder / 'cgroup.subtree_control'
    before = control.read_text()
    running = lab.supervisor(SLEEPER)
    running.start('sleeper')
    running.shut_down()
    assert (base.names(), control.read_text()) == ([], before)


def has_controllers(base: Base) -> bool:
    found = (base.folder / 'cgroup.controllers').read_text().split()
    return bool({'memory', 'pids', 'cpu'} & set(found))


def offer_controllers(base: Base) -> None:
    """Have the controllers of the host in the cgroup of the test, or skip."""
    parent = base.folder.parent
    names = {'memory', 'pids', 'cpu'} & set((parent / 'cgroup.controllers').read_text().split())
    if names:
        (parent / 'cgroup.subtree_control').write_text(' '.join(f'+{name}' for name in names))
    if not has_controllers(base):
        pytest.skip('this host offers no controller in a cgroup v2 that was delegated')


def test_with_controllers_the_supervisor_steps_aside_and_comes_back(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    running = lab.supervisor(SLEEPER)
    assert running.start('sleeper')['limits'] == ['memory 1 GiB for all of it (cgroup)']
    own = f'launch_service.{instance_id(lab)}.supervisor'
    assert members(base, own) == [running.popen.pid]
    assert (base.folder / 'cgroup.procs').read_text() == ''
    running.shut_down()
    assert base.names() == []
    assert (base.folder / 'cgroup.subtree_control').read_text().split() == []


def test_where_systemd_has_made_room_the_supervisor_stays_and_can_be_started_again(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    (base.folder / 'supervisor').mkdir()  # as DelegateSubgroup=supervisor does
    running = lab.supervisor(SLEEPER)
    for _ in range(2):
        assert running.start('sleeper')['limits'] == ['memory 1 GiB for all of it (cgroup)']
        assert members(base, 'supervisor') == [running.popen.pid]
        running.kill()
        running = lab.supervisor()
    running.shut_down()
    assert base.names() == ['supervisor']


def test_others_in_the_same_cgroup_are_not_moved_and_named_as_the_reason(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    other = os.posix_spawn('/bin/sleep', ['sleep', '1000'], os.environ)
    try:
        (base.folder / 'cgroup.procs').write_text(str(other))
        limits = lab.supervisor(SLEEPER).start('sleeper')['limits']
        assert f'other processes (pid {other}) run in {base.folder}' in limits[0]
        assert 'RLIMIT_DATA' in limits[0]
        assert (base.folder / 'cgroup.procs').read_text().split() == [str(other)]
    finally:
        os.kill(other, 9)
        os.waitpid(other, 0)


def test_others_in_a_cgroup_that_was_delegated_are_taken_along_and_back(
        base: Base, lab: Lab) -> None:
    offer_controllers(base)
    try:
        os.setxattr(base.folder, 'user.delegate', b'1')
    except OSError:
        pytest.skip('this kernel keeps no notes on a cgroup')
    other = os.posix_spawn('/bin/sleep', ['sleep', '1000'], os.environ)
    try:
        (base.folder / 'cgroup.procs').write_text(str(other))
        running = lab.supervisor(SLEEPER)
        assert running.start('sleeper')['limits'] == ['memory 1 GiB for all of it (cgroup)']
        assert other in members(base, f'launch_service.{instance_id(lab)}.supervisor')
        running.shut_down()
        assert base.names() == []
        assert (base.folder / 'cgroup.procs').read_text().split() == [str(other)]
    finally:
        os.kill(other, 9)
        os.waitpid(other, 0)


def test_running_out_of_memory_while_nobody_watched_is_told_later(base: Base, lab: Lab) -> None:
    offer_controllers(base)
    gate = lab.folder / 'gate'
    os.mkfifo(gate)
    running = lab.supervisor({**SLEEPER, 'limits': {'memory': '64 MiB'}, 'cmd': [
        lab.script('hog', """
            import sys
            open(sys.argv[1]).read()
            kept = [b'x' * 1048576 for _ in range(256)]
            """), str(gate)]})
    pid = running.start('sleeper')['os_pid']
    running.kill()
    gate.write_text('go')
    wait_until(lambda: not alive(pid))
    process = lab.supervisor().wait_state('sleeper', State.UNKNOWN, State.FAILED)
    assert 'out of memory (limit 64 MiB)' in process['err_msg']


@pytest.mark.parametrize(('counted', 'words'), [
    ({'oom': 1, 'oom_kill': 1}, ': out of memory (limit 64 MiB)'),
    ({'oom': 0, 'oom_kill': 1}, ': out of memory (of the host or of a cgroup around it)'),
    ({'oom': 3, 'oom_kill': 0}, '')])
def test_what_the_kernel_has_counted_is_told_of_the_process(
        base: Base, lab: Lab, counted: dict[str, int], words: str) -> None:
    """Also where no controller is at hand: then the counters are made up, and nothing else."""
    running = lab.supervisor(
        {**SLEEPER, 'limits': {'memory': '64 MiB'}}, wrap=patched(
            "replace('supervisor.kernel.cgroups:Cgroup.counters', "
            f'lambda _: lambda cgroup: {counted})'))
    os.kill(running.start('sleeper')['os_pid'], signal.SIGKILL)
    process = running.wait_state('sleeper', State.FAILED)
    assert process['err_msg'] == f'was ended by SIGKILL{words}'


@pytest.mark.skipif(os.geteuid() != 0, reason='takes root to hand a cgroup to a user')
def test_a_cgroup_that_was_handed_to_a_user_is_used(
        base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = 65534
    become = ['setpriv', f'--reuid={nobody}', f'--regid={nobody}', '--clear-groups']
    try:
        subprocess.run([*become, sys.executable, '-ISc', ''], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip('there is no setpriv(1), or this Python is closed to other users')
    for path in (base.folder, base.folder / 'cgroup.procs',
                 base.folder / 'cgroup.subtree_control'):
        os.chown(path, nobody, nobody)
    command = harness.supervisor_command
    monkeypatch.setattr(harness, 'supervisor_command', lambda *args, **more: [
        *command(*args, **more)[:4],
        *become, *command(*args, **more)[4:]])
    folder = Path(tempfile.mkdtemp(prefix='launch_service_'))
    os.chown(folder, nobody, nobody)
    lab = Lab(folder)
    try:
        running = lab.supervisor({**SLEEPER, 'limits': {**LIMITS, 'processes': 10}})
        process = running.start('sleeper')
        name = f'launch_service.{instance_id(lab)}.1.1'
        assert members(base, name) == [process['os_pid']]
        if has_controllers(base):
            assert process['limits'] == ['memory 1 GiB for all of it (cgroup)',
                                         'processes 10 for all of it (cgroup)']
        running.shut_down()
        assert base.names() == []
    finally:
        lab.close()
        shutil.rmtree(folder)
