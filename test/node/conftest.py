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

"""What the tests of the node share: a ROS domain of their own, and the processes they start."""

import os

import pytest


@pytest.fixture(scope='session')
def domain_id():
    """Return a ROS domain that no other test process uses, and keep to this machine."""
    number = 1 + os.getpid() % 100
    os.environ.update(ROS_DOMAIN_ID=str(number), ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')
    return number
