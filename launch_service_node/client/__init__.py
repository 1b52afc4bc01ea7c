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

"""
One client for all calls of a LaunchServiceNode: the CLI, launch actions and rqt use it.

::

    with RosSession() as session, LaunchServiceClient(session.node, '/robot1') as client:
        status = client.start('lidar')

Importing this needs no ROS; making a RosSession does.
"""

from .api import LaunchServiceClient
from .discovery import find_nodes
from .names import namespace_of_node, node_of
from .session import RosSession

__all__ = ['LaunchServiceClient', 'RosSession', 'find_nodes', 'namespace_of_node', 'node_of']
