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

"""The documentation, the schema and the example say the same."""

from __future__ import annotations

import os
from pathlib import Path
import re

import pytest

from launch_service_node.allow_list import resolve
from launch_service_node.allow_list.forbidden import FORBIDDEN
from launch_service_node.allow_list.model import (
    LimitSettings,
    ReadySettings,
    RestartSettings,
    StopSettings,
)
from launch_service_node.allow_list.quantities import duration
from launch_service_node.allow_list.reading import read_allow_list
from launch_service_node.allow_list.schema import SECTIONS
from launch_service_node.environment import TAKEN_OVER
from launch_service_node.errors import NotAllowed

from .conftest import Prefix

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / 'docs/allow_list.md').read_text()
EXAMPLE = ROOT / 'config/example.yaml'


def documented() -> dict[str, list[str]]:
    """Return the cells of each row of a table of keys, by key."""
    rows: dict[str, list[str]] = {}
    in_table = False
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]]
        if cells[:1] == ['key']:
            in_table = True
        elif not cells:
            in_table = False
        elif in_table and cells[0].startswith('`'):
            assert cells[0] not in rows
            rows[cells[0].strip('`')] = cells[1:]
    return rows


def test_every_key_is_documented_and_no_other() -> None:
    """Both ways."""
    keys = {f'{section}.{key}'.lstrip('.')
            for section, readers in SECTIONS.items() for key in readers}
    assert set(documented()) == keys


def test_every_key_has_a_type_and_a_meaning() -> None:
    """No cell but that of the default is empty."""
    for key, (takes, _, meaning) in documented().items():
        assert takes and meaning, key


@pytest.mark.parametrize(('section', 'values'), [
    ('restart', RestartSettings()), ('stop', StopSettings()), ('limits', LimitSettings()),
    ('ready', ReadySettings())])
def test_documented_defaults_are_true(section: str, values: object) -> None:
    """None is written as 'none'."""
    rows = documented()
    for name in type(values)._fields:  # type: ignore[attr-defined]
        key, value = f'{section}.{name}', getattr(values, name)
        if key == 'restart.window':
            continue  # part of the limit
        said = rows[key][1]
        if key == 'restart.limit':
            assert said == f'{value} in {RestartSettings().window:g} s'
        elif value is None or isinstance(value, (bool, str)):
            assert said == str(value).lower(), key
        else:
            assert duration(said) == value, key


def test_every_forbidden_variable_is_documented_with_its_reason() -> None:
    """And no other."""
    rows = re.findall(r'^\| (`.*`) \| (it .*|the .*|programs .*) \|$', TEXT, re.MULTILINE)
    said = {(name, reason) for names, reason in rows for name in re.findall('`([^`]+)`', names)}
    assert said == set(FORBIDDEN)


def test_the_clean_environment_is_documented() -> None:
    """Every name of it."""
    paragraph = TEXT.split('The clean environment holds', 1)[1].split('as the instance has', 1)[0]
    assert set(re.findall('`([^`]+)`', paragraph)) == set(TAKEN_OVER)


def test_the_bounds_are_documented() -> None:
    """The numbers of the code are in the text."""
    for number in (resolve.MAX_COUNT, resolve.MAX_LENGTH, resolve.MAX_TOTAL):
        assert f' {number} ' in TEXT


def test_the_example_is_valid(prefix: Prefix, tmp_path: Path) -> None:
    """Its commented entries too."""
    prefix.package('launch_service_node')
    for name in ('talker', 'listener', 'crasher', 'stubborn', 'chatter'):
        prefix.program(f'lib/launch_service_node/{name}')
    copy = tmp_path / 'example.yaml'
    copy.write_bytes(EXAMPLE.read_bytes())
    read = read_allow_list(str(copy), prefix.environment)
    assert read.problems == ()
    assert list(read.entries) == ['talker', 'listener', 'crasher', 'stubborn', 'chatter']

    prefix.package('my_robot')
    prefix.file('share/my_robot/launch/navigation.launch.py')
    prefix.package('usb_cam')
    prefix.program('lib/usb_cam/usb_cam_node_exe')
    whole = re.sub(r'^  # ?(?=- id| {2}\w|$)', '  ', EXAMPLE.read_text(), flags=re.MULTILINE)
    copy.write_text(whole)
    read = read_allow_list(str(copy), prefix.environment)
    assert [problem.message for problem in read.problems] == [
        "there is no user 'recorder' on this host"]
    assert list(read.entries)[5:] == ['navigation', 'camera', 'record']


def test_the_example_lets_the_talker_be_told_what_to_say() -> None:
    """But nothing that a ROS node would obey."""
    assert os.path.exists(EXAMPLE)
    read = read_allow_list(str(EXAMPLE), {})
    slots = read.entries['talker'].slots
    assert resolve.assign(['--message=Hello, world!', '--rate=2.5'], slots) == [0, 1]
    with pytest.raises(NotAllowed):
        resolve.assign(['--message=--ros-args'], slots)
