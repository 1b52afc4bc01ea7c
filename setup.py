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

"""Installs the package, with its messages and services; interface_build/ has what it takes."""

from pathlib import Path
import sys

from setuptools import setup

# The folder of this file is not always on the path: pip and colcon run it from elsewhere.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from interface_build.project import setup_arguments  # noqa: E402

setup(**setup_arguments())
