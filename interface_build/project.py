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

"""What setup.py tells setuptools: the package, what it needs, what it installs."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from setuptools import Distribution, find_packages

from . import layout
from .context import current

PACKAGE = 'launch_service_node'
ROOT = Path(__file__).resolve().parents[1]


class PlatformDistribution(Distribution):
    """A distribution with compiled parts, whose wheel is for one Python and platform."""

    def has_ext_modules(self) -> bool:
        """Return True: they are compiled by a command of our own."""
        return True


def version(init: Path = ROOT / PACKAGE / '__init__.py') -> str:
    """Return `__version__` of the package, without importing it."""
    for node in ast.parse(init.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '__version__':
            return str(ast.literal_eval(node.value))
    raise ValueError(f'{init} sets no __version__')


def setup_arguments() -> dict[str, Any]:
    """Return the arguments for setuptools.setup."""
    from . import commands
    arguments: dict[str, Any] = {
        'name': PACKAGE,
        'version': version(),
        'description': 'Starts, watches and stops processes on many machines with ROS 2',
        'long_description': _text('README.md'),
        'long_description_content_type': 'text/markdown',
        'author': 'The launch_service_node Authors',
        'maintainer': 'launch_service_node maintainers',
        'maintainer_email': 'maintainers@launch-service-node.invalid',
        'license': 'Apache-2.0',
        'python_requires': '>=3.10',
        'packages': find_packages(str(ROOT), include=[PACKAGE, f'{PACKAGE}.*']),
        'package_data': {'': ['py.typed', '*.sh', '*.yaml', '*.xml', '*.json']},
        'zip_safe': False,
        'data_files': layout.source_files(PACKAGE, ROOT),
        'install_requires': [
            'psutil', 'PyYAML', 'paramiko>=2.12', *current.ros_requirements],
        'extras_require': {'test': ['pytest', 'pytest-xdist', 'hypothesis', 'ruff', 'mypy']},
        'entry_points': {
            'console_scripts': [
                f'launch-service = {PACKAGE}.cli.main:main',
                f'{PACKAGE} = {PACKAGE}.node.main:main',
            ],
            'ros2cli.command': [
                f'launch_service = {PACKAGE}.cli.ros2:LaunchServiceCommand',
            ],
            # What makes the actions known to launch files in XML and YAML.
            'launch.frontend.launch_extension': [
                f'{PACKAGE} = {PACKAGE}.launch_extension',
            ],
        },
        'cmdclass': commands.command_classes(),
    }
    if current.wheel:
        arguments['distclass'] = PlatformDistribution
    if current.work_folder is not None:
        # Everything that setuptools writes goes there too, nothing into the source folder.
        for name in ('build', 'egg-info'):
            (current.work_folder / name).mkdir(parents=True, exist_ok=True)
        arguments['options'] = {
            'build': {'build_base': str(current.work_folder / 'build')},
            'egg_info': {'egg_base': str(current.work_folder / 'egg-info')},
        }
    return arguments


def _text(name: str) -> str:
    path = ROOT / name
    return path.read_text(encoding='utf-8') if path.is_file() else ''
