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

"""Ends the node of an instance, and a supervisor of another version; the processes live on."""

from __future__ import annotations

import os
import select
import signal

from ..errors import ResultCode, Unreachable
from ..protocol import SupervisorClient

#: Seconds for a node to leave, and for a supervisor to be gone.
_SOON = 15.0


def end_node(namespace: str, pid: int) -> None:
    """
    Have the node of an instance leave; its processes live on.

    :param pid: of the node.
    :raises Unreachable: it doesn't leave (code TIMED_OUT).
    """
    with SupervisorClient(namespace) as client:
        try:
            node = os.pidfd_open(pid)
        except ProcessLookupError:
            node = -1  # it has just fallen, and is not started again
        try:
            client.call('shutdown', keep_processes=True)
            if node >= 0:
                _wait_gone(node, f'the node of {namespace} (pid {pid}) does not end')
        finally:
            if node >= 0:
                os.close(node)


def release_node(namespace: str) -> None:
    """
    Let another node take the place of one that isn't attached; the processes live on.

    :raises Unreachable: the supervisor doesn't answer.
    """
    with SupervisorClient(namespace) as client:
        client.call('shutdown', keep_processes=True)


def end_supervisor(namespace: str) -> None:
    """
    End the supervisor of an instance whose node has left; its processes live on.

    Only SIGKILL ends it without them: what it knows is in the journal. An exit in the
    moment until the next one is there has an unknown status where the kernel doesn't tell.

    :raises Unreachable: it doesn't answer, or doesn't end.
    """
    with SupervisorClient(namespace) as client:
        pid = client.hello['pid']
        supervisor = os.pidfd_open(pid)
        try:
            client.call('status')  # it answers: the pid that was opened is still its own
            signal.pidfd_send_signal(supervisor, signal.SIGKILL)
            _wait_gone(supervisor, f'the supervisor of {namespace} (pid {pid}) does not end')
        finally:
            os.close(supervisor)


def _wait_gone(handle: int, complaint: str) -> None:
    if not select.select([handle], [], [], _SOON)[0]:
        raise Unreachable(f'{complaint} within {_SOON:g} s: look what it waits for',
                          ResultCode.TIMED_OUT)
