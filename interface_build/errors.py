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
Why interfaces can't be built, drawn once.

::

    InterfaceBuildError        one line, with cause and way out
    ├── Refused                nothing was built: the environment is not right
    │   ├── MixedDistros       parts of two ROS 2 distributions
    │   ├── NoGenerators       rosidl, or an interface package, is not here
    │   ├── UnsupportedDistro  ROS 2 without what the interfaces need
    │   └── NoCompiler         no C or C++ compiler
    └── StepFailed             a generator or the compiler said no
"""


class InterfaceBuildError(Exception):
    """The root; its text is one line with cause and way out."""


class Refused(InterfaceBuildError):
    """The environment is not right; nothing was built."""


class MixedDistros(Refused):
    """Parts of two ROS 2 distributions would be mixed."""


class NoGenerators(Refused):
    """A package of rosidl, or an interface package, is not here."""


class UnsupportedDistro(Refused):
    """This ROS 2 lacks something that the interfaces need."""


class NoCompiler(Refused):
    """There is no C or C++ compiler."""


class StepFailed(InterfaceBuildError):
    """A generator or the compiler failed; its own words were printed."""
