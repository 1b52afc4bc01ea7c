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

"""A ROS domain that no other test uses at the same time."""

from collections.abc import Iterator
import fcntl
import os
import tempfile

import pytest


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give a ROS_DOMAIN_ID of this test alone, on this host alone."""
    for number in range(1, 101):
        path = os.path.join(tempfile.gettempdir(), f'ros_domain_{number}.lock')
        with open(path, 'w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            monkeypatch.setenv('ROS_DOMAIN_ID', str(number))
            monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
            yield number
            return
    pytest.fail('every ROS domain is taken')
