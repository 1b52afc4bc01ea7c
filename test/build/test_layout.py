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

"""What is installed where."""

from interface_build import layout


def entries(root):
    return dict(layout.source_files('launch_service_node', root))


def test_the_marker_and_the_manifest_are_there_before_anything_is_built(root):
    found = entries(root)
    assert found['share/ament_index/resource_index/packages'] == ['resource/launch_service_node']
    assert found['share/launch_service_node'] == ['package.xml']


def test_interfaces_are_installed_as_they_are_written(root):
    found = entries(root)
    assert 'msg/Heartbeat.msg' in found['share/launch_service_node/msg']
    assert 'srv/StartProcess.srv' in found['share/launch_service_node/srv']


def test_new_launch_files_and_configurations_are_picked_up(tmp_path):
    for name in ('launch/new.launch.xml', 'launch/notes.txt', 'config/robot.yaml'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = entries(tmp_path)
    assert found['share/launch_service_node/launch'] == ['launch/new.launch.xml']
    assert found['share/launch_service_node/config'] == ['config/robot.yaml']


def test_no_path_is_absolute(root):
    # colcon refuses those.
    assert not [path for paths in entries(root).values() for path in paths if path[0] == '/']


def test_the_index_names_each_interface_and_its_idl_sorted():
    assert layout.index_content(['srv/Do.srv', 'msg/B.msg', 'msg/A.msg']) == (
        'msg/A.idl\nmsg/A.msg\nmsg/B.idl\nmsg/B.msg\nsrv/Do.idl\nsrv/Do.srv')
