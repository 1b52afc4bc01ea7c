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
What `pip install -e` installs instead of the hand-written modules.

They stay in the source folder, and what is generated must not land there. So an
import of the package is pointed to both: the source folder, and the folder beside
this installation's other packages that has msg/, srv/ and the extension modules.
"""

from __future__ import annotations

from pathlib import Path

_FINDER = '''\
"""Imports {package} from its source folder, and its messages from beside this file."""

import sys

SOURCE = {source!r}


class Finder:
    """Finds the package {package}; what is below it is found by Python itself."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Return where the package lies, None for any other."""
        if name != {package!r}:
            return None
        from importlib.util import spec_from_file_location
        from os.path import dirname, join
        return spec_from_file_location(
            name, join(SOURCE, '__init__.py'),
            submodule_search_locations=[SOURCE, join(dirname(__file__), {folder!r})])


sys.meta_path.insert(0, Finder)
'''


def generated_folder(package: str) -> str:
    """Return the name of the folder for what is generated, beside the installed packages."""
    return f'_{package}_generated'


def write_finder(package: str, source: Path, folder: Path) -> list[Path]:
    """
    Write the module that redirects imports, and the .pth file that loads it.

    :param source: folder of the hand-written package.
    :param folder: what becomes site-packages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    module = folder / f'_{package}_editable.py'
    module.write_text(
        _FINDER.format(package=package, source=str(source), folder=generated_folder(package)),
        encoding='utf-8')
    hook = folder / f'_{package}_editable.pth'
    hook.write_text(f'import {module.stem}\n', encoding='utf-8')
    return [module, hook]
