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
Run a LaunchServiceNode in the foreground of a launch file.

    ros2 launch launch_service_node launch_service.launch.py namespace:=robot1 allow_list:=a.yaml
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    """Describe one node; it and its processes end with the launch."""
    return LaunchDescription([
        DeclareLaunchArgument(
            'namespace', description='namespace of the instance, such as robot1'),
        DeclareLaunchArgument(
            'allow_list', default_value='',
            description='a file or folder of what may be started; without one: nothing'),
        DeclareLaunchArgument(
            'on_shutdown', default_value='stop', choices=['stop', 'keep'],
            description='whether the processes are stopped with the launch, or live on'),
        Node(
            package='launch_service_node', executable='launch_service_node',
            namespace=LaunchConfiguration('namespace'), output='screen',
            parameters=[{
                'allowable_processes': LaunchConfiguration('allow_list'),
                'on_shutdown': LaunchConfiguration('on_shutdown'),
            }],
            # A process may take its time to stop; launch must not be faster.
            sigterm_timeout='60', sigkill_timeout='10'),
    ])
