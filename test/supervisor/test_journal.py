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

"""The journal: whatever happens to its bytes, what is whole stays, and nobody falls over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import resource
from typing import Any
import zlib

from hypothesis import given, strategies
import pytest

from launch_service_node.allow_list.model import Entry
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.records import history as history_module
from launch_service_node.supervisor.records import journal as journal_module
from launch_service_node.supervisor.records.history import History
from launch_service_node.supervisor.records.journal import from_line, Journal, to_line
from launch_service_node.supervisor.records.record import Record
from launch_service_node.supervisor.table import Table

ENTRIES: list[dict[str, Any]] = [
    {'m': {'schema': 1, 'next_id': 7}}, {'p': {'process_id': 3, 'name': 'ä\n'}}, {'d': 3}]


def read(path: Path) -> tuple[list[dict[str, Any]], int]:
    journal = Journal(str(path))
    try:
        return journal.open()
    finally:
        journal.close()


def written(path: Path, entries: list[dict[str, Any]]) -> bytes:
    path.write_bytes(b''.join(map(to_line, entries)))
    return path.read_bytes()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(str(tmp_path / 'journal'))
    journal.open()
    yield journal
    journal.close()


@given(strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner)))
def test_what_is_written_is_what_is_read(value: Any) -> None:
    line = to_line({'p': value})
    assert line.count(b'\n') == 1
    assert from_line(line[:-1]) == {'p': value}


def test_cut_at_every_byte_only_the_entry_that_was_cut_is_lost(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    whole = written(path, ENTRIES)
    ends = [whole.index(line) + len(line) for line in map(to_line, ENTRIES)]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        entries, damaged = read(path)
        complete = sum(end - 1 <= length for end in ends)  # a line without its end is whole
        assert entries == ENTRIES[:complete], length
        rest = length - (ends[complete - 1] if complete else 0)
        assert damaged == (rest > 0), length


def test_with_every_byte_spoilt_only_the_entry_of_that_byte_is_lost(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    whole = written(path, ENTRIES)
    lines = [to_line(entry) for entry in ENTRIES]
    for at in range(len(whole)):
        for spoilt in (whole[at] ^ 1, 0, 0xFF, ord('\n')):
            if spoilt == whole[at]:
                continue
            path.write_bytes(whole[:at] + bytes([spoilt]) + whole[at + 1:])
            entries, damaged = read(path)
            assert damaged, (at, spoilt)
            hit = [at in range(whole.index(line), whole.index(line) + len(line) - 1)
                   for line in lines]
            for entry, was_hit in zip(ENTRIES, hit, strict=True):
                if was_hit:
                    assert entry not in entries, (at, spoilt)
            if any(hit):  # not the end of a line, whose loss takes the next line along
                assert entries == [
                    entry for entry, was_hit in zip(ENTRIES, hit, strict=True) if not was_hit]


def test_what_is_appended_after_a_torn_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    whole = written(path, ENTRIES)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        torn = Journal(str(path))
        torn.open()
        assert torn.append({'n': 'new'})
        torn.close()
        assert read(path)[0][-1] == {'n': 'new'}, length


def good(data: bytes) -> bytes:
    return b'%08x %s\n' % (zlib.crc32(data), data)


@pytest.mark.parametrize('line', [
    good(b''), good(b'{'), good(b'[]'), good(b'3'), good(b'"p"'), good(b'\xff\xfe'),
    good(b'[' * 100000), b'\n', b' \n', b'xxxxxxxx {}\n', b'-0000001 {}\n', b'\0' * 100 + b'\n'])
def test_a_line_that_says_nonsense_counts_as_damaged(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / 'journal'
    path.write_bytes(to_line(ENTRIES[0]) + line + to_line(ENTRIES[2]))
    assert read(path) == ([ENTRIES[0], ENTRIES[2]], 1)


def limit_file_size(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.fixture
def small_disk() -> Iterator[None]:
    yield
    limit_file_size(resource.RLIM_INFINITY)


def test_a_full_disk_is_said_and_what_comes_after_is_read(
        tmp_path: Path, journal: Journal, small_disk: None) -> None:
    assert journal.append({'d': 1})
    limit_file_size(os.path.getsize(journal.path) + 10)  # a part of a line still fits
    for _ in range(3):
        assert not journal.append({'p': 'x' * 100})
        assert str(tmp_path) in journal.trouble
    limit_file_size(resource.RLIM_INFINITY)
    assert journal.append({'d': 2})
    assert journal.trouble == ''
    assert read(tmp_path / 'journal') == ([{'d': 1}, {'d': 2}], 1)


def test_a_rewrite_replaces_the_file_and_goes_on_in_the_new_one(journal: Journal) -> None:
    for number in range(100):
        journal.append({'d': number})
    assert journal.rewrite([{'d': 'all'}])
    assert journal.append({'d': 'more'})
    assert read(Path(journal.path)) == ([{'d': 'all'}, {'d': 'more'}], 0)
    assert os.listdir(os.path.dirname(journal.path)) == ['journal']
    assert os.stat(journal.path).st_mode & 0o777 == 0o600


def test_a_rewrite_that_fails_leaves_the_old_file_and_no_other(
        journal: Journal, small_disk: None) -> None:
    journal.append({'d': 1})
    limit_file_size(100)
    assert not journal.rewrite([{'p': 'x' * 1000}])
    assert 'cannot rewrite' in journal.trouble
    limit_file_size(resource.RLIM_INFINITY)
    assert journal.append({'d': 2})
    assert read(Path(journal.path)) == ([{'d': 1}, {'d': 2}], 0)
    assert os.listdir(os.path.dirname(journal.path)) == ['journal']


def test_what_a_fall_left_of_an_earlier_rewrite_is_not_taken_over(journal: Journal) -> None:
    Path(f'{journal.path}.new').write_bytes(to_line({'p': 'outdated'}) + b'torn')
    assert journal.rewrite([{'d': 1}])
    assert read(Path(journal.path)) == ([{'d': 1}], 0)


def test_a_rewrite_needs_no_descriptor_once_the_file_is_replaced(
        journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def replace(*names: str) -> None:
        real(*names)
        monkeypatch.setattr(os, 'open', none_left)

    def none_left(*_: object) -> int:
        raise OSError(24, 'Too many open files')
    monkeypatch.setattr(os, 'replace', replace)
    journal.rewrite([{'d': 1}])
    monkeypatch.undo()
    journal.append({'d': 2})
    assert read(Path(journal.path))[0][-1] == {'d': 2}


def test_a_rewrite_is_wanted_once_most_is_outdated_and_not_right_after_it(
        journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, '_REWRITE_FROM', 10000)
    current = [{'p': 'x' * 100}] * 300  # 3 times what starts a rewrite
    journal.rewrite(current)
    rewrites = 0
    for number in range(3000):
        journal.append({'d': number})
        if journal.wants_rewrite():
            rewrites += 1
            journal.rewrite(current)
    assert 0 < rewrites < 5


@pytest.mark.parametrize('change', [
    lambda history, record: history.commit(record),
    lambda history, record: history.commit_node(record),
    lambda history, record: history.set_autostarted('boot'),
    lambda history, record: history.drop(record)], ids=['process', 'node', 'autostart', 'drop'])
def test_it_stays_bounded_whatever_changes_over_and_over(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        change: Callable[[History, Record], object]) -> None:
    monkeypatch.setattr(journal_module, '_REWRITE_FROM', 10000)
    path = tmp_path / 'journal'
    history = History(str(path), Table(), Loop())
    history.open('')
    for _ in range(1000):
        change(history, Record(3, 'p', Entry('e'), [], {}, '', uid=7))
    history.close()
    assert os.path.getsize(path) < 20000


def test_one_that_has_grown_is_not_rewritten_before_its_processes_are_known(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, '_REWRITE_FROM', 10000)
    path = tmp_path / 'journal'
    records, _, _ = replayed(path, [{'p': a_record(number)} for number in range(1, 101)])
    assert os.path.getsize(path) > 20000
    assert len(records) == len(replayed_as_it_is(path)[0]) == 100


# -- what the entries mean ------------------------------------------------------------------


def a_record(process_id: int = 3, **more: Any) -> dict[str, Any]:
    record = Record(process_id, 'p', Entry('e', argv=('/bin/true',)), ['/bin/true'], {}, '/')
    return {**record.to_json(), **more}


def replayed(path: Path, entries: list[dict[str, Any]]) -> tuple[list[Record], Table, History]:
    written(path, entries)
    return replayed_as_it_is(path)


def replayed_as_it_is(path: Path) -> tuple[list[Record], Table, History]:
    table = Table()
    history = History(str(path), table, Loop())
    records, _ = history.open('')
    history.close()
    return records, table, history


@pytest.mark.parametrize('entry', [
    {'p': 3}, {'p': None}, {'p': {}}, {'p': {'process_id': 'x'}}, {'p': {'process_id': None}},
    {'m': []}, {'m': {'next_id': 'x'}}, {'m': {'next_id': None}}, {'u': 1}, {'u': {}}, {'d': []},
    {'n': 1}, {}, {'unheard_of': 1}])
def test_an_entry_that_makes_no_sense_does_not_keep_anybody_from_starting(
        tmp_path: Path, entry: dict[str, Any]) -> None:
    records, _, _ = replayed(tmp_path / 'journal', [{'p': a_record()}, entry])
    assert [record.process_id for record in records] == [3]


@pytest.mark.parametrize(('field', 'value'), [
    ('pid', 'x'), ('pid', None), ('start_ticks', 'x'), ('state', 99), ('state', 'x'),
    ('name', 5), ('argv', 'x'), ('argv', None), ('environment', []), ('restart_at', 'soon'),
    ('restarts', 3), ('boot_id', 1), ('entry', []), ('entry', {}), ('entry', None),
    ('ready_at', 'x'), ('in_a_row', 'x')])
def test_a_record_with_a_field_that_can_not_be_right_is_left_out(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, value: Any) -> None:
    records, _, _ = replayed(tmp_path / 'journal', [
        {'p': a_record(3)}, {'p': a_record(4, **{field: value})}])
    assert [record.process_id for record in records] == [3]
    assert '1 damaged' in capsys.readouterr().err


def test_a_journal_of_a_newer_version_is_understood_as_far_as_possible(tmp_path: Path) -> None:
    entry = {**a_record()['entry'], 'novelty': 1, 'restart': {'policy': 'always', 'novelty': 1}}
    records, table, _ = replayed(tmp_path / 'journal', [
        {'m': {'schema': 99, 'next_id': 40, 'sequence_number': 50, 'novelty': 1}},
        {'z': 'an entry of a kind that is not known'},
        {'p': a_record(novelty={'a': 1}, entry=entry)}])
    assert [record.entry.restart.policy for record in records] == ['always']
    assert (table.next_id, table.sequence_number) == (40, 50)


def test_a_journal_of_an_older_version_gets_the_defaults(tmp_path: Path) -> None:
    old = a_record()
    for field in ('restart_count', 'restarts', 'in_a_row', 'launch_id', 'uid'):
        del old[field]
    old['entry'] = {'id': 'e', 'argv': ['/bin/true']}
    records, _, _ = replayed(tmp_path / 'journal', [{'m': {'next_id': 9}}, {'p': old}])
    assert (records[0].restart_count, records[0].launch_id) == (0, '')
    assert records[0].entry.stop.sigterm_timeout == 5.0


def test_the_last_word_on_a_process_counts(tmp_path: Path) -> None:
    records, table, _ = replayed(tmp_path / 'journal', [
        {'p': a_record(3, sequence_number=1)}, {'p': a_record(4, sequence_number=2)},
        {'p': a_record(3, sequence_number=3, restart_count=5)}, {'d': 4}])
    assert [(record.process_id, record.restart_count) for record in records] == [(3, 5)]
    assert (table.next_id, table.sequence_number) == (5, 3)


def test_the_identity_of_the_instance_is_kept_by_every_rewrite(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    table = Table()
    history = History(str(path), table, Loop())
    history.open('')
    identity = history.instance_id
    assert identity
    record = Record(1, 'p', Entry('e'), [], {}, '')
    history_module.Journal.rewrite(history._journal, history._everything())
    history.commit(record)
    history.close()
    again = History(str(path), Table(), Loop())
    again.open('')
    again.close()
    assert again.instance_id == identity


def test_ids_and_numbers_go_on_after_a_rewrite_without_any_process(tmp_path: Path) -> None:
    path = tmp_path / 'journal'
    table = Table()
    history = History(str(path), table, Loop())
    history.open('')
    table.next_id, table.sequence_number = 77, 88
    assert history._journal.rewrite(history._everything())
    history.close()
    _, again, _ = replayed_as_it_is(path)
    assert (again.next_id, again.sequence_number) == (77, 88)


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(
        tmp_path: Path, small_disk: None) -> None:
    path = tmp_path / 'journal'
    table = Table()
    loop = Loop()
    history = History(str(path), table, loop)
    history.open('')
    table.next_id = 77
    limit_file_size(os.path.getsize(path))
    assert not history.commit(Record(76, 'p', Entry('e'), [], {}, ''))

    def look() -> None:
        if 'cannot rewrite' in history.trouble:  # it was tried in vain once
            limit_file_size(resource.RLIM_INFINITY)
        if history.trouble:
            loop.after(0.01, look)
        else:
            loop.stop()
    look()
    loop.run()
    history.close()
    assert json.loads(path.read_bytes().splitlines()[-1][9:])['m']['next_id'] == 77
