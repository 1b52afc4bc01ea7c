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

"""What is installed where: the ament layout of an interface package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import os
from pathlib import Path
import shutil

from .cmake import write_config
from .recipe import Built

#: Destination below the prefix, and source files: an entry of data_files.
Entry = tuple[str, list[str]]
_INDEX = 'share/ament_index/resource_index'


def source_files(package: str, root: Path) -> list[Entry]:
    """Return what is installed from the source folder as it is, with paths relative to it."""
    def found(*patterns: str) -> list[str]:
        return sorted(path.relative_to(root).as_posix()
                      for pattern in patterns for path in root.glob(pattern) if path.is_file())

    share = f'share/{package}'
    entries = [
        (f'{_INDEX}/packages', [f'resource/{package}']),
        (share, ['package.xml']),
        (f'{share}/msg', found('msg/*.msg')),
        (f'{share}/srv', found('srv/*.srv')),
        (f'{share}/launch', found('launch/*.launch.*')),
        (f'{share}/config', found('config/*.yaml', 'config/*.policy.xml')),
    ]
    return [(destination, files) for destination, files in entries if files]


def index_content(interfaces: Iterable[str]) -> str:
    """Return the entry of an interface package in the ament index: each file, and its IDL."""
    names = set()
    for name in interfaces:
        names |= {name, str(Path(name).with_suffix('.idl'))}
    return '\n'.join(sorted(names))


def built_files(
    package: str, version: str, built: Built, work: Path, executables: Sequence[Path],
) -> list[Entry]:
    """
    Return what is installed of what was built, with absolute paths.

    :param work: where to write what is not there yet: the entry of the index, CMake's files.
    """
    index = work / 'index' / package
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_text(index_content(built.interfaces), encoding='utf-8')
    entries = {
        'lib': list(built.libraries),
        f'lib/{package}': list(executables),
        f'{_INDEX}/rosidl_interfaces': [index],
        f'share/{package}/cmake': write_config(
            work / 'cmake', package, version, built.interfaces, built.dependencies),
    }
    for name in built.interfaces:
        path = Path(name)
        entries.setdefault(f'share/{package}/{path.parent}', []).extend((
            built.idl / path.with_suffix('.idl'),
            built.descriptions / path.with_suffix('.json')))
    headers = set()
    for folder in built.generated.values():
        for path in sorted(folder.glob('**/*.h*')):
            relative = path.relative_to(folder)
            if relative not in headers:
                headers.add(relative)
                entries.setdefault(
                    f'include/{package}/{relative.parent.as_posix()}', []).append(path)
    return [(destination, [str(path) for path in paths]) for destination, paths in entries.items()]


def relative_to_here(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries with paths relative to the current folder, as distutils wants them."""
    return [(destination, [os.path.relpath(path) for path in paths])
            for destination, paths in entries]


def python_files(package: str, built: Built) -> list[tuple[Path, Path]]:
    """Return the generated files of the Python package: source, and path below the package."""
    root = built.generated['rosidl_generator_py'] / package
    modules = [(path, path.relative_to(root)) for path in sorted(root.glob('*/*.py'))]
    return [*modules, *((path, Path(path.name)) for path in built.extensions)]


def copy_python(package: str, built: Built, folder: Path) -> list[Path]:
    """
    Make a folder's msg/, srv/ and extension modules what was built; return the files.

    Whatever else is in msg/ and srv/ is removed: modules of interfaces that are no more.
    """
    for kind in {Path(name).parts[0] for name in built.interfaces}:
        shutil.rmtree(folder / kind, ignore_errors=True)
    copies = []
    for source, relative in python_files(package, built):
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        copies.append(target)
    return copies
