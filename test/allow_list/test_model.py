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

"""The values survive JSON, the journal, and another version of the package."""

from __future__ import annotations

import json

import pytest

from launch_service_node.allow_list.model import (
    AllowList,
    ArgumentSlot,
    Entry,
    LimitSettings,
    Problem,
    ReadySettings,
    report,
    RestartSettings,
    StopSettings,
)

FULL = Entry(
    id='x', description='d', kind='cmd', command='/x y', argv=('/x', 'y'), checked_paths=('/x',),
    slots=(ArgumentSlot('a', 'b', True, True),), cwd='/tmp', cwd_from_caller=True,
    environment={'A': 'b'}, environment_from_caller=('C',), pass_environment=('D',),
    restart=RestartSettings('always', 2.0, 3.0, 4, 5.0, 6.0), stop=StopSettings(7.0, 8.0),
    limits=LimitSettings(1, 2, 3, 4.0, 5), ready=ReadySettings(1.0, 'o', 'n', True, 2.0),
    autostart=True, labels={'l': 'm'}, user='u', source='f:1', error='e')


def test_the_full_entry_leaves_no_default() -> None:
    """So that the tests below see every field."""
    for value, plain in ((FULL, Entry('y')), *(
            (getattr(FULL, name), getattr(Entry('y'), name))
            for name in ('restart', 'stop', 'limits', 'ready'))):
        for name in type(value)._fields:
            if name != 'kind':
                assert getattr(value, name) != getattr(plain, name), name


@pytest.mark.parametrize('entry', [FULL, Entry('x')])
def test_an_entry_survives_json(entry: Entry) -> None:
    """Types included."""
    assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry


def test_an_entry_of_another_version_is_read() -> None:
    """What is missing has its default, what is unknown is left out."""
    data = FULL.to_json()
    data['new'] = 1
    data['restart']['new'] = 1
    data['slots'][0]['new'] = 1
    assert Entry.from_json(data) == FULL
    assert Entry.from_json({'id': 'x'}) == Entry('x')
    with pytest.raises(KeyError):
        Entry.from_json({})


def test_an_allow_list_survives_json_in_order() -> None:
    """The order of the entries is that of the files."""
    allow_list = AllowList({'x': FULL, 'a': Entry('a')}, (Problem('f', 1, 'x', 'm'),), ('f',))
    again = AllowList.from_json(json.loads(json.dumps(allow_list.to_json())))
    assert again == allow_list
    assert list(again.entries) == ['x', 'a']


def test_a_report_has_a_line_for_each_problem() -> None:
    """File and line come first, as compilers write them."""
    problems = (Problem('f.yaml', 3, 'x', 'bad'), Problem('f.yaml', 4, '', 'worse'),
                Problem('g.yaml', 0, '', 'worst'))
    assert report(AllowList(problems=problems)) == [
        "f.yaml:3: entry 'x': bad", 'f.yaml:4: worse', 'g.yaml: worst']
