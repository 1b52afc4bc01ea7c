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

"""An output that nobody writes any more is bounded when it can be, and costs nothing else."""

from __future__ import annotations

from collections.abc import Callable
import errno
import os
from pathlib import Path

import pytest

from launch_service_node.supervisor.kernel.loop import Loop
from launch_service_node.supervisor.output import Output
from launch_service_node.supervisor.outputs import OutputKeeper


def test_what_can_not_be_bounded_for_long_is_tried_seldom(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop()
    waits: list[float] = []
    due: list[Callable[[], object]] = []

    def after(seconds: float, call: Callable[[], object]) -> None:
        waits.append(seconds)
        due.append(call)

    def bound(_: Output) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    keeper = OutputKeeper(loop)
    monkeypatch.setattr(loop, 'after', after)
    monkeypatch.setattr(Output, 'bound', bound)
    keeper.settle(Output(str(tmp_path / '1'), 1024 * 1024))
    while len(waits) < 20:
        due.pop()()
    assert waits[0] < 1.0
    assert waits[-2:] == [60.0, 60.0]
