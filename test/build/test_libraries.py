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

"""The table of libraries."""

from interface_build.libraries import libraries

TABLE = libraries('pkg', ['builtin_interfaces', 'service_msgs'])


def test_an_interface_package_has_the_libraries_that_rosidl_gives_it():
    assert {each.name for each in TABLE if not each.extension} == {
        f'pkg__{suffix}' for suffix in (
            'rosidl_generator_c', 'rosidl_generator_py',
            'rosidl_typesupport_c', 'rosidl_typesupport_cpp',
            'rosidl_typesupport_fastrtps_c', 'rosidl_typesupport_fastrtps_cpp',
            'rosidl_typesupport_introspection_c', 'rosidl_typesupport_introspection_cpp')}


def test_there_are_three_extension_modules():
    assert [each.name for each in TABLE if each.extension] == [
        'pkg_s__rosidl_typesupport_c', 'pkg_s__rosidl_typesupport_fastrtps_c',
        'pkg_s__rosidl_typesupport_introspection_c']


def test_each_library_comes_after_those_that_it_is_linked_with():
    seen = set()
    for library in TABLE:
        assert set(library.own) <= seen, library.name
        seen.add(library.name)


def test_only_what_uses_python_may_have_symbols_of_the_interpreter():
    assert {each.name for each in TABLE if each.python} == {
        'pkg__rosidl_generator_py', *(each.name for each in TABLE if each.extension)}


def test_type_supports_are_linked_with_those_of_the_messages_used():
    cpp = next(each for each in TABLE if each.name == 'pkg__rosidl_typesupport_fastrtps_cpp')
    assert 'builtin_interfaces__rosidl_typesupport_fastrtps_cpp' in cpp.others
    assert 'fastcdr' in cpp.others
