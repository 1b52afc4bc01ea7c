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
Generates and compiles msg/ and srv/ without CMake, for pip and for colcon.

::

    backend ──► requirements ──► environment    what pip calls; which wheels to ask for
       │
    project ──► commands ──► prepare            what setup.py says and does
                   ├──► recipe ──► interfaces   one build: which files, which packages,
                   │      ├──► generate         rosidl's generators,
                   │      ├──► libraries        which library is made of what (a table),
                   │      └──► objects          what is up to date,
                   │           compiler         and the rest compiled, in parallel
                   └──► layout, cmake, wrappers, editable, symlink_install
                                                what is installed, and where

It is used while the package is built and is never installed with it.
"""

import sys

# Here, since what follows does not even import on an older one.
if sys.version_info < (3, 10):  # noqa: UP036
    raise SystemExit('error: launch_service_node needs Python 3.10 or newer, and this is '
                     + '.'.join(map(str, sys.version_info[:3])))
