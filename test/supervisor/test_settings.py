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

"""The settings of an instance: what may be changed, and to what."""

from __future__ import annotations

import pytest

from launch_service_node.errors import InvalidRequest
from launch_service_node.supervisor.settings import Settings


def test_a_whole_number_of_seconds_may_become_a_fraction_later() -> None:
    whole = Settings().changed_by({'max_start_rate': 1, 'measure_period': 2})
    assert whole.changed_by({'max_start_rate': 0.5, 'measure_period': 0.5}).max_start_rate == 0.5


@pytest.mark.parametrize('change', [
    {'max_processes': 1.5}, {'max_processes': True}, {'max_start_rate': '1'},
    {'allow_list': 'x'}, {'what': 1}])
def test_a_value_of_another_type_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        Settings().changed_by(change)
