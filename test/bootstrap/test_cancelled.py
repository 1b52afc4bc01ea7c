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

"""Whoever cancels a bootstrap while it connects leaves no session open."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from launch_service_node.bootstrap.bringing_up import bring_up
from launch_service_node.bootstrap.request import Request
from launch_service_node.errors import Unreachable
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.target import Target


def test_a_session_that_opens_too_late_is_closed() -> None:
    cancel, closed = threading.Event(), threading.Event()

    class Session:
        def close(self) -> None:
            closed.set()

    class Pool:
        def open_session(self, *_: object) -> Session:
            cancel.set()
            return Session()

    pool: Any = Pool()
    with pytest.raises(Unreachable, match='robot is not waited for any longer, and has begun'):
        bring_up(pool, Request(Host(Target('robot')), wait_for_graph=False), cancel=cancel)
    assert closed.is_set()
