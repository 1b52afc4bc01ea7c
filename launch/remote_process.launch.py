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
Runs a command on another machine; it ends with this launch.

::

    ros2 launch launch_service_node remote_process.launch.py hostname:=robot1
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo
from launch.substitutions import LaunchConfiguration

from launch_service_node.actions import ExecuteRemote
from launch_service_node.machines import SSHMachine
from launch_service_node.substitutions import RemoteSubstitution


def generate_launch_description():
    """Describe a machine, and what runs on it."""
    hostname = LaunchConfiguration('hostname')
    robot = SSHMachine(
        hostname, user=LaunchConfiguration('user'), port=LaunchConfiguration('port'),
        setup=[LaunchConfiguration('setup')], ssh_config=LaunchConfiguration('ssh_config'))
    return LaunchDescription([
        DeclareLaunchArgument(
            'hostname', description='A host name, an address, or an alias of ssh_config.'),
        DeclareLaunchArgument('cmd', default_value='uptime', description='What to run there.'),
        DeclareLaunchArgument(
            'user', default_value='', description='Who logs in; by default as ssh would do it.'),
        DeclareLaunchArgument(
            'port', default_value='', description='Of its sshd; by default as ssh would do it.'),
        DeclareLaunchArgument(
            'setup', default_value='',
            description='A set-up script there, such as /opt/ros/kilted/setup.bash.'),
        DeclareLaunchArgument(
            'ssh_config', default_value='', description='A file instead of ~/.ssh/config.'),
        LogInfo(msg=[hostname, ' runs Linux ', RemoteSubstitution('uname -r', machine=robot)]),
        ExecuteRemote(cmd=['sh', '-c', LaunchConfiguration('cmd')], machine=robot,
                      name='command', output='screen'),
    ])
