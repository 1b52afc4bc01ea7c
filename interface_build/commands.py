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

"""The commands of setup.py that know of interfaces; pip and colcon both end up here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import sys
from typing import Any

from setuptools import Command
from setuptools.command.build_py import build_py

# The one of setuptools: importing setuptools put it there.
from distutils.command.install_data import install_data  # isort: skip

from . import editable, layout
from .context import current
from .errors import InterfaceBuildError
from .prepare import find_prefixes
from .project import PACKAGE, ROOT, version
from .recipe import Built, Recipe
from .wrappers import write_executables


@contextmanager
def one_line() -> Iterator[None]:
    """Turn our errors into one line on standard error and a failed exit."""
    try:
        yield
    except InterfaceBuildError as error:
        raise SystemExit(f'error: {error}') from None


class BuildInterfaces(Command):
    """Generate and compile the messages and services."""

    description = 'generate and compile the messages and services'
    user_options = [('build-base=', 'b', 'base folder for build products')]

    built: Built
    entries: list[layout.Entry]

    def initialize_options(self) -> None:
        """Set the options to what they are when nobody sets them."""
        self.build_base: Any = None

    def finalize_options(self) -> None:
        """Take the build folder from the command `build`."""
        self.set_undefined_options('build', ('build_base', 'build_base'))

    def run(self) -> None:
        """Build what is not up to date, and tell what is to be installed."""
        # Absolute, since objects are up to date only if they are asked for by the same name.
        work = Path(os.path.abspath(self.build_base)) / 'interfaces'
        with one_line():
            prefixes = find_prefixes(os.environ)
            self.built = Recipe(PACKAGE, ROOT, work, prefixes, os.environ).build()
        executables = write_executables(
            work / 'libexec', None if current.wheel else sys.executable)
        self.entries = layout.relative_to_here(
            layout.built_files(PACKAGE, version(), self.built, work, executables))


def _build_interfaces(command: Any) -> BuildInterfaces:
    command.run_command('build_interfaces')
    return command.get_finalized_command('build_interfaces')


class BuildPy(build_py):
    """Build the Python packages, generated modules included."""

    _generated: list[str] = []

    def run(self) -> None:
        """Build the interfaces, and copy them beside the hand-written modules."""
        built = _build_interfaces(self).built
        if not current.editable:
            super().run()
        lib = Path(self.build_lib)
        files = []
        if current.editable:
            files += editable.write_finder(PACKAGE, ROOT / PACKAGE, lib)
            target = lib / editable.generated_folder(PACKAGE)
        else:
            target = lib / PACKAGE
        files += layout.copy_python(PACKAGE, built, target)
        self._generated = [str(path) for path in files]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return all files that were copied, for the record of the installation."""
        if current.editable:
            return self._generated
        return [*super().get_outputs(include_bytecode), *self._generated]


class InstallData(install_data):
    """Install data files, what was built included."""

    def run(self) -> None:
        """Install the data files."""
        self.data_files = [*(self.data_files or []), *_build_interfaces(self).entries]
        super().run()


def command_classes() -> dict[str, type]:
    """Return the commands by name, for setup.py."""
    classes: dict[str, type] = {
        'build_interfaces': BuildInterfaces,
        'build_py': BuildPy,
        'install_data': InstallData,
    }
    from . import symlink_install
    if symlink_install.develop is not None:
        classes['develop'] = symlink_install.Develop
    return classes
