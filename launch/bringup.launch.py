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
Bring a robot up over SSH and start what it needs, in order; then this computer may leave.

    ros2 launch launch_service_node bringup.launch.py host:=robot1 namespace:=robot1 \
        setup:=/opt/ros/kilted/setup.bash allow_list:=robot1.yaml
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration

from launch_service_node.actions import BootstrapLaunchService, StartProcess
from launch_service_node.machines import SSHMachine


def generate_launch_description() -> LaunchDescription:
    """Describe a robot, and two processes on it."""
    robot = SSHMachine(
        hostname=LaunchConfiguration('host'), setup=[LaunchConfiguration('setup')])
    namespace = LaunchConfiguration('namespace')
    return LaunchDescription([
        DeclareLaunchArgument('host', description='the robot, as `ssh` calls it'),
        DeclareLaunchArgument('namespace', description='of the robot, such as robot1'),
        DeclareLaunchArgument('setup', description='the ROS set-up script there'),
        DeclareLaunchArgument(
            'allow_list', description='a file here of what may be started there; it is sent'),
        DeclareLaunchArgument('first', default_value='lidar', description='started first'),
        DeclareLaunchArgument(
            'then', default_value='navigation', description='started when the first is ready'),
        BootstrapLaunchService(
            machine=robot, namespace=namespace, allow_list=LaunchConfiguration('allow_list'),
            on_ready=[
                StartProcess(namespace=namespace, cmd=LaunchConfiguration('first'), on_ready=[
                    StartProcess(namespace=namespace, cmd=LaunchConfiguration('then'))])]),
    ])
