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

"""What the frontend told: setup.py by itself knows nothing of it, the backend sets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Context:
    """How this build was called."""

    #: Folder for everything that is generated; None leaves it to distutils (build/).
    work_folder: Path | None = None
    #: Requirements on wheels of ROS 2 that go into the metadata; none under colcon.
    ros_requirements: tuple[str, ...] = ()
    #: Whether the hand-written modules stay in the source folder (`pip install -e`).
    editable: bool = False
    #: Whether the result is a wheel, which may be installed for another interpreter.
    wheel: bool = False


current = Context()
