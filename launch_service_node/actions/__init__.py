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

"""Launch actions: run on machines, bring instances up, and have them start and stop."""

from .bootstrap_launch_service import BootstrapLaunchService
from .execute_remote import ExecuteRemote
from .execute_remote_ssh import ExecuteRemoteSSH
from .remote_node import RemoteNode
from .shutdown_launch_service import ShutdownLaunchService
from .start_process import StartProcess
from .stop_process import StopProcess

__all__ = [
    'BootstrapLaunchService',
    'ExecuteRemote',
    'ExecuteRemoteSSH',
    'RemoteNode',
    'ShutdownLaunchService',
    'StartProcess',
    'StopProcess',
]
