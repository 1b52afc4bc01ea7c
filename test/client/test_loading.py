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

"""Two threads that need the same service at once both get the whole of it."""

import subprocess
import sys
import textwrap

from harness import PATIENCE
import pytest

pytest.importorskip('rclpy', reason='rclpy cannot be imported')

# In a process of its own, where nothing is loaded yet. The first thread is held up in the
# middle until the second one has its service, or half a second, if it is kept waiting as well.
PROGRAM = textwrap.dedent("""\
    import threading
    from launch_service_node.client.caller import service_type
    from launch_service_node.client.names import LIST
    from launch_service_node.srv import ListProcesses

    request = type(ListProcesses.Request)
    load, half, other = request.__import_type_support__, threading.Event(), threading.Event()

    def load_slowly():
        half.set()
        other.wait(0.5)
        load()
    request.__import_type_support__ = load_slowly
    first = threading.Thread(target=service_type, args=(LIST,))
    first.start()
    assert half.wait(60)
    service_type(LIST)
    print('whole' if request._CREATE_ROS_MESSAGE else 'half')
    other.set()
    first.join()
    """)


def test_a_service_that_another_thread_is_loading_is_waited_for() -> None:
    done = subprocess.run([sys.executable, '-c', PROGRAM], text=True, capture_output=True,
                          timeout=PATIENCE * 3, check=False)
    assert (done.stdout, done.stderr) == ('whole\n', '')
