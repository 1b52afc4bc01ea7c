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

"""The package folder of a workspace that is installed as links."""

from interface_build.symlink_install import link_package


def test_the_link_to_the_package_becomes_a_folder_of_links(tmp_path):
    source, folder = tmp_path / 'source', tmp_path / 'build'
    for name in ('room', '__pycache__', '.cache'):
        (source / name).mkdir(parents=True)
    (source / 'module.py').write_text('1', encoding='utf-8')
    folder.symlink_to(source)
    link_package(source, folder)
    assert not folder.is_symlink()
    assert {path.name for path in folder.iterdir()} == {'room', 'module.py'}
    assert (folder / 'module.py').is_symlink()

    (folder / 'msg').mkdir()
    assert not (source / 'msg').exists()
    link_package(source, folder)
    assert (folder / 'msg').is_dir()
