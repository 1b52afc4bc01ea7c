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

"""Connections that work, and those that fail in a certain way, for tests."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from launch_service_node.errors import LaunchServiceError
from launch_service_node.ssh.config import resolve
from launch_service_node.ssh.connection import connect
from launch_service_node.ssh.target import Target


def without_ssh(target: Target) -> Any:
    return resolve(target, ssh=None)


def works(target: Target, **options: Any) -> None:
    connection = connect(target, **options)
    try:
        session = connection.open_session(30)
        channel = session.channel
        channel.exec_command('echo here')
        channel.settimeout(30)
        assert channel.recv(100) == b'here\n'
        session.close()
    finally:
        connection.close()
    assert not connection.alive


def fails(target: Target, error: type[LaunchServiceError], *words: str) -> LaunchServiceError:
    before = threading.active_count()
    with pytest.raises(error) as caught:
        connect(target).close()
    message = str(caught.value)
    assert '\n' not in message
    for word in words:
        assert word in message
    assert type(caught.value) is error
    assert threading.active_count() <= before + 1, 'a failure leaves threads'
    return caught.value
