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
