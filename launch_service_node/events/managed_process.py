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

"""What becomes of a process on a LaunchServiceNode, as events of launch."""

from __future__ import annotations

from typing import Any, TYPE_CHECKING

from launch import Event
from launch.events.process import ProcessExited, ProcessStarted

from ..client.records import Record, state_name

if TYPE_CHECKING:
    from ..actions.start_process import StartProcess

#: What `returncode` says of an exit that nobody knows; `status['exit_known']` is False then.
UNKNOWN_RETURNCODE = 255


class ManagedProcessStarted(ProcessStarted):
    """
    A process runs on a node; the handlers for ProcessStarted hear it.

    :ivar status: the process as a dictionary, with the fields of msg/ProcessStatus.
    """

    name = 'launch_service_node.events.ManagedProcessStarted'

    def __init__(self, *, action: StartProcess, status: Record, **details: Any) -> None:
        """Make the event."""
        super().__init__(action=action, **details)
        self.status = status


class ManagedProcessExited(ProcessExited):
    """
    A process on a node has ended and will not be restarted; handlers of ProcessExited hear it.

    `returncode` is that of subprocess.Popen: negative for a signal.

    :ivar status: the process as a dictionary, with the fields of msg/ProcessStatus.
    """

    name = 'launch_service_node.events.ManagedProcessExited'

    def __init__(self, *, action: StartProcess, status: Record, scope: dict[str, str],
                 **details: Any) -> None:
        """Make the event; `scope` are the launch configurations that the action has seen."""
        super().__init__(action=action, returncode=returncode(status), **details)
        self.status = status
        self.scope = scope


class ManagedProcessChanged(Event):
    """
    A process on a node has another state, such as RUNNING or BACKOFF.

    :ivar action: the StartProcess that started it.
    :ivar state: the name of the state.
    :ivar status: the process as a dictionary, with the fields of msg/ProcessStatus.
    """

    name = 'launch_service_node.events.ManagedProcessChanged'

    def __init__(self, *, action: StartProcess, status: Record) -> None:
        """Make the event."""
        super().__init__()
        self.action = action
        self.status = status
        self.state = state_name(status['process_status'])


def returncode(status: Record) -> int:
    """Return the last exit status as subprocess.Popen has it; one that is not known is no 0."""
    if not status['exit_known']:
        return UNKNOWN_RETURNCODE
    return -status['term_signal'] if status['term_signal'] else int(status['exit_code'])
