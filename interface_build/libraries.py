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

"""Which libraries an interface package consists of: from what, linked with what. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PYTHON_TYPESUPPORTS = (
    'rosidl_typesupport_c', 'rosidl_typesupport_fastrtps_c', 'rosidl_typesupport_introspection_c')
_FASTRTPS = (
    'rosidl_typesupport_fastrtps_c', 'rosidl_typesupport_fastrtps_cpp', 'fastcdr', 'rmw',
    'rosidl_dynamic_typesupport')
_INTROSPECTION = ('rosidl_typesupport_introspection_c', 'rosidl_typesupport_introspection_cpp')
# Type support: its sources, and the libraries that it is linked with. The linker
# drops those that a library turns out not to need.
_TYPESUPPORTS = {
    'rosidl_typesupport_introspection_c': ('**/*.c', _INTROSPECTION),
    'rosidl_typesupport_introspection_cpp': ('**/*.cpp', _INTROSPECTION),
    'rosidl_typesupport_fastrtps_c': ('**/*.cpp', _FASTRTPS),
    'rosidl_typesupport_fastrtps_cpp': ('**/*.cpp', _FASTRTPS),
    'rosidl_typesupport_c': ('**/*.cpp', ('rosidl_typesupport_c',)),
    'rosidl_typesupport_cpp': ('**/*.cpp', ('rosidl_typesupport_cpp', 'rosidl_typesupport_c')),
}
# What every library may need.
_BASE = ('rosidl_runtime_c', 'rcutils')
#: Packages whose headers the generated code includes, besides those of the messages it uses.
HEADER_PACKAGES = (
    'rcutils', 'rmw', 'rosidl_dynamic_typesupport', 'rosidl_runtime_c', 'rosidl_runtime_cpp',
    'rosidl_typesupport_interface', *_TYPESUPPORTS)


@dataclass(frozen=True)
class Library:
    """A shared library in lib/, or an extension module in the Python package."""

    name: str
    #: The generator that its sources are of, and their pattern in its output.
    generator: str
    sources: str
    #: What it is linked with: libraries of this package, and of others (`rcutils`).
    own: tuple[str, ...]
    others: tuple[str, ...]
    #: Whether it uses Python, and so has symbols that only the interpreter has.
    python: bool = False
    extension: bool = False


def libraries(package: str, dependencies: Sequence[str]) -> list[Library]:
    """
    Return the libraries of a package, each after those that it is linked with.

    :param dependencies: the packages whose messages it uses.
    """
    def of_dependencies(*suffixes: str) -> tuple[str, ...]:
        return tuple(f'{name}__{suffix}' for suffix in suffixes for name in dependencies)

    c = f'{package}__rosidl_generator_c'
    dispatcher = f'{package}__rosidl_typesupport_c'
    python = f'{package}__rosidl_generator_py'
    result = [Library(c, 'rosidl_generator_c', '**/*.c', (),
                      (*of_dependencies('rosidl_generator_c'), *_BASE))]
    for name, (sources, others) in _TYPESUPPORTS.items():
        result.append(Library(
            f'{package}__{name}', name, sources, (c,),
            (*of_dependencies(name, 'rosidl_generator_c'), *others, *_BASE)))
    result.append(Library(
        python, 'rosidl_generator_py', '*/*_s.c', (dispatcher, c),
        (*of_dependencies('rosidl_generator_py', 'rosidl_generator_c'), *_BASE), python=True))
    for name in PYTHON_TYPESUPPORTS:
        own = dict.fromkeys((python, f'{package}__{name}', dispatcher, c))
        result.append(Library(
            f'{package}_s__{name}', 'rosidl_generator_py', f'_{package}_s.ep.{name}.c',
            tuple(own),
            (*of_dependencies('rosidl_typesupport_c', 'rosidl_generator_c'),
             'rosidl_typesupport_c', *_BASE),
            python=True, extension=True))
    return result
