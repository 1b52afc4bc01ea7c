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

"""What two threads must not load at the same time, or one of them sees a half of it."""

from __future__ import annotations

import threading
from typing import TypeVar

Interface = TypeVar('Interface')

#: Held while rclpy, or what belongs to a message or a service, is loaded.
LOADING = threading.Lock()


def loaded(interface: type[Interface]) -> type[Interface]:
    """
    Return a generated class, when it can be sent and received.

    What that takes is loaded with the first use, in steps, and the first step is what rclpy
    looks at: a second thread goes on with a service whose request can't be converted yet
    (`'NoneType' is not an instance of 'capsule'`).
    """
    with LOADING:
        from rclpy.type_support import check_for_type_support
        check_for_type_support(interface)
    return interface
