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
What `colcon build --symlink-install` runs: `setup.py develop`, in the build folder.

colcon has put a link to the source folder's package there, and the build folder on
PYTHONPATH. The generated modules belong beside the hand-written ones, but not into
the source folder: so that link becomes a folder, with a link for each entry of the
source folder's package and with the generated modules. colcon makes it a link again
before its next build.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import layout
from .project import PACKAGE, ROOT

try:
    from setuptools.command.develop import develop
except ImportError:  # it is on its way out of setuptools; colcon then installs copies
    develop = None


def link_package(source: Path, folder: Path) -> None:
    """Make a folder that has a link for each entry of source; it may be a link to source yet."""
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(exist_ok=True)
    for entry in source.iterdir():
        link = folder / entry.name
        if entry.name != '__pycache__' and entry.name[0] != '.' and not link.is_symlink():
            link.symlink_to(entry)


if develop is not None:
    class Develop(develop):
        """Install links to the hand-written modules, and the generated ones."""

        def install_for_development(self, *args: Any, **kwargs: Any) -> None:
            """Build the interfaces, link the package, and install it as ever."""
            package = Path.cwd() / PACKAGE
            if package.resolve() == package and package == ROOT / PACKAGE:
                raise SystemExit(
                    'error: setup.py develop would write into the source folder: '
                    'use pip install -e . or colcon build --symlink-install')
            command = self.get_finalized_command('build_interfaces')
            if self.build_directory:
                command.build_base = self.build_directory
            self.run_command('build_interfaces')
            link_package(ROOT / PACKAGE, package)
            layout.copy_python(PACKAGE, command.built, package)
            # colcon's symlink_data, which runs next, installs them as links.
            self.distribution.data_files.extend(command.entries)
            super().install_for_development(*args, **kwargs)
