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

"""The uids of the past: the last so many, exactly, and also over a fall."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, strategies
import pytest

from launch_service_node.allow_list.model import Entry
from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.records.history import History
from launch_service_node.supervisor.records.record import Record
from launch_service_node.supervisor.records.uids import Past, past, PastUids, SIZE
from launch_service_node.supervisor.states import State
from launch_service_node.supervisor.table import Table


def a_past(uid: int) -> Past:
    return Past(uid, uid * 2, 7, int(State.STOPPED), 5)


@given(strategies.lists(strategies.integers(1, 2 ** 64 - 1), unique=True, max_size=40))
def test_the_last_so_many_are_known_and_no_others(uids: list[int]) -> None:
    known = PastUids(8)
    for uid in uids:
        known.remember(Past(uid, 1, 2, 0, 3))
    assert [found.uid for found in known.all()] == uids[-8:]
    assert all(known.find(uid) is not None for uid in uids[-8:])
    assert all(known.find(uid) is None for uid in uids[:-8])


@pytest.mark.parametrize(('state', 'known', 'code', 'number'), [
    (State.STOPPED, True, 0, 0), (State.FAILED, True, 255, 0), (State.FAILED, True, 0, 64),
    (State.UNKNOWN, False, 0, 0)])
def test_how_it_ended_is_remembered(
        state: State, known: bool, code: int, number: int) -> None:
    record = Record(3, 'p', Entry('e'), [], {}, '', uid=2 ** 64 - 1, state=state,
                    exit_known=known, exit_code=code, term_signal=number, start_time_ns=2 ** 60)
    uids = PastUids(2)
    uids.remember(past(record))
    found = uids.find(2 ** 64 - 1)
    assert found is not None
    assert (found.state, found.exit_known, found.exit_code, found.term_signal) == (
        state, known, code, number)
    assert (found.process_id, found.start_time_ns) == (3, 2 ** 60)


def test_they_live_in_the_journal_also_when_it_is_rewritten(tmp_path: Path) -> None:
    path = str(tmp_path / 'journal')
    history = History(path, Table(), Loop())
    history.open('')
    for uid in range(1, 20):
        history.drop(Record(uid + 100, 'p', Entry('e'), [], {}, '', uid=uid))
    history.close()
    for rewrite in (False, True):
        table = Table()
        again = History(path, table, Loop())
        again.open('')
        assert [(found.uid, found.process_id) for found in table.past_uids.all()] == [
            (uid, uid + 100) for uid in range(1, 20)]
        if not rewrite:
            again._journal.rewrite(again._everything())
        again.close()


def test_thousands_are_kept() -> None:
    uids = PastUids()
    for uid in range(1, SIZE + 11):
        uids.remember(a_past(uid))
    assert uids.find(10) is None
    assert uids.find(11) == a_past(11)
    assert SIZE >= 4096
