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

"""Shell scripts as remote processes of a launch; needs `launch`."""

from __future__ import annotations

from typing import Any

from launch.actions import EmitEvent
from launch.events import matches_action
from launch.events.process import ShutdownProcess
from launching import machine_on
from ssh_servers import Sshd

from launch_service_node.actions import ExecuteRemote


def shell(robot: Sshd, script: str, **arguments: Any) -> ExecuteRemote:
    return ExecuteRemote(**{'cmd': ['/bin/sh', '-c', script], 'machine': machine_on(robot),
                            'name': 'it', **arguments})


def stop(action: Any) -> EmitEvent:
    return EmitEvent(event=ShutdownProcess(process_matcher=matches_action(action)))
