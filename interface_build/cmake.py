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
What `find_package(launch_service_node)` finds: targets with the names that rosidl gives.

Each target is linked with its counterparts in the packages whose messages are used;
those bring rosidl's own libraries along.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_SUFFIXES = (
    'rosidl_generator_c',
    'rosidl_generator_cpp',
    'rosidl_typesupport_introspection_c',
    'rosidl_typesupport_introspection_cpp',
    'rosidl_typesupport_fastrtps_c',
    'rosidl_typesupport_fastrtps_cpp',
    'rosidl_typesupport_c',
    'rosidl_typesupport_cpp',
)
_HEADER_ONLY = 'rosidl_generator_cpp'

_CONFIG = """\
# Written by the build of {package}.
if({package}_CONFIG_INCLUDED)
  return()
endif()
set({package}_CONFIG_INCLUDED TRUE)

include(CMakeFindDependencyMacro)
set({package}_RECURSIVE_DEPENDENCIES {dependencies})
foreach(_package ${{{package}_RECURSIVE_DEPENDENCIES}})
  find_dependency(${{_package}})
endforeach()

get_filename_component(_prefix "${{CMAKE_CURRENT_LIST_DIR}}/../../.." ABSOLUTE)
foreach(_suffix {suffixes})
  set(_target {package}::{package}__${{_suffix}})
  if(_suffix STREQUAL "{header_only}")
    add_library(${{_target}} INTERFACE IMPORTED)
    set(_needs "")
  else()
    add_library(${{_target}} SHARED IMPORTED)
    set_target_properties(${{_target}} PROPERTIES
      IMPORTED_LOCATION "${{_prefix}}/lib/lib{package}__${{_suffix}}.so"
      IMPORTED_SONAME "lib{package}__${{_suffix}}.so")
    set(_needs {package}::{package}__rosidl_generator_c)
  endif()
  if(_suffix MATCHES "_cpp$")
    list(APPEND _needs {package}::{package}__rosidl_generator_cpp)
  endif()
  list(REMOVE_ITEM _needs ${{_target}})
  foreach(_package ${{{package}_RECURSIVE_DEPENDENCIES}})
    list(APPEND _needs ${{${{_package}}_TARGETS__${{_suffix}}}})
  endforeach()
  set_target_properties(${{_target}} PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${{_prefix}}/include/{package}"
    INTERFACE_LINK_LIBRARIES "${{_needs}}")
  set({package}_TARGETS__${{_suffix}} ${{_target}})
  list(APPEND {package}_TARGETS ${{_target}})
endforeach()

# What ament and rosidl look for in a package.
set({package}_FOUND_AMENT_PACKAGE TRUE)
set({package}_INCLUDE_DIRS "${{_prefix}}/include/{package}")
set({package}_LIBRARIES ${{{package}_TARGETS}})
set({package}_DEFINITIONS "")
set({package}_IDL_FILES {idl_files})
set({package}_INTERFACE_FILES {interface_files})
"""

_VERSION = """\
set(PACKAGE_VERSION "{version}")
if(PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
"""


def config(package: str, interfaces: Sequence[str], dependencies: Sequence[str]) -> str:
    """Return the text of the configuration file."""
    return _CONFIG.format(
        package=package,
        dependencies=' '.join(dependencies),
        suffixes=' '.join(_SUFFIXES),
        header_only=_HEADER_ONLY,
        idl_files=' '.join(str(Path(name).with_suffix('.idl')) for name in interfaces),
        interface_files=' '.join(interfaces))


def write_config(
    folder: Path, package: str, version: str, interfaces: Sequence[str],
    dependencies: Sequence[str],
) -> list[Path]:
    """Write the files for CMake into a folder, made when missing; return them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        folder / f'{package}Config.cmake': config(package, interfaces, dependencies),
        folder / f'{package}Config-version.cmake': _VERSION.format(version=version),
    }
    for path, text in files.items():
        path.write_text(text, encoding='utf-8')
    return list(files)
