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

"""What BootstrapLaunchService refuses before it connects."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launching import Launcher  # noqa: E402

from launch_service_node.actions import BootstrapLaunchService  # noqa: E402
from launch_service_node.machines import SSHMachine  # noqa: E402


@pytest.mark.parametrize(('given', 'message'), [
    ({'timeout': 'inf'}, "timeout of the LaunchServiceNode on h is 'inf', which is no time that "
     'can be waited for'),
    ({'timeout': 2147484}, 'which is no time that can be waited for'),
    ({'graph_timeout': 'nan'}, "is 'nan', which is no time that can be waited for"),
    ({'timeout': 0}, 'has to be more than 0 seconds'),
])
def test_what_can_not_be_right_ends_the_launch_with_one_line(
        launcher: Launcher, given: dict[str, Any], message: str) -> None:
    assert launcher.run(BootstrapLaunchService(machine=SSHMachine('h'), **given)) == 1
    [line] = [one for one in launcher.log().splitlines() if 'Caught exception' in one]
    assert message in line
