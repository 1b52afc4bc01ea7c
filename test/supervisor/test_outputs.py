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

"""Outputs stay within their bounds whatever is written, and no writer ever notices."""

from __future__ import annotations

import base64
import os
from pathlib import Path
import time
from typing import Any

from faults.injection import fill, patched, small_disk
from harness import alive, Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.supervisor.kernel import linux
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.output import Output
from launch_service_node.supervisor.outputs import newest_output, OutputKeeper, remove_outputs
from launch_service_node.supervisor.states import State

MiB = 2 ** 20
LIMIT = 32 * MiB

#: Writes so many bytes at such a rate a second, in pieces of one kind, and then says so. It
#: is not quicker after it was kept waiting: that would be another rate.
WRITER = """
    import os, sys, time
    total, rate, kind = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    piece = {'lines': (b'x' * 99 + b'\\n') * 2000, 'no newline': b'x' * 200000,
             'binary': bytes(range(256)) * 800}[kind]
    began, written = time.monotonic(), 0
    while written < total:
        written += os.write(1, piece)
        ahead = written / rate - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
        began = max(began, time.monotonic() - written / rate - 0.02)
    with open(sys.argv[4], 'w') as file:
        file.write(f'{written}')
    """


def writer(lab: Lab, total: int, rate: float, kind: str) -> dict[str, Any]:
    return {'id': 'writer', 'cmd': [lab.script('writer', WRITER), str(total), str(rate), kind,
                                    str(lab.folder / 'written')]}


def out(lab: Lab) -> Path:
    return lab.instance_dir() / 'output' / '1'


def most_allocated(running: Running, path: Path) -> int:
    """Return the most that a file took on the disk until its process ended."""
    most, deadline = 0, time.monotonic() + 4 * PATIENCE
    while running.process('writer')['process_status'] in (State.STARTING, State.RUNNING):
        for _ in range(20):
            most = max(most, path.stat().st_blocks * 512)
            time.sleep(0.001)
        assert time.monotonic() < deadline
    return most


def test_what_was_written_and_ended_without_a_supervisor_is_bounded_by_the_next(lab: Lab) -> None:
    gate = lab.folder / 'gate'
    os.mkfifo(gate)
    running = lab.supervisor(
        {'id': 'late', 'cmd': ['/bin/sh', '-c', f'read line < {gate}; head -c 9000000 /dev/zero']},
        output_limit=MiB)
    pid = running.start('late')['os_pid']
    running.kill()
    gate.write_text('go\n')
    wait_until(lambda: not alive(pid))
    assert out(lab).stat().st_blocks * 512 > 8 * MiB
    running = lab.supervisor()
    running.wait_state('late', State.UNKNOWN)
    wait_until(lambda: out(lab).stat().st_blocks * 512 <= MiB)


