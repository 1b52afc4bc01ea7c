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

"""docs/node.md and the node say the same."""

from pathlib import Path
import re

import pytest

from launch_service_node.node import main, qos
from launch_service_node.node.parameters import SPECS
from launch_service_node.node.services import OPERATIONS

PAGE = (Path(__file__).parents[2] / 'docs' / 'node.md').read_text(encoding='utf-8')


def rows(heading):
    """Return the cells of the tables below a heading."""
    section = PAGE.split(f'\n## {heading}\n', 1)[1].split('\n## ', 1)[0]
    return [[cell.strip() for cell in line.strip('|').split('|')]
            for line in section.splitlines() if line.startswith('| `')]


def test_every_parameter_is_on_the_page_with_its_default():
    def shown(value):
        return {True: 'true', False: 'false'}.get(value, str(value)) \
            if isinstance(value, bool) else str(value)
    assert {row[0].strip('`'): (row[1].strip('`'), row[2]) for row in rows('Parameters')} == {
        spec.name: (shown(spec.default), 'no' if spec.fixed else 'yes')
        for spec in SPECS.values()}


def test_every_service_is_on_the_page_with_its_type():
    def shown(operation):
        package = operation.type.__module__.split('.')[0]
        name = operation.type.__name__
        return name if package == 'launch_service_node' else f'{package}/{name}'
    assert {row[0].strip('`'): row[1].strip('`') for row in rows('Services')} == {
        f'~/{operation.service}': shown(operation) for operation in OPERATIONS}


def test_the_page_has_the_numbers_of_the_profiles():
    found = {row[0].strip('`'): row for row in rows('Topics')}
    assert f'deadline {qos.DEADLINE:g} periods' in found['~/heartbeat'][5]
    assert f'lease {qos.LEASE:g} periods' in found['~/heartbeat'][5]
    assert f'{qos.STATUS_DEPTH} or more' == found['~/process_status'][4]


@pytest.mark.parametrize('code', [
    main.OK, main.FAILED, main.BAD_USAGE, main.CONFLICT, main.NO_SUPERVISOR])
def test_every_exit_code_is_on_the_page(code):
    assert re.search(rf'^\| {code} \| \w', PAGE, re.M)