def test_what_ends_without_a_descriptor_to_look_is_bounded_later(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(
        {'id': 'burst', 'cmd': ['/bin/sh', '-c', 'head -c 9000000 /dev/zero']},
        output_limit=MiB, wrap=patched(
        "fail('supervisor.output:Output.bound', errno.EMFILE)", str(gun)))
    gun.touch()
    running.start('burst')
    running.wait_state('burst', State.STOPPED)
    assert out(lab).stat().st_blocks * 512 > 8 * MiB
    gun.unlink()
    wait_until(lambda: out(lab).stat().st_blocks * 512 <= MiB)


@pytest.mark.parametrize(('kind', 'total'), [
    ('lines', 200 * MiB), ('no newline', 1024 * MiB), ('binary', 100 * MiB)])
def test_a_flood_of_100_MB_a_second_stays_under_its_limit(
        lab: Lab, kind: str, total: int) -> None:
    running = lab.supervisor(writer(lab, total, 100e6, kind), output_limit=LIMIT)
    running.start('writer')
    most = most_allocated(running, out(lab))
    process = running.process('writer')
    assert (process['exit_known'], process['exit_code'], process['term_signal']) == (True, 0, 0)
    assert LIMIT // 4 < most <= LIMIT
    written = int((lab.folder / 'written').read_text())
    piece = running.call('read', name='writer', offset=0)
    assert piece['dropped_bytes'] == piece['offset'] >= written - LIMIT
    last = running.call('read', name='writer', lines=3)
    assert last['next_offset'] == written
    assert last['eof']
    assert 0 < len(base64.b64decode(last['data'])) <= 65536


def test_output_is_read_by_offset_after_the_end_and_after_the_supervisors_end(lab: Lab) -> None:
    text = b''.join(b'%06d\n' % number for number in range(1000))
    running = lab.supervisor({'id': 'seq', 'cmd': ['/bin/sh', '-c', 'seq -f %06.0f 0 999']})
    running.start('seq')
    running.wait_state('seq', State.STOPPED)

    def read(**fields: Any) -> bytes:
        return base64.b64decode(running.call('read', name='seq', **fields)['data'])
    assert read(offset=7 * 500, max_bytes=70) == text[3500:3570]
    running.kill()
    running = lab.supervisor()
    assert read(offset=7 * 500, max_bytes=70) == text[3500:3570]
    assert read(lines=2) == text[-14:]
    running.shut_down()


def test_a_second_run_goes_on_in_the_same_file(lab: Lab) -> None:
    running = lab.supervisor({'id': 'sh', 'cmd': ['/bin/sh', '-c', 'echo run']})
    running.start('sh')
    running.wait_state('sh', State.STOPPED)
    running.call('restart', name='sh')
    running.wait_state('sh', State.STOPPED)
    wait_until(lambda: base64.b64decode(
        running.call('read', name='sh', offset=0)['data']) == b'run\nrun\n')


@pytest.mark.parametrize('patch', [
    "replace('supervisor.kernel.linux:punch_hole', lambda _: lambda *arguments: False)",
    "fail('supervisor.kernel.linux:Inotify.__init__', errno.EMFILE)",
    ], ids=['a file system without holes', 'no inotify'])
def test_the_limit_holds_without(lab: Lab, patch: str) -> None:
    # Without inotify a quarter of a second passes between two looks, and more on a busy host.
    running = lab.supervisor(writer(lab, 60 * MiB, 20e6, 'lines'), output_limit=LIMIT,
                             wrap=patched(patch))
    running.start('writer')
    assert most_allocated(running, out(lab)) <= LIMIT
    written = int((lab.folder / 'written').read_text())
    last = running.call('read', name='writer', lines=1)
    # Emptying a file is not atomic: a write may be lost between counting and emptying.
    assert written - MiB <= last['next_offset'] <= written
    assert last['dropped_bytes'] >= written - LIMIT - MiB


def test_an_adopted_process_is_bounded_as_well(lab: Lab) -> None:
    running = lab.supervisor(writer(lab, 200 * MiB, 80e6, 'lines'), output_limit=LIMIT)
    running.start('writer')
    running.kill()
    running = lab.supervisor()
    most = most_allocated(running, out(lab))
    # While nobody was there, nobody could bound it; from then on it is.
    assert out(lab).stat().st_blocks * 512 <= LIMIT
    assert most < 150 * MiB


def test_a_full_disk_neither_blocks_nor_ends_the_writer(lab: Lab) -> None:
    """It gets ENOSPC from write(2), as from any file, and may go on; never SIGPIPE."""
    script = lab.script('writer', """
        import os, sys, time
        refused = 0
        for number in range(400):
            try:
                os.write(1, b'x' * 10000)
            except OSError as error:
                refused += error.errno == 28
        open(sys.argv[1], 'w').write(f'{refused}')
        while not os.path.exists(sys.argv[2]):
            time.sleep(0.01)
        os.write(1, b'there is room again\\n')
        """)
    count, gate = lab.folder / 'refused', lab.folder / 'gate'
    running = lab.supervisor({'id': 'writer', 'cmd': [script, str(count), str(gate)]},
                             {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']})
    folder = lab.instance_dir() / 'output'
    with small_disk(folder, 2 * MiB):
        fill(folder / '9999.filler')
        os.truncate(folder / '9999.filler', MiB)
        running.start('writer')
        wait_until(lambda: count.exists() and count.read_text())
        assert int(count.read_text()) > 0
        assert running.process('writer')['process_status'] == State.RUNNING
        refused = running.ask('start', cmd='sleeper')
        assert refused['ok'] or 'No space left' in refused['message']
        (folder / '9999.filler').unlink()
        gate.touch()
        process = running.wait_state('writer', State.STOPPED, State.FAILED)
        assert (process['exit_code'], process['term_signal']) == (0, 0)
        running.shut_down()


def test_a_full_disk_is_bounded_again_where_there_are_no_holes(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, 'punch_hole', lambda *_: False)
    folder = tmp_path / 'disk'
    with small_disk(folder, MiB):
        loop = Loop()
        keeper = OutputKeeper(loop)
        output = Output(str(folder / '1'), 256 * 1024)
        keeper.watch('it', output, lambda: None)
        fill(Path(output.path))
        loop.after(1.0, loop.stop)
        loop.run()
        keeper.unwatch('it')
        assert os.stat(output.path).st_blocks * 512 <= output.limit
        assert output.end() >= MiB // 2


def test_a_look_that_fails_is_not_the_last(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop()
    keeper = OutputKeeper(loop)
    output = Output(str(tmp_path / '1'), MiB)
    real, failures = Output.bound, 5

    def bound(which: Output) -> int:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError(24, 'Too many open files')
        return real(which)
    monkeypatch.setattr(Output, 'bound', bound)
    keeper.watch('it', output, lambda: None)
    Path(output.path).write_bytes(bytes(3 * MiB))
    watch = time.monotonic() + PATIENCE

    def over() -> None:
        if os.stat(output.path).st_blocks * 512 <= MiB or time.monotonic() > watch:
            loop.stop()
        loop.after(0.05, over)
    over()
    loop.run()
    assert os.stat(output.path).st_blocks * 512 <= MiB
    keeper.unwatch('it')


def test_a_look_that_fails_right_behind_another_is_not_the_last(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who begins to watch is about to tell a child to go on, and must come to that."""
    loop = Loop()
    keeper = OutputKeeper(loop)
    output = Output(str(tmp_path / '1'), MiB)
    Path(output.path).touch()
    real, looks, grown = Output.end, 0, []

    def end(which: Output) -> int:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise OSError(24, 'Too many open files')
        return real(which)
    monkeypatch.setattr(Output, 'end', end)

    def on_growth() -> None:
        grown.append(True)
        loop.stop()
    keeper.watch('it', output, on_growth)
    assert looks == 3
    Path(output.path).write_bytes(b'x')
    loop.after(PATIENCE, loop.stop)
    loop.run()
    keeper.unwatch('it')
    assert grown


def test_outputs_of_those_who_are_no_longer_listed_are_removed_but_the_newest(
        tmp_path: Path) -> None:
    for number in range(1, 31):
        (tmp_path / str(number)).touch()
        (tmp_path / f'{number}.emptied').touch()
    (tmp_path / 'something else').touch()
    assert newest_output(str(tmp_path)) == 30
    remove_outputs(str(tmp_path), {'3'}, 5)
    assert sorted(int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()) == [
        3, 26, 27, 28, 29, 30]
    assert not (tmp_path / '4.emptied').exists()
    assert (tmp_path / 'something else').exists()
    remove_outputs(str(tmp_path), set(), 0)
    assert newest_output(str(tmp_path)) == 0


def test_the_outputs_of_many_who_go_at_once_are_looked_through_once(lab: Lab) -> None:
    seen = lab.folder / 'seen'
    running = lab.supervisor({'id': 'true', 'cmd': '/bin/true'}, max_start_rate=0,
                             wrap=patched(f"""
        def wrap(remove):
            def note(*arguments):
                with open({str(seen)!r}, 'a') as file:
                    file.write('x')
                return remove(*arguments)
            return note
        replace('supervisor.supervisor:remove_outputs', wrap)
        """))
    for number in range(1, 41):
        running.start('true', name=f't{number}')
    wait_until(lambda: running.call('status')['instance']['num_procs'] == 0)
    assert not seen.exists()
    running.call('attach', settings={'keep_ended': 5})
    assert [one['process_id'] for one in running.call('list')['processes']] == [
        *range(36, 41)]
    assert seen.read_text() == 'x'
    assert sorted(int(path.name) for path in out(lab).parent.iterdir()
                  if path.name.isdigit()) == [*range(16, 41)]


def test_growth_is_told_also_when_an_output_is_watched_again(tmp_path: Path) -> None:
    loop = Loop()
    keeper = OutputKeeper(loop)
    output = Output(str(tmp_path / '1'), MiB)
    Path(output.path).touch()
    grew: list[str] = []
    keeper.watch('it', output, lambda: grew.append('old'))
    keeper.watch('it', output, lambda: (grew.append('new'), loop.stop()))
    loop.after(0.05, lambda: Path(output.path).write_text('x'))
    loop.after(PATIENCE, loop.stop)
    loop.run()
    keeper.unwatch('it')
    assert grew[0] == 'new'
